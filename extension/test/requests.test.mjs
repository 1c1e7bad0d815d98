// Admission, touch, PIN rules and windows of one request, with a host that the test plays.
import assert from 'node:assert/strict';
import {beforeEach, describe, test} from 'node:test';
import {Documents} from '../background/documents.js';
import {RequestError} from '../background/failures.js';
import {PromptWindows} from '../background/prompts.js';
import {Requests} from '../background/requests.js';
import {admit, checkOrigin} from '../background/sender.js';
import {Event_, FakePort, fakeArea, settle, tokenResult} from './fakes.mjs';

const page = 'chrome-extension://id/prompt/prompt.html';
const nonce = 'x'.repeat(44);
let now;
let operations;
let windows;
let rooms;
let requests;

/** The host: what begin was called with, and how to end it. */
function fakeHost() {
  return {
    begin(method, params, handlers) {
      const operation = {id: `op${operations.length}`, method, params, handlers, answers: [], refusals: [], cancels: 0};
      operation.done = new Promise((resolve, reject) => { Object.assign(operation, {resolve, reject}); });
      operation.cancel = () => { operation.cancels++; };
      operation.answer = (prompt, answer) => operation.answers.push([prompt, answer]);
      operation.refuse = (prompt, code) => operation.refusals.push([prompt, code]);
      operations.push(operation);
      return operation;
    },
  };
}

beforeEach(() => {
  now = 1000;
  operations = [];
  windows = {
    onRemoved: new Event_(), created: [], removed: [],
    create: async (options) => {
      windows.created.push(options);
      if (windows.broken) throw new Error('no display');
      return {id: windows.created.length};
    },
    remove: async (id) => { windows.removed.push(id); },
    update: async () => {},
    get: async () => ({left: 100, top: 50, width: 1200, height: 900}),
  };
  rooms = {host: fakeHost(), prompts: new PromptWindows({windows, getURL: () => page}), documents: new Documents(fakeArea(), () => now)};
  requests = new Requests(rooms);
});

const sender = (change = {}) => ({
  origin: 'https://ecpa.dgpa.gov.tw', url: 'https://elsewhere.example/', frameId: 0, documentLifecycle: 'active', documentId: 'D1', tab: {id: 7, windowId: 3}, ...change,
});
async function send(message, change) {
  const port = new FakePort({name: 'request', sender: sender(change)});
  requests.accept(port);
  port.receive({params: {}, touched: true, touchedAt: now, ...message});
  await settle();
  return port;
}
const authenticate = (params = {}, more = {}, change = {}) => send({method: 'authenticate', params: {challengeNonce: nonce, ...params}, ...more}, change);
const code = (port) => port.last()?.error?.code;
const prompt = (operation, more = {}) => ({operation: operation.id, state: 'pin', origin: 'https://ecpa.dgpa.gov.tw', timeoutSeconds: 60, certificate: {}, ...more});
const fail = async (operation, name) => {
  operation.reject(new RequestError(name));
  await settle();
};
/** The prompt page of the newest window. */
function openPage() {
  const port = new FakePort({name: 'prompt', sender: {url: windows.created.at(-1).url}});
  rooms.prompts.connect(port);
  return port;
}

describe('who may ask', () => {
  const cases = [
    ['an opaque origin, whatever the url says', {origin: 'null', url: 'https://ecpa.dgpa.gov.tw/'}, 'originInvalid'],
    ['no origin', {origin: undefined}, 'originInvalid'],
    ['a file', {origin: 'file://'}, 'originInvalid'],
    ['an extension', {origin: 'chrome-extension://abc'}, 'originInvalid'],
    ['http', {origin: 'http://ecpa.dgpa.gov.tw'}, 'contextInsecure'],
    ['http on a host that only begins like loopback', {origin: 'http://localhost.example.tw'}, 'contextInsecure'],
    ['a frame', {frameId: 4}, 'notTopFrame'],
    ['no frame', {frameId: undefined}, 'notTopFrame'],
    ['a prerendered document', {documentLifecycle: 'prerender'}, 'documentNotActive'],
    ['a cached document', {documentLifecycle: 'cached'}, 'documentNotActive'],
    ['no tab', {tab: undefined}, 'documentNotActive'],
  ];
  for (const [name, change, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      const port = await send({method: 'status'}, change);
      assert.equal(code(port), expected);
      assert.equal(operations.length, 0);
    });
  }
  test('https, loopback and Firefox without a lifecycle are admitted', () => {
    for (const origin of ['https://ecpa.dgpa.gov.tw', 'https://xn--fiq228c.example:8443', 'http://localhost:8080', 'http://127.0.0.1:1', 'http://[::1]:80'.replace(':80', ':81')]) {
      assert.equal(checkOrigin(origin), origin);
    }
    assert.equal(admit(sender({documentLifecycle: undefined, documentId: undefined})).document, 'tab-7');
  });
  test('params are held against the contract before the host sees them', async () => {
    const bad = [[{origin: 'https://x'}, 'invalidParams'], [{kinds: ['driver']}, 'invalidParams'], [{pin: '123'}, 'invalidParams'], [{challengeNonce: 'short'}, 'nonceInvalid'],
      [{language: 'fr'}, 'invalidParams'], [{certificate: 'A'.repeat(64)}, 'invalidParams'], [{toString: 1}, 'invalidParams']];
    for (const [params, expected] of bad) assert.equal(code(await authenticate(params)), expected, JSON.stringify(params));
    assert.equal(code(await send({method: 'constructor'})), 'unknownMethod');
    assert.equal(operations.length, 0);
    await authenticate({kinds: undefined});
    assert.equal(operations[0].params.origin, 'https://ecpa.dgpa.gov.tw');
  });
});

