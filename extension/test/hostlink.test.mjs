// The life of the native port, and what is made of what comes through it.
import assert from 'node:assert/strict';
import {afterEach, beforeEach, describe, mock, test} from 'node:test';
import {HostLink} from '../background/hostlink.js';
import {FakePort, helloResult, settle, statusResult, tokenResult} from './fakes.mjs';

let ports;
let words;
let seen;
let link;

beforeEach(() => {
  mock.timers.enable({apis: ['setTimeout']});
  ports = [];
  words = undefined;
  seen = false;
  link = new HostLink({
    connect: () => {
      ports.push(new FakePort());
      return ports.at(-1);
    },
    lastError: () => words,
    greeting: {version: '0.1.0', language: 'zh-TW'},
    memory: {seen: async () => seen, remember: async () => { seen = true; }},
  });
});

afterEach(() => mock.timers.reset());

const reply = (port, message, result) => port.receive({jsonrpc: '2.0', id: message.id, result});
async function greeted() {
  await settle();
  reply(ports.at(-1), ports.at(-1).sent[0], helloResult);
  await settle();
  return ports.at(-1);
}
const nonce = 'x'.repeat(44);
const ask = (operation, more = {}) => ({
  jsonrpc: '2.0', id: 'p1', method: 'prompt',
  params: {operation: operation.id, state: 'wait', reason: 'noCard', origin: 'https://ecpa.dgpa.gov.tw', timeoutSeconds: 60, ...more},
});

describe('the port', () => {
  test('is opened by the first request, with hello before it, and shared', async () => {
    assert.equal(ports.length, 0);
    const [one, two] = [link.begin('status', {}), link.begin('status', {origin: 'https://ecpa.dgpa.gov.tw'})];
    const port = await greeted();
    assert.deepEqual(port.sent.map(({method}) => method), ['hello', 'status', 'status']);
    assert.deepEqual(port.sent[0].params, {protocols: [1], extension: {version: '0.1.0'}, language: 'zh-TW'});
    assert.equal(new Set(port.sent.map(({id}) => id)).size, 3);
    reply(port, port.sent[2], {...statusResult, allowed: false});
    reply(port, port.sent[1], statusResult);
    assert.equal((await one.done).allowed, true);
    assert.equal((await two.done).allowed, false);
    assert.equal(ports.length, 1);
    assert.equal(seen, true);
  });

  test('is closed thirty seconds after the last answer, and opened again by the next request', async () => {
    const first = link.begin('status', {});
    const port = await greeted();
    mock.timers.tick(60_000);
    assert.equal(port.disconnected, false, 'not while a request waits');
    reply(port, port.last(), statusResult);
    await first.done;
    await settle();
    mock.timers.tick(29_999);
    assert.equal(port.disconnected, false);
    mock.timers.tick(1);
    assert.equal(port.disconnected, true);
    const second = link.begin('status', {});
    const next = await greeted();
    assert.notEqual(next, port);
    assert.equal(next.sent[0].method, 'hello');
    reply(next, next.last(), statusResult);
    await second.done;
  });

  test('a host that never greets is silent', async () => {
    const {done} = link.begin('status', {});
    await settle();
    mock.timers.tick(20_000);
    await assert.rejects(done, {code: 'hostSilent'});
    assert.ok(ports[0].disconnected);
  });

  test('a refused hello is everybody\'s answer', async () => {
    const operations = [link.begin('status', {}), link.begin('certificates', {origin: 'https://ecpa.dgpa.gov.tw'})];
    await settle();
    const data = {code: 'hostOutdated', who: 'it'};
    ports[0].receive({jsonrpc: '2.0', id: ports[0].sent[0].id, error: {code: 2016, message: 'old', data}});
    for (const {done} of operations) await assert.rejects(done, {code: 'hostOutdated'});
    assert.equal(ports[0].sent.length, 1);
    assert.equal(seen, false);
  });

  test('a protocol number that was not offered is refused', async () => {
    const {done} = link.begin('status', {});
    await settle();
    reply(ports[0], ports[0].sent[0], {...helloResult, protocol: 2});
    await assert.rejects(done, {code: 'hostGarbled'});
  });
});

