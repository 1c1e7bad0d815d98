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
globalThis.document = Object.assign(new EventTarget(), {readyState: 'complete', visibilityState: 'visible'});
globalThis.window = {
  addEventListener: (_, listener) => listeners.add(listener),
  removeEventListener: (_, listener) => listeners.delete(listener),
  postMessage: (message, target) => {
    assert.equal(target, self.origin);
    posted.push(structuredClone(message));
    extension(posted.at(-1));
  },
};
const {
  status, isAvailable, certificates, authenticate, sign, signBatch, configure, addEventListener, removeEventListener, CardBridgeError,
} = await import('../sdk/cardbridge.js');

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

test('an error speaks the words that came with it', async () => {
  const texts = {'zh-TW': {message: '訊息', hint: '提示'}, en: {message: 'message', hint: 'hint'}};
  extension = (message) => respond(message, {error: {code: 'noModule', who: 'it', texts}});
  await assert.rejects(status(), (error) => {
    assert.deepEqual([error.message, error.hint, error.texts], ['訊息', {'zh-TW': '提示', en: 'hint'}, texts]);
    return true;
  });
});

test('status tells a problem with its words and who acts, certificates too', async () => {
  const texts = {'zh-TW': {message: '沒有讀卡機', hint: '接上'}, en: {message: 'no reader', hint: 'plug in'}};
  extension = (message) => respond(message, {result: message.method === 'status'
    ? {allowed: true, code: 'noModule', texts, who: 'it'} : {certificates: [], readers: [], problems: [{code: 'noReader', texts, who: 'person'}]}});
  const {problem, code, ...rest} = await status();
  assert.equal(code, 'noModule');
  assert.ok(problem instanceof CardBridgeError);
  assert.deepEqual([problem.texts, problem.who, 'texts' in rest, 'who' in rest], [texts, 'it', false, false]);
  const {problems} = await certificates();
  assert.deepEqual([problems[0].code, problems[0].message], ['noReader', '沒有讀卡機']);
});

test('isAvailable answers for every way in which it is not', async () => {
  for (const [outcome, expected] of [
    [{result: {allowed: true}}, true], [{result: {allowed: false, code: 'originNotAllowed'}}, false],
    [{result: {allowed: true, code: 'pcscNotRunning'}}, false], [{error: {code: 'hostNotInstalled', who: 'it'}}, false],
  ]) {
    extension = (message) => respond(message, outcome);
    assert.equal(await isAvailable(), expected, JSON.stringify(outcome));
  }
  extension = () => {};
  const missing = isAvailable();
  mock.timers.tick(1000);
  assert.equal(await missing, false);
  await assert.rejects(isAvailable({signal: AbortSignal.abort(new Error('gone'))}), /gone/);
});

test('an extension that does not know the method is outdated', async () => {
  extension = (message) => respond(message, {error: {code: 'unknownMethod', who: 'developer'}});
  await assert.rejects(sign({title: 't', content: 'c'}), (error) => error.code === 'extensionOutdated' && /版本太舊/.test(error.message));
});

test('what is missing comes with the link of this browser and system', async (t) => {
  const install = [
    {part: 'extension', browser: 'edge', href: 'https://edge.example/'}, {part: 'extension', browser: 'firefox', href: 'https://firefox.example/'},
    {part: 'extension', browser: 'chrome', href: 'https://chrome.example/'}, {part: 'extension', text: {'zh-TW': '改用', en: 'use'}},
    {part: 'host', system: 'windows', href: 'https://windows.example/'}, {part: 'host', system: 'macos', href: 'https://macos.example/'},
  ];
  configure({install});
  t.after(() => { configure({}); delete globalThis.navigator; });
  const agents = {
    edge: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
    chrome: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  };
  const at = (name, code) => {
    Object.defineProperty(globalThis, 'navigator', {value: {userAgent: agents[name]}, configurable: true});
    return new CardBridgeError({code}).install;
  };
  assert.equal(at('edge', 'extensionMissing'), install[0]);
  assert.equal(at('firefox', 'extensionOutdated'), install[1]);
  assert.equal(at('chrome', 'extensionMissing'), install[2]);
  assert.equal(at('safari', 'extensionMissing'), install[3]);
  assert.equal(at('edge', 'hostNotInstalled'), install[4]);
  assert.equal(at('chrome', 'hostOutdated'), install[5]);
  assert.equal(at('firefox', 'hostMissing'), undefined, 'none is configured for Linux');
  assert.equal(at('edge', 'noModule'), undefined);
  assert.equal(at('edge', 'userCancelled'), undefined);
});

test('only content is signed, not the word undefined', async () => {
  for (const content of [undefined, null, 1, {}, ['a']]) await assert.rejects(sign({title: 't', content}), {code: 'documentInvalid'});
  for (const documents of [undefined, null, [], {}, [null], Array(21).fill({title: 't', content: 'c'})]) await assert.rejects(signBatch(documents), {code: 'documentInvalid'});
  await assert.rejects(sign(), {code: 'documentInvalid'});
  for (const given of ['', 0, null, false]) await assert.rejects(sign({title: 't', content: 'c'}, {nonce: given}), {code: 'invalidParams'}, 'a nonce that is none is not left out');
  assert.equal(posted.length, 0);
});

