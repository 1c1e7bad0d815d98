// The bridge in a page, with the browser played by the test.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {beforeEach, test} from 'node:test';
import vm from 'node:vm';
import {FakePort} from './fakes.mjs';

const source = readFileSync(new URL('../content/content.js', import.meta.url), 'utf8');
const origin = 'https://ecpa.dgpa.gov.tw';
let page;

beforeEach(() => {
  const handlers = {};
  page = {ports: [], posted: [], handlers, reloaded: false};
  const window = {
    addEventListener: (type, handler) => { (handlers[type] ??= []).push(handler); },
    postMessage: (message, target) => page.posted.push([structuredClone(message), target]),
  };
  class KeyboardEvent { constructor(key) { Object.assign(this, {key, isTrusted: true}); } }
  const chrome = {
    runtime: {
      getManifest: () => ({version: '0.1.0'}),
      connect: ({name}) => {
        if (page.reloaded) throw new Error('Extension context invalidated.');
        page.ports.push(new FakePort({name}));
        return page.ports.at(-1);
      },
    },
  };
  page.window = window;
  const document = {
    visibilityState: 'visible', addEventListener: (type, handler) => { (handlers[type] ??= []).push(handler); },
  };
  page.look = (state) => {
    document.visibilityState = state;
    handlers.visibilitychange.forEach((handler) => handler());
  };
  page.KeyboardEvent = KeyboardEvent;
  page.context = vm.createContext({window, document, self: {origin}, chrome, navigator: {userActivation: {hasBeenActive: false}}, KeyboardEvent, structuredClone});
  vm.runInContext(source, page.context);
  page.send = (data, more = {}) => {
    // What a page posts is cloned into the bridge's own world.
    page.context.incoming = JSON.stringify(data);
    const clone = data === undefined ? undefined : vm.runInContext('JSON.parse(incoming)', page.context);
    handlers.message.forEach((handler) => handler({data: clone, source: window, origin, ...more}));
  };
  page.answers = () => page.posted.map(([message]) => message);
});

const request = (change = {}) => ({cardbridge: 'request', id: 'r1', method: 'status', params: {}, ...change});

test('acknowledges at once and passes on', () => {
  page.send(request());
  assert.deepEqual(page.posted, [[{cardbridge: 'ack', id: 'r1', version: '0.1.0'}, origin]]);
  assert.equal(page.ports[0].name, 'request');
  assert.deepEqual(page.ports[0].last(), {method: 'status', params: {}, touched: false, touchedAt: 0});
  page.ports[0].receive({progress: 'reading'});
  page.ports[0].receive({result: {allowed: true}});
  assert.deepEqual(page.answers().slice(1), [{cardbridge: 'progress', id: 'r1', state: 'reading'}, {cardbridge: 'response', id: 'r1', result: {allowed: true}}]);
  assert.ok(page.ports[0].disconnected);
});

test('a repeated message is acknowledged and not done twice, before and after its answer', () => {
  page.send(request());
  page.send(request());
  page.ports[0].receive({result: {}});
  page.send(request());
  assert.equal(page.ports.length, 1);
  assert.equal(page.answers().filter(({cardbridge}) => cardbridge === 'ack').length, 3);
});

test('bad requests are acknowledged and refused', () => {
  const bad = [[{extra: 1}, 'invalidParams'], [{params: []}, 'invalidParams'], [{params: 'x'}, 'invalidParams'], [{method: 'unlock'}, 'unknownMethod'],
    [{method: 1}, 'unknownMethod'], [{method: 'toString'}, 'unknownMethod'], [{params: {x: 'x'.repeat(20000)}}, 'invalidParams'], [{method: 'sign', params: {x: 'x'.repeat(800_000)}}, 'invalidParams'],
    [{method: 'cancel', params: {}}, 'invalidParams'], [{method: 'cancel', params: {id: 'a', b: 1}}, 'invalidParams']];
  bad.forEach(([change, code], at) => {
    page.send(request({id: `b${at}`, ...change}));
    const [ack, answer] = page.answers().slice(-2);
    assert.deepEqual([ack.cardbridge, ack.id], ['ack', `b${at}`]);
    assert.equal(answer.error.code, code, JSON.stringify(change).slice(0, 80));
  });
  assert.equal(page.ports.length, 0);
});