describe('the end of the port', () => {
  const texts = [
    ['Specified native messaging host not found.', false, 'hostNotInstalled'],
    ['Specified native messaging host not found.', true, 'hostMissing'],
    ['Access to the specified native messaging host is forbidden.', false, 'hostForbidden'],
    ['Access to the native messaging host was disabled by the system administrator.', true, 'hostDisabled'],
    ['Native host has exited.', true, 'hostExited'],
    ['Failed to start native messaging host.', true, 'hostMissing'],
    [undefined, true, 'hostExited'],
  ];
  for (const [text, before, code] of texts) {
    test(`${text} (${before ? 'seen' : 'never seen'}) is ${code}`, async () => {
      seen = before;
      const {done} = link.begin('status', {});
      await settle();
      words = text;
      ports[0].end();
      await assert.rejects(done, {code});
    });
  }
  const failed = 'Error when communicating with the native messaging host.';
  for (const [name, again, code] of [['ends again', 'Native host has exited.', 'hostExited'], ['prints again', failed, 'hostGarbled'], ['is silent', null, 'hostGarbled']]) {
    test(`${failed} Started once more it ${name}: ${code}`, async () => {
      const {done} = link.begin('status', {});
      await settle();
      words = failed;
      ports[0].end();
      await settle();
      assert.equal(ports.length, 2, 'looked at once more');
      assert.deepEqual(ports[1].sent, [], 'nothing is written to it');
      words = again;
      if (again) ports[1].end();
      else mock.timers.tick(2_000);
      await assert.rejects(done, {code});
      assert.ok(ports[1].disconnected);
    });
  }
  test(`${failed} A second start that cannot be made keeps nobody waiting`, async () => {
    let starts = 0;
    const once = new HostLink({
      connect: () => {
        if (++starts > 1) throw new Error('no more');
        ports.push(new FakePort());
        return ports.at(-1);
      },
      lastError: () => failed, greeting: {version: '0.1.0', language: 'zh-TW'}, memory: {seen: async () => true, remember: async () => {}},
    });
    const {done} = once.begin('status', {});
    await settle();
    ports.at(-1).end();
    await assert.rejects(done, {code: 'hostGarbled'});
    assert.equal(starts, 2);
  });
  test(`${failed} After hello it is garbled, nothing is started`, async () => {
    const {done} = link.begin('status', {});
    const port = await greeted();
    words = failed;
    port.end();
    await assert.rejects(done, {code: 'hostGarbled'});
    assert.equal(ports.length, 1);
  });
  for (const [text, code] of [['No such native application tw.cardbridge.host', 'hostMissing'], ['An unexpected error occurred', 'hostMissing']]) {
    test(`Firefox, before hello: ${text} is ${code}`, async () => {
      seen = true;
      const {done} = link.begin('status', {});
      await settle();
      ports[0].error = {message: text};
      ports[0].end();
      await assert.rejects(done, {code});
    });
  }

  test('Firefox: an unexpected error after hello is no missing host', async () => {
    const {done} = link.begin('status', {});
    const port = await greeted();
    port.error = {message: 'An unexpected error occurred'};
    port.end();
    await assert.rejects(done, {code: 'hostExited'});
  });

  test('a PIN is not sent again on the next port', async () => {
    const params = {origin: 'https://ecpa.dgpa.gov.tw', challengeNonce: nonce, pin: '123456'};
    const {done} = link.begin('authenticate', params);
    const port = await greeted();
    words = 'Native host has exited.';
    port.end();
    await assert.rejects(done, {code: 'hostExited'});
    const next = link.begin('status', {});
    const second = await greeted();
    reply(second, second.last(), statusResult);
    await next.done;
    assert.ok(!JSON.stringify(second.sent).includes('123456'));
  });

  test('what comes late on an ended connection is told, not lost', async () => {
    const first = link.begin('status', {});
    const port = await greeted();
    words = 'Native host has exited.';
    port.end();
    // The reason is still being looked up; this one finds a port that is dead already.
    const second = link.begin('status', {});
    await assert.rejects(first.done, {code: 'hostExited'});
    await assert.rejects(second.done, {code: 'hostExited'});
  });
});

