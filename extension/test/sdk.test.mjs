// The SDK against a window that the test plays.
import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';
import {settle} from './fakes.mjs';

let posted;
let listeners;
/** @type {(message: any) => void} */
let extension;
const nonce = 'x'.repeat(44);

globalThis.self = {origin: 'https://ecpa.dgpa.gov.tw'};
globalThis.document = {readyState: 'complete'};
globalThis.window = {
  addEventListener: (_, listener) => listeners.add(listener),
  removeEventListener: (_, listener) => listeners.delete(listener),
  postMessage: (message, target) => {
    assert.equal(target, self.origin);
    posted.push(structuredClone(message));
    extension(posted.at(-1));
  },
};
const {status, certificates, authenticate, CardBridgeError} = await import('../sdk/cardbridge.js');

const deliver = (data, more = {}) => [...listeners].forEach((listener) => listener({data, source: window, origin: self.origin, ...more}));
const ack = ({id}) => deliver({cardbridge: 'ack', id, version: '0.1.0'});
const respond = ({id}, outcome) => deliver({cardbridge: 'response', id, ...outcome});

beforeEach(() => {
  posted = [];
  listeners = new Set();
  extension = () => {};
  document.readyState = 'complete';
  mock.timers.enable({apis: ['setTimeout']});
});
afterEach(() => {
  mock.timers.reset();
  assert.equal(listeners.size, 0, 'a listener was left behind');
});

test('status carries both versions', async () => {
  extension = (message) => {
    ack(message);
    respond(message, {result: {host: {version: '0.2.0', protocol: 1}, allowed: true}});
  };
  assert.deepEqual(await status(), {extension: {version: '0.1.0'}, host: {version: '0.2.0', protocol: 1}, allowed: true});
  assert.deepEqual(posted[0].params, {});
});

test('only what was given is sent, under the protocol\'s names', async () => {
  extension = (message) => respond(message, {result: {}});
  await authenticate(nonce);
  await authenticate(nonce, {lang: 'en', kinds: ['citizen'], pin: '123456', algorithm: 'PS256', certificate: 'a'.repeat(64)});
  await certificates({kinds: ['agency']});
  assert.deepEqual(posted.map(({method, params}) => [method, params]), [
    ['authenticate', {challengeNonce: nonce}],
    ['authenticate', {challengeNonce: nonce, language: 'en', kinds: ['citizen'], pin: '123456', algorithm: 'PS256', certificate: 'a'.repeat(64)}],
    ['certificates', {kinds: ['agency']}],
  ]);
  assert.equal(new Set(posted.map(({id}) => id)).size, 3);
});

test('no ack: the message is repeated, then the extension is missing', async () => {
  const call = assert.rejects(authenticate(nonce, {pin: '123456'}), (error) => {
    assert.ok(error instanceof CardBridgeError && error instanceof Error);
    assert.equal(error.code, 'extensionMissing');
    assert.equal(error.who, 'person');
    assert.match(error.message, /擴充功能/);
    assert.match(error.hint.en, /Install or enable/);
    assert.deepEqual(Object.keys(error.texts), ['zh-TW', 'en']);
    assert.equal(error.texts.en.hint, error.hint.en);
    assert.equal(error.reference, undefined, 'there is no host, so no log to look into');
    return true;
  });
  mock.timers.tick(999);
  assert.equal(posted.length, 4);
  assert.equal(new Set(posted.map(({id}) => id)).size, 1);
  mock.timers.tick(1);
  await call;
});

test('while the page is still loading, nobody is missing yet', async () => {
  document.readyState = 'loading';
  const call = status();
  mock.timers.tick(1000);
  document.readyState = 'complete';
  await settle();
  extension = (message) => respond(message, {result: {allowed: false}});
  ack(posted[0]);
  respond(posted[0], {result: {allowed: false}});
  assert.equal((await call).allowed, false);
});

test('after the ack nothing is repeated and there is time for the person', async () => {
  extension = ack;
  const seen = [];
  const call = authenticate(nonce, {onProgress: (state) => seen.push(state)});
  mock.timers.tick(10 * 60_000);
  assert.equal(posted.length, 1);
  deliver({cardbridge: 'progress', id: posted[0].id, state: 'signing'});
  respond(posted[0], {result: {format: 'web-eid:1.0'}});
  assert.equal((await call).format, 'web-eid:1.0');
  assert.deepEqual(seen, ['signing']);
});

test('a deadline takes the request back', async () => {
  extension = (message) => { if (message.method !== 'cancel') ack(message); };
  const call = assert.rejects(authenticate(nonce, {timeoutMs: 5000}), {code: 'userTimeout'});
  mock.timers.tick(5000);
  await call;
  assert.deepEqual([posted[1].method, posted[1].params], ['cancel', {id: posted[0].id}]);
});

test('an AbortSignal takes the request back and its reason is told', async () => {
  extension = ack;
  const controller = new AbortController();
  const call = assert.rejects(authenticate(nonce, {signal: controller.signal}), /changed my mind/);
  controller.abort(new Error('changed my mind'));
  await call;
  assert.deepEqual(posted[1].params, {id: posted[0].id});
  await assert.rejects(authenticate(nonce, {signal: controller.signal}), /changed my mind/);
  assert.equal(posted.length, 2, 'nothing is sent for a signal that is aborted already');
});

test('messages of others are not answers', async () => {
  extension = ack;
  const call = authenticate(nonce);
  const forged = {cardbridge: 'response', id: posted[0].id, result: 'forged'};
  deliver(forged, {source: {}});
  deliver(forged, {origin: 'https://evil.example'});
  deliver({...forged, id: 'another'});
  deliver(null);
  respond(posted[0], {error: {code: 'pinLocked', who: 'person', facts: {unlockURL: 'https://x.gov.tw'}, operation: '7d444840-9dc0-11d1-b245-5ffdce74fad2'}});
  await assert.rejects(call, {code: 'pinLocked', facts: {unlockURL: 'https://x.gov.tw'}, operation: '7d444840-9dc0-11d1-b245-5ffdce74fad2', reference: '7d444840'});
});

test('a code that this SDK does not know keeps its name', async () => {
  extension = (message) => respond(message, {error: {code: 'cardMelted', who: 'it'}});
  await assert.rejects(status(), (error) => error.code === 'cardMelted' && error.who === 'it' && error.message.length > 0);
});