test('what is not a request of this window is not even acknowledged', () => {
  for (const data of [null, 'x', 7, [], {}, {cardbridge: 'ack', id: 'r1'}, request({id: undefined}), request({id: ''}), request({id: 'a b'}), request({id: 7}), request({id: 'x'.repeat(65)})]) page.send(data);
  page.send(request(), {source: {}});
  page.send(request(), {origin: 'https://evil.example'});
  assert.deepEqual(page.posted, []);
});

test('at most 32 requests at once', () => {
  for (let count = 0; count < 33; count++) page.send(request({id: `r${count}`}));
  assert.equal(page.ports.length, 32);
  assert.equal(page.answers().at(-1).error.code, 'tooManyRequests');
});

test('only real events count as a touch, and Escape does not', () => {
  const fire = (type, event) => page.handlers[type].forEach((handler) => handler(event));
  fire('click', {isTrusted: false});
  fire('keydown', new page.KeyboardEvent('Escape'));
  page.send(request());
  assert.equal(page.ports[0].last().touched, false);
  fire('pointerdown', {isTrusted: true});
  page.send(request({id: 'r2'}));
  assert.equal(page.ports[1].last().touched, true);
  assert.ok(page.ports[1].last().touchedAt > 0);
});

test('cancel reaches the request that it names', () => {
  page.send(request());
  page.send({cardbridge: 'request', id: 'c1', method: 'cancel', params: {id: 'r1'}});
  assert.deepEqual(page.ports[0].last(), {cancel: true});
  assert.deepEqual(page.answers().at(-1), {cardbridge: 'response', id: 'c1', result: {}});
});

test('an extension that was reloaded is named, for what waits and for what comes', () => {
  page.send(request());
  page.ports[0].end();
  assert.deepEqual(page.answers().at(-1), {cardbridge: 'response', id: 'r1', error: {code: 'extensionReloaded', who: 'person'}});
  page.reloaded = true;
  page.send(request({id: 'r2'}));
  assert.equal(page.answers().at(-2).cardbridge, 'ack');
  assert.equal(page.answers().at(-1).error.code, 'extensionReloaded');
});

test('leaving the page ends what waits', () => {
  page.send(request());
  page.handlers.pagehide.forEach((handler) => handler({}));
  assert.ok(page.ports[0].disconnected);
  assert.equal(page.answers().at(-1).error.code, 'pageLeft');
});

test('injected twice, it answers once', () => {
  vm.runInContext(source, page.context);
  page.send(request());
  assert.equal(page.posted.length, 1);
});

test('one watch for a page, only while it is seen', () => {
  const watch = (id) => page.send(request({id, method: 'watch'}));
  watch('w1');
  assert.equal(page.ports[0].name, 'watch');
  assert.deepEqual(page.ports[0].sent, [], 'the port says it all');
  page.ports[0].receive({readers: [{name: 'R', state: 'empty'}]});
  assert.deepEqual(page.answers().at(-1), {cardbridge: 'readers', id: 'w1', readers: [{name: 'R', state: 'empty'}]});
  watch('w2');
  assert.equal(page.answers().at(-1).error.code, 'tooManyRequests');
  page.look('hidden');
  assert.ok(page.ports[0].disconnected);
  assert.deepEqual(page.answers().at(-1), {cardbridge: 'response', id: 'w1', result: {}});
  page.look('visible');
  page.look('hidden');
  watch('w3');
  assert.deepEqual(page.answers().at(-1), {cardbridge: 'response', id: 'w3', result: {}});
  assert.equal(page.ports.length, 1, 'nothing is asked for a page that nobody sees');
  page.look('visible');
  watch('w4');
  assert.equal(page.ports.length, 2);
  page.send(request({id: 'c1', method: 'cancel', params: {id: 'w4'}}));
  assert.deepEqual(page.ports[1].last(), {cancel: true});
  page.ports[1].receive({error: {code: 'cancelled'}});
  assert.equal(page.answers().at(-1).error.code, 'cancelled');
  page.send(request({id: 'w5', method: 'watch', params: {x: 1}}));
  assert.equal(page.answers().at(-1).error.code, 'invalidParams');
});