test('card events: what changed, told to who listens', async (t) => {
  const seen = [];
  const note = ({type, reader, state}) => seen.push(`${type} ${reader} ${state}`);
  extension = (message) => { if (message.method === 'watch') ack(message); };
  addEventListener('cardinserted', note);
  addEventListener('cardremoved', note);
  await settle();
  assert.deepEqual(posted.map(({method, params}) => [method, params]), [['watch', {}]]);
  const tell = (...readers) => deliver({cardbridge: 'readers', id: posted[0].id, readers: readers.map(([name, state]) => ({name, state}))});
  tell(['A', 'present'], ['B', 'empty']);
  assert.deepEqual(seen.splice(0), ['cardinserted A present'], 'a card that is in already');
  tell(['A', 'inUse'], ['B', 'mute']);
  tell(['A', 'empty'], ['B', 'mute'], ['C', 'present']);
  tell(['C', 'present']);
  assert.deepEqual(seen, ['cardinserted B mute', 'cardremoved A empty', 'cardinserted C present', 'cardremoved B gone']);
  const broken = t.mock.fn(() => { throw new Error('mine'); });
  globalThis.reportError = t.mock.fn();
  addEventListener('readerchange', broken);
  addEventListener('readerchange', note);
  tell(['C', 'empty']);
  assert.equal(globalThis.reportError.mock.callCount(), 1);
  assert.deepEqual(seen.slice(-2), ['cardremoved C empty', 'readerchange C empty']);
  for (const type of ['cardinserted', 'cardremoved', 'readerchange']) removeEventListener(type, note);
  assert.equal(posted.length, 1, 'one still listens');
  removeEventListener('readerchange', broken);
  await settle();
  assert.deepEqual(posted.at(-1).params, {id: posted[0].id});
  assert.throws(() => addEventListener('cardflipped', note), TypeError);
});

test('card events: hidden pages wait, an ended host is asked again, a refusal ends it', async () => {
  const errors = [];
  const controller = new AbortController();
  extension = (message) => { if (message.method === 'watch') ack(message); };
  const watches = () => posted.filter(({method}) => method === 'watch');
  addEventListener('error', ({error}) => errors.push(error.code), {signal: controller.signal});
  await settle();
  document.visibilityState = 'hidden';
  respond(watches()[0], {result: {}});
  await settle();
  assert.equal(watches().length, 1);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
  assert.equal(watches().length, 2);
  respond(watches()[1], {error: {code: 'hostExited', who: 'it'}});
  await settle();
  assert.equal(watches().length, 2, 'not at once');
  mock.timers.tick(1000);
  await settle();
  assert.equal(watches().length, 3);
  respond(watches()[2], {error: {code: 'hostExited', who: 'it'}});
  await settle();
  mock.timers.tick(1999);
  await settle();
  assert.equal(watches().length, 3, 'later each time');
  mock.timers.tick(1);
  await settle();
  respond(watches()[3], {error: {code: 'originNotAllowed', who: 'it'}});
  await settle();
  mock.timers.tick(100_000);
  await settle();
  assert.equal(watches().length, 4);
  assert.deepEqual(errors, ['hostExited', 'hostExited', 'originNotAllowed']);
  const other = new AbortController();
  addEventListener('cardinserted', () => {}, {signal: other.signal});
  await settle();
  assert.equal(watches().length, 5, 'who comes later asks anew');
  other.abort();
  controller.abort();
  await settle();
  assert.deepEqual(posted.at(-1).params, {id: watches()[4].id});
});

test('what cannot be posted is a typed error or plain again, and leaves no listener', async () => {
  extension = (message) => respond(message, {result: {}});
  await authenticate(nonce, {kinds: new Proxy(['citizen'], {})});
  assert.deepEqual(posted[0].params.kinds, ['citizen']);
  await authenticate(nonce, null);
  const circle = [];
  circle.push(circle);
  await assert.rejects(authenticate(nonce, {kinds: circle}), {code: 'invalidParams'});
  await assert.rejects(authenticate(1n), {code: 'invalidParams'});
});

test('a deadline longer than a timer is no deadline of nothing; none given is the default', async () => {
  extension = ack;
  for (const timeoutMs of [Infinity, 30 * 24 * 3600_000]) {
    const call = authenticate(nonce, {timeoutMs});
    await settle();
    mock.timers.tick(24 * 3600_000);
    respond(posted.at(-1), {result: {format: 'web-eid:1.0'}});
    assert.equal((await call).format, 'web-eid:1.0');
  }
  const silent = assert.rejects(status({timeoutMs: undefined}), {code: 'userTimeout'});
  await settle();
  mock.timers.tick(30_000);
  await silent;
});

test('abort and deadline end the reading of a file that hangs', async () => {
  const hanging = new Blob(['x']);
  hanging.arrayBuffer = () => new Promise(() => {});
  const controller = new AbortController();
  const aborted = assert.rejects(sign({title: 't', content: hanging}, {signal: controller.signal}), /left/);
  controller.abort(new Error('left'));
  await aborted;
  const late = assert.rejects(sign({title: 't', content: hanging}, {timeoutMs: 500}), {code: 'userTimeout'});
  await settle();
  mock.timers.tick(500);
  await late;
  assert.equal(posted.length, 0);
});

test('an error whose code is a word of JavaScript', async () => {
  extension = (message) => respond(message, {error: {code: 'constructor', who: 'us'}});
  await assert.rejects(status(), (error) => error.code === 'constructor' && error.message.length > 0);
});

test('who comes later is told of the card that is in', async () => {
  const [first, later] = [[], []];
  const {signal, abort} = (() => { const one = new AbortController(); return {signal: one.signal, abort: () => one.abort()}; })();
  extension = (message) => {
    if (message.method !== 'watch') return;
    ack(message);
    deliver({cardbridge: 'readers', id: message.id, readers: [{name: 'R', state: 'present'}]});
  };
  addEventListener('readerchange', ({state}) => first.push(state), {signal});
  await settle();
  addEventListener('cardinserted', ({reader}) => later.push(reader), {signal});
  await settle();
  assert.deepEqual([first, later], [['present'], ['R']]);
  abort();
  await settle();
});