describe('what the host sends', () => {
  const garbled = {
    'text': 'hello', 'null': null, 'an array': [], 'another version': {jsonrpc: '1.0', id: 'x', result: {}},
    'an answer to nothing': {jsonrpc: '2.0', id: 'nobody', result: {}},
    'a request that is ours to make': {jsonrpc: '2.0', id: 'x', method: 'status', params: {}},
    'progress in no known state': {jsonrpc: '2.0', method: 'progress', params: {operation: 'x', state: 'dancing'}},
    'an error without data': {jsonrpc: '2.0', id: 'x', error: {code: 1, message: 'x'}},
    'a prompt with markup in a member we do not know': {jsonrpc: '2.0', id: 'p', method: 'prompt', params: {operation: 'x', state: 'wait', reason: 'noCard', origin: 'https://a', timeoutSeconds: 1, html: '<b>'}},
  };
  for (const [name, message] of Object.entries(garbled)) {
    test(`${name} ends the port as hostGarbled`, async () => {
      const {done} = link.begin('status', {});
      const port = await greeted();
      port.receive(message);
      await assert.rejects(done, {code: 'hostGarbled'});
      assert.ok(port.disconnected);
    });
  }

  for (const [name, change] of Object.entries({
    'an unknown member': {extra: 1}, 'a wrong type': {allowed: 'yes'}, 'a missing member': {operations: undefined},
    'too long a list': {operations: Array(17).fill('authenticate')},
  })) {
    test(`a result with ${name} ends the port as hostGarbled`, async () => {
      const {done} = link.begin('status', {});
      const port = await greeted();
      reply(port, port.last(), {...statusResult, ...change});
      await assert.rejects(done, {code: 'hostGarbled'});
    });
  }

  test('an error keeps its facts and the operation; a code of a newer host is passed on', async () => {
    const {done} = link.begin('status', {});
    const port = await greeted();
    const data = {code: 'cardMelted', who: 'person', operation: '7d444840-9dc0-11d1-b245-5ffdce74fad2', facts: {reader: 'R'}};
    port.receive({jsonrpc: '2.0', id: port.last().id, error: {code: 1999, message: 'Melted.', data}});
    await assert.rejects(done, (error) => assert.deepEqual(error.failure, data) ?? true);
    assert.equal(port.disconnected, false);
  });

  test('a refusal without an id ends the port: nobody can say whose it is', async () => {
    const {done} = link.begin('status', {});
    const port = await greeted();
    port.receive({jsonrpc: '2.0', id: null, error: {code: 3010, message: 'x', data: {code: 'duplicateId', who: 'us'}}});
    await assert.rejects(done, {code: 'duplicateId'});
    assert.ok(port.disconnected);
  });

  test('prompts go to their operation, each is answered once', async () => {
    const prompts = [];
    const operation = link.begin('authenticate', {origin: 'https://ecpa.dgpa.gov.tw', challengeNonce: nonce}, {onPrompt: (id, prompt) => prompts.push([id, prompt.reason])});
    const port = await greeted();
    port.receive(ask(operation));
    assert.deepEqual(prompts, [['p1', 'noCard']]);
    port.receive(ask(operation));
    assert.deepEqual([port.last().id, port.last().error.data.code], [null, 'duplicateId']);
    operation.answer('p1', {action: 'retry'});
    operation.answer('p1', {action: 'cancel'});
    assert.deepEqual(port.sent.slice(-1), [{jsonrpc: '2.0', id: 'p1', result: {action: 'retry'}}]);
    reply(port, port.sent[1], tokenResult);
    assert.deepEqual(await operation.done, tokenResult);
    port.receive(ask(operation));
    assert.equal(port.last().error.data.code, 'promptFailed', 'no operation, no window');
  });

  test('cancel names the request, and a request that was not sent yet is never sent', async () => {
    const early = link.begin('authenticate', {origin: 'https://ecpa.dgpa.gov.tw', challengeNonce: nonce});
    early.cancel();
    const late = link.begin('authenticate', {origin: 'https://ecpa.dgpa.gov.tw', challengeNonce: nonce});
    const port = await greeted();
    await assert.rejects(early.done, {code: 'cancelled'});
    late.cancel();
    assert.deepEqual(port.sent.slice(1).map(({method}) => method), ['authenticate', 'cancel']);
    assert.deepEqual(port.last(), {jsonrpc: '2.0', method: 'cancel', params: {id: late.id}});
    port.receive({jsonrpc: '2.0', id: late.id, error: {code: 3014, message: 'x', data: {code: 'cancelled', who: 'developer'}}});
    await assert.rejects(late.done, {code: 'cancelled'});
  });
});

test('a sign answer has one item for each document, each with one of the two', async () => {
  for (const [items, good] of [
    [[{signature: 'QUJD'}, {error: {code: 'cardRemoved', who: 'person'}}], true], [[{signature: 'QUJD'}], false],
    [[{signature: 'QUJD'}, {}], false], [[{signature: 'QUJD'}, {signature: 'QUJD', error: {code: 'internal', who: 'us'}}], false],
  ]) {
    const operation = link.begin('sign', {documents: [{}, {}]});
    const port = await greeted();
    reply(port, port.sent.at(-1), {certificate: 'QUJD', items});
    if (good) assert.equal((await operation.done).items.length, 2);
    else await assert.rejects(operation.done, {code: 'hostGarbled'});
    port.end();
    await settle();
  }
});