describe('touch', () => {
  test('is needed for certificates and authenticate, not for status', async () => {
    assert.equal(code(await send({method: 'certificates', touched: false, touchedAt: 0})), 'touchRequired');
    assert.equal(code(await authenticate({}, {touched: false, touchedAt: 0})), 'touchRequired');
    await send({method: 'status', touched: false});
    assert.equal(operations.length, 1);
  });
  for (const refusal of ['userCancelled', 'userTimeout']) {
    test(`after ${refusal} an old one does not count`, async () => {
      const port = await authenticate();
      now = 2000;
      await fail(operations[0], refusal);
      assert.equal(code(port), refusal);
      assert.equal(code(await authenticate({}, {touchedAt: 1999})), 'touchRequired');
      assert.equal(code(await send({method: 'certificates', touchedAt: 2000})), 'touchRequired');
      assert.equal(code(await authenticate({}, {touchedAt: 2001})), undefined);
      assert.equal(code(await authenticate({}, {touchedAt: 1999}, {documentId: 'D2', tab: {id: 8}})), undefined, 'another page');
    });
  }
});

describe('one authentication in a tab', () => {
  test('a second is refused until the first has ended', async () => {
    await authenticate();
    assert.equal(code(await authenticate()), 'promptOpen');
    assert.equal(code(await authenticate({}, {}, {tab: {id: 8}, documentId: 'D2'})), undefined);
    operations[0].resolve(tokenResult);
    await settle();
    assert.equal(code(await authenticate()), undefined);
  });
  test('one that was taken back does not block the next', async () => {
    const port = await authenticate();
    port.receive({cancel: true});
    assert.equal(operations[0].cancels, 1);
    assert.equal(code(await authenticate()), undefined);
    await fail(operations[0], 'cancelled');
    assert.equal(code(port), 'cancelled');
    assert.equal(code(await authenticate()), 'promptOpen', 'the end of the first is not the end of the second');
  });
  test('a page that left is not answered', async () => {
    const port = await authenticate();
    port.end();
    assert.equal(operations[0].cancels, 1);
    await fail(operations[0], 'cancelled');
    assert.equal(port.sent.length, 0);
  });
});

describe('a PIN of the page', () => {
  const wrong = [
    ['a notice of a wrong one', (op) => op.handlers.onPrompt('p', prompt(op, {notice: 'wrongPIN'}))],
    ['a notice of an unknown outcome', (op) => op.handlers.onPrompt('p', prompt(op, {notice: 'outcomeUnknown'}))],
    ['the card may have seen it and the host ended', async (op) => { op.handlers.onProgress('verifying'); await fail(op, 'hostExited'); }],
    ['the card locked', (op) => fail(op, 'pinLocked')],
  ];
  for (const [name, happen] of wrong) {
    test(`is not passed again after: ${name}`, async () => {
      await authenticate({pin: '123456'});
      assert.equal(operations[0].params.pin, '123456');
      await happen(operations[0]);
      await fail(operations[0], 'userTimeout');
      now++;
      await authenticate({pin: '654321'});
      assert.equal(Object.hasOwn(operations.at(-1).params, 'pin'), false);
      await authenticate({pin: '654321'}, {}, {documentId: 'D2', tab: {id: 9}});
      assert.equal(operations.at(-1).params.pin, '654321', 'another page load');
    });
  }
  test('that was wrong is not passed again though the person then typed the right one', async () => {
    await authenticate({pin: '123456'});
    operations[0].handlers.onPrompt('p', prompt(operations[0], {notice: 'wrongPIN'}));
    operations[0].resolve(tokenResult);
    await settle();
    await authenticate({pin: '123456'});
    assert.equal(Object.hasOwn(operations[1].params, 'pin'), false);
  });
  test('is not passed after a wrong one that was typed into the window, without any PIN of the page', async () => {
    await authenticate();
    operations[0].handlers.onPrompt('p', prompt(operations[0], {notice: 'wrongPIN'}));
    await fail(operations[0], 'userCancelled');
    now++;
    await authenticate({pin: '123456'});
    assert.equal(Object.hasOwn(operations[1].params, 'pin'), false);
  });
  test('that has no UTF-8 is refused here: it would cost every tab the port', async () => {
    assert.equal(code(await authenticate({pin: '\ud800\ud800\ud800\ud800'})), 'invalidParams');
    assert.equal(operations.length, 0);
  });
  test('is passed again after a success', async () => {
    await authenticate({pin: '123456'});
    operations[0].handlers.onProgress('verifying');
    operations[0].resolve(tokenResult);
    await settle();
    await authenticate({pin: '123456'});
    assert.equal(operations[1].params.pin, '123456');
  });
});

