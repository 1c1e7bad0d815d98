// The double of the SDK: every code, every ending, the same classes.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {CardBridgeError} from '../sdk/cardbridge.js';
import {CODES, createDouble, errorOf} from '../sdk/double.js';

const {errors} = JSON.parse(readFileSync(new URL('../../protocol/errors.json', import.meta.url), 'utf8'));

test('every code of the table can be scripted for every call, with its texts', async () => {
  assert.deepEqual(CODES.toSorted(), errors.map(({code}) => code).toSorted());
  const {sdk, script, calls} = createDouble();
  const perform = {
    status: () => sdk.status(), certificates: () => sdk.certificates(), authenticate: () => sdk.authenticate('n'.repeat(44)),
    sign: () => sdk.sign({title: 't', content: 'c'}), signBatch: () => sdk.signBatch([{title: 't', content: 'c'}]),
  };
  for (const [method, call] of Object.entries(perform)) {
    for (const row of errors) {
      script(method, {error: row.code, facts: {x: 1}});
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof CardBridgeError);
        assert.deepEqual([error.code, error.who, error.message, error.hint.en, error.facts], [row.code, row.who, row['zh-TW'].message, row.en.hint, {x: 1}]);
        return true;
      });
    }
    assert.ok(await call(), 'then it goes well');
  }
  assert.equal(calls.length, Object.keys(perform).length * (errors.length + 1));
});

test('what is misspelt fails in the test, not in the page', () => {
  const {script, sdk} = createDouble();
  assert.throws(() => script('authenticate', {error: 'userCanceled'}), TypeError);
  assert.throws(() => script('login'), TypeError);
  assert.throws(() => sdk.addEventListener('cardin', () => {}), TypeError);
  assert.throws(() => errorOf('toString'), TypeError);
});

test('progress, then a result; an abort; a time that is over', async () => {
  const {script, sdk} = createDouble();
  const seen = [];
  script('sign', {progress: ['hashing', 'signing'], result: {signature: 'mine'}}, {pending: true}, {pending: true});
  assert.deepEqual(await sdk.sign({title: 't', content: 'c'}, {onProgress: (state) => seen.push(state)}), {signature: 'mine'});
  assert.deepEqual(seen, ['hashing', 'signing']);
  const controller = new AbortController();
  const call = sdk.sign({title: 't', content: 'c'}, {signal: controller.signal});
  controller.abort(new Error('left the page'));
  await assert.rejects(call, /left the page/);
  await assert.rejects(sdk.sign({title: 't', content: 'c'}, {timeoutMs: 5}), {code: 'userTimeout'});
  await assert.rejects(sdk.authenticate('n', {signal: AbortSignal.abort(new Error('before'))}), /before/);
});

test('isAvailable follows status', async () => {
  const {script, sdk} = createDouble();
  assert.equal(await sdk.isAvailable(), true);
  script('status', {error: 'extensionMissing'}, {result: {allowed: false, code: 'originNotAllowed'}}, {error: new Error('mine')});
  assert.equal(await sdk.isAvailable(), false);
  assert.equal(await sdk.isAvailable(), false);
  await assert.rejects(sdk.isAvailable(), /mine/);
});

test('a batch has an item for each document', async () => {
  const {items} = await createDouble().sdk.signBatch([1, 2, 3].map((at) => ({title: `${at}`, content: 'c'})));
  assert.equal(items.length, 3);
});

test('readers change when the test says so', async () => {
  const {sdk, reader, fail} = createDouble();
  const seen = [];
  const controller = new AbortController();
  for (const type of ['cardinserted', 'cardremoved', 'readerchange', 'error']) {
    sdk.addEventListener(type, ({reader: name, state, error}) => seen.push(`${type} ${error?.code ?? `${name} ${state}`}`), {signal: controller.signal});
  }
  await Promise.resolve();
  assert.deepEqual(seen.splice(0), ['cardinserted Double Reader 00 00 present', 'readerchange Double Reader 00 00 present'], 'what is there at first');
  reader('empty');
  reader('present');
  reader('present');
  reader('mute', 'Second');
  reader('gone', 'Second');
  fail('hostExited');
  assert.deepEqual(seen, [
    'cardremoved Double Reader 00 00 empty', 'readerchange Double Reader 00 00 empty', 'cardinserted Double Reader 00 00 present',
    'readerchange Double Reader 00 00 present', 'cardinserted Second mute', 'readerchange Second mute', 'cardremoved Second gone', 'readerchange Second gone',
    'error hostExited',
  ]);
  assert.deepEqual((await sdk.status()).readers, [{name: 'Double Reader 00 00', state: 'present'}]);
  controller.abort();
  reader('empty');
  assert.equal(seen.length, 9);
});

test('wrong documents and nonces fail as with the SDK; scripted codes become errors', async () => {
  const {sdk, script} = createDouble();
  for (const document of [undefined, {title: 't'}, {title: 't', content: 1}]) await assert.rejects(sdk.sign(document), {code: 'documentInvalid'});
  await assert.rejects(sdk.signBatch(Array(21).fill({title: 't', content: 'c'})), {code: 'documentInvalid'});
  for (const nonce of ['text', '', 0, null, false]) await assert.rejects(sdk.sign({title: 't', content: 'c'}, {nonce}), {code: 'invalidParams'});
  assert.ok(await sdk.sign({title: 't', content: 'c'}, {nonce: undefined}));
  script('status', {result: {allowed: false, code: 'originNotAllowed'}});
  const {problem} = await sdk.status();
  assert.ok(problem instanceof CardBridgeError && problem.who === 'it');
  script('signBatch', {result: {certificate: 'x', items: [{signature: 's'}, {error: {code: 'cardRemoved'}}]}});
  const {items} = await sdk.signBatch([1, 2].map((at) => ({title: `${at}`, content: 'c'})));
  assert.equal(items[0].signature, 's');
  assert.ok(items[1].error instanceof CardBridgeError && items[1].error.code === 'cardRemoved');
});
