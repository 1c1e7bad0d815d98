// Pages that hear of the readers, on a port that the test plays.
import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';
import {HostLink} from '../background/hostlink.js';
import {Watches} from '../background/watches.js';
import {FakePort, helloResult, settle, statusResult} from './fakes.mjs';

let ports;
let watches;

beforeEach(() => {
  mock.timers.enable({apis: ['setTimeout']});
  ports = [];
  watches = new Watches(new HostLink({
    connect: () => { ports.push(new FakePort()); return ports.at(-1); },
    lastError: () => 'Native host has exited.',
    greeting: {version: '0.1.0', language: 'zh-TW'},
    memory: {seen: async () => true, remember: async () => {}},
  }));
});
afterEach(() => mock.timers.reset());

const reply = (message, result) => ports.at(-1).receive({jsonrpc: '2.0', id: message.id, result});
const card = (reader, state) => ports.at(-1).receive({jsonrpc: '2.0', method: 'card', params: {reader, state}});
const readers = [{name: 'A', state: 'empty'}, {name: 'B', state: 'present'}];

async function accept(change = {}) {
  const port = new FakePort({name: 'watch', sender: {
    origin: 'https://ecpa.dgpa.gov.tw', frameId: 0, documentLifecycle: 'active', documentId: 'D1', tab: {id: 7, windowId: 3}, ...change,
  }});
  watches.accept(port);
  await settle();
  if (ports.length > 0 && ports.at(-1).sent.length === 1) reply(ports.at(-1).sent[0], helloResult);
  await settle();
  return port;
}
const asked = () => ports.at(-1).sent.findLast(({method}) => method === 'status');

test('all readers at first, then all again after each change', async () => {
  const port = await accept();
  assert.deepEqual(asked().params, {origin: 'https://ecpa.dgpa.gov.tw'});
  card('A', 'present'); // before the host has told them all
  reply(asked(), {...statusResult, readers});
  await settle();
  assert.deepEqual(port.sent, [{readers: [{name: 'A', state: 'present'}, {name: 'B', state: 'present'}]}]);
  card('B', 'gone');
  card('C', 'mute');
  assert.deepEqual(port.sent.slice(1), [{readers: [{name: 'A', state: 'present'}]}, {readers: [{name: 'A', state: 'present'}, {name: 'C', state: 'mute'}]}]);
});

test('the host is kept while somebody watches, and let go thirty seconds later', async () => {
  const [one, two] = [await accept(), await accept()];
  for (const message of ports[0].sent.filter(({method}) => method === 'status')) reply(message, {...statusResult, readers});
  await settle();
  mock.timers.tick(600_000);
  assert.equal(ports[0].disconnected, false);
  one.receive({cancel: true});
  assert.equal(one.last().error.code, 'cancelled');
  card('A', 'present');
  assert.equal(one.last().error.code, 'cancelled', 'nothing more');
  assert.equal(two.last().readers.length, 2);
  two.end();
  card('A', 'empty');
  mock.timers.tick(29_999);
  assert.equal(ports[0].disconnected, false);
  mock.timers.tick(1);
  assert.equal(ports[0].disconnected, true);
  assert.equal(ports.length, 1);
});

test('who may not see readers is told why', async () => {
  for (const [answer, code] of [
    [{allowed: false, operations: [], code: 'originNotAllowed'}, 'originNotAllowed'], [{allowed: false, operations: [], code: 'policyInvalid'}, 'policyInvalid'],
    [{allowed: true, operations: []}, 'originNotAllowed'],
  ]) {
    const port = await accept();
    reply(asked(), {...statusResult, ...answer});
    await settle();
    assert.equal(port.last().error.code, code);
    assert.ok(port.last().error.texts.en.hint);
  }
  for (const [change, code] of [
    [{frameId: 4}, 'notTopFrame'], [{documentLifecycle: 'prerender'}, 'documentNotActive'], [{origin: 'http://a.example'}, 'contextInsecure'], [{origin: 'null'}, 'originInvalid'],
  ]) assert.equal((await accept(change)).last().error.code, code);
});

test('a host that ends, ends the watch', async () => {
  const port = await accept();
  reply(asked(), {...statusResult, readers});
  await settle();
  ports[0].end();
  await settle();
  assert.deepEqual([port.last().error.code, port.last().error.who], ['hostExited', 'it']);
  const again = await accept();
  assert.equal(ports.length, 2);
  reply(asked(), {...statusResult, readers});
  await settle();
  assert.equal(again.last().readers.length, 2);
  assert.equal(port.sent.length, 2);
});