describe('a refusal', () => {
  test('counts from the moment the window is closed, not from the host\'s answer', async () => {
    await authenticate();
    operations[0].handlers.onPrompt('p1', prompt(operations[0]));
    await settle();
    openPage().end();
    await settle();
    assert.equal(code(await authenticate()), 'touchRequired');
    assert.equal(operations.length, 1);
  });
});

describe('the window', () => {
  test('shows the prompt to the page that it opened, over the browser window, and brings back one answer', async () => {
    await authenticate();
    const [operation] = operations;
    operation.handlers.onPrompt('p1', prompt(operation));
    await settle();
    const {url, type, focused, left, top, width, height} = windows.created[0];
    assert.deepEqual({type, focused, left, top, width, height}, {type: 'popup', focused: true, left: 420, top: 140, width: 560, height: 720});
    assert.match(url, /\?[0-9a-f-]{36}$/);
    const shown = openPage();
    assert.equal(shown.last().show, 'p1');
    shown.receive({prompt: 'p0', answer: {action: 'cancel'}});
    shown.receive({prompt: 'p1', answer: {action: 'confirm'}});
    assert.deepEqual(operation.answers, [], 'another prompt\'s answer, another state\'s answer');
    shown.receive({prompt: 'p1', answer: {action: 'pin', pin: '123456'}});
    shown.receive({prompt: 'p1', answer: {action: 'pin', pin: '123456'}});
    assert.deepEqual(operation.answers, [['p1', {action: 'pin', pin: '123456'}]]);
    operation.handlers.onProgress('signing');
    assert.deepEqual(shown.last(), {progress: 'signing'});
    operation.resolve(tokenResult);
    await settle();
    assert.ok(shown.disconnected);
    assert.deepEqual(windows.removed, [1]);
  });
  test('a new prompt takes the place of the old one', async () => {
    await authenticate();
    const [operation] = operations;
    operation.handlers.onPrompt('p1', prompt(operation));
    operation.handlers.onPrompt('p2', prompt(operation));
    await settle();
    assert.equal(windows.created.length, 1);
    assert.deepEqual(operation.answers, [['p1', {action: 'replaced'}]]);
    assert.equal(openPage().last().show, 'p2');
  });
  test('closed by the person: declined; while the card works: taken back', async () => {
    const port = await authenticate();
    const [operation] = operations;
    operation.handlers.onPrompt('p1', prompt(operation));
    await settle();
    windows.onRemoved.fire(1);
    assert.deepEqual(operation.answers, [['p1', {action: 'cancel'}]]);
    await fail(operation, 'userCancelled');
    now++;
    const second = await authenticate();
    operations[1].handlers.onPrompt('p1', prompt(operations[1]));
    await settle();
    const shown = openPage();
    shown.receive({prompt: 'p1', answer: {action: 'pin', pin: '123456'}});
    shown.end();
    assert.equal(operations[1].cancels, 1);
    await fail(operations[1], 'cancelled');
    assert.deepEqual([code(port), code(second)], ['userCancelled', 'userCancelled']);
  });
  test('that cannot be shown is said to the host', async () => {
    windows.broken = true;
    await authenticate();
    operations[0].handlers.onPrompt('p1', prompt(operations[0]));
    await settle();
    assert.deepEqual(operations[0].refusals, [['p1', 'promptFailed']]);
  });
  test('shows no prompt of another origin', async () => {
    await authenticate();
    operations[0].handlers.onPrompt('p1', prompt(operations[0], {origin: 'https://evil.example'}));
    await settle();
    assert.deepEqual(operations[0].refusals, [['p1', 'promptFailed']]);
    assert.equal(windows.created.length, 0);
  });
  test('of a page that left is closed, also when it opens too late', async () => {
    const port = await authenticate();
    operations[0].handlers.onPrompt('p1', prompt(operations[0]));
    port.end();
    await settle();
    assert.deepEqual(windows.removed, [1]);
    assert.deepEqual(operations[0].answers, []);
    assert.equal(operations[0].cancels, 1);
  });
  test('a page that this worker did not open is sent away', () => {
    for (const url of [`${page}?00000000-0000-0000-0000-000000000000`, page, 'https://evil.example/prompt.html', undefined]) {
      const port = new FakePort({name: 'prompt', sender: {url}});
      rooms.prompts.connect(port);
      assert.ok(port.disconnected, String(url));
    }
  });
});

test('page loads are forgotten, the oldest first', async () => {
  const area = fakeArea();
  const documents = new Documents(area, () => now++);
  for (let count = 0; count < 205; count++) await documents.refused(`D${count}`);
  assert.equal(Object.keys(area.content.documents).length, 200);
  assert.equal((await documents.recall('D4')).refusedAt, undefined);
  assert.ok((await documents.recall('D5')).refusedAt);
});
