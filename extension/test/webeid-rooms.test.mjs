// The Web eID face without a browser: the table of errors, and what a page is told while the host is slow or not there.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {WebEID} from '../background/webeid.js';
import {RequestError} from '../background/failures.js';
import {CODES, NAMES, languageOf, spokenVersion, supportedAlgorithms, versionFailure, webEIDFailure} from '../shared/webeid.js';
import {FakePort, fakeArea, settle} from './fakes.mjs';

const table = JSON.parse(readFileSync(new URL('../../protocol/errors.json', import.meta.url), 'utf8')).errors;
const origin = 'https://hr.example.gov.tw';
const kept = (area) => area.content.webEIDOrigins ?? [];

test('every code of the table is one of Web eID’s, and says what ours says', () => {
  assert.ok(table.length > 50);
  assert.deepEqual([...CODES.keys()].sort(), table.map(({code}) => code).sort(), 'each once, and no others');
  for (const {code, who, en} of table) {
    const failure = webEIDFailure({code, who, operation: 'o1', facts: {path: '/x'}});
    assert.ok(Object.hasOwn(NAMES, failure.code), code);
    assert.equal(failure.name, NAMES[failure.code]);
    assert.ok(failure.message.startsWith(en.message), code);
    assert.deepEqual(failure.cardbridge, {code, who, operation: 'o1'}, 'and no facts: the library copies all that it is given into its error');
    assert.equal('requiresUpdate' in failure, failure.code === 'ERR_WEBEID_VERSION_MISMATCH');
  }
  assert.equal(Object.keys(NAMES).length, 13);
  assert.equal(webEIDFailure({code: 'ofTomorrow', who: 'us'}).code, 'ERR_WEBEID_UNKNOWN_ERROR');
  assert.deepEqual(webEIDFailure({code: 'hostOutdated', who: 'it'}).requiresUpdate, {extension: false, nativeApp: true});
});

test('versions', () => {
  for (const version of ['2.1.0', '1.0.0', '0.9.0-beta.1', '2.99.0+x']) assert.equal(versionFailure(version), null, version);
  for (const version of ['3.0.0', '10.0.0']) assert.equal(versionFailure(version).code, 'ERR_WEBEID_VERSION_MISMATCH', version);
  for (const version of ['', 'v2.1.0', '2.1', 7, null, undefined, '2.1.0 ', `2.1.0+${'x'.repeat(99)}`]) assert.equal(versionFailure(version).code, 'ERR_WEBEID_VERSION_INVALID', String(version));
  assert.equal(spokenVersion('0.1.0-dev_2 x'), '2.1.0+cardbridge.0.1.0-dev-2-x');
});

test('languages and keys', () => {
  for (const [lang, ours] of [['zh', 'zh-TW'], ['zh-Hant', 'zh-TW'], ['en', 'en'], ['en-GB', 'en'], ['et', undefined], ['zhx', undefined], [7, undefined], [undefined, undefined]]) assert.equal(languageOf(lang), ours);
  assert.deepEqual(supportedAlgorithms('P-384')[2], {cryptoAlgorithm: 'ECC', hashFunction: 'SHA-512', paddingScheme: 'NONE'});
});

/** The room with a host whose answer the test gives. */
function room({known = [], patienceMs = 60_000} = {}) {
  const area = fakeArea({webEIDOrigins: known});
  const asked = [];
  const host = {begin: (method, params) => ({done: new Promise((resolve, reject) => { asked.push({method, params, resolve, reject}); })})};
  const webEID = new WebEID({host, requests: {accept: () => assert.fail('no request')}, area, version: '0.1.0', patienceMs});
  const ask = (sender = {origin}) => {
    const port = new FakePort({sender});
    return {port, over: webEID.face(port)};
  };
  return {area, asked, ask};
}

test('the host’s word is passed on and kept', async () => {
  const {area, asked, ask} = room();
  const first = ask();
  assert.deepEqual([asked[0].method, asked[0].params], ['status', {origin, grant: true}]);
  asked[0].resolve({webEID: true});
  await first.over;
  assert.deepEqual(first.port.sent, [{on: true}]);
  assert.deepEqual(kept(area), [origin]);
  const second = ask();
  asked[1].resolve({});
  await second.over;
  assert.deepEqual(second.port.sent, [{on: false}], 'the host’s word counts, not what is kept');
  assert.deepEqual(kept(area), []);
});

test('a host that takes its time: known origins need not wait for it', async () => {
  const {area, asked, ask} = room({known: [origin], patienceMs: 1});
  const first = ask();
  await first.over;
  assert.deepEqual(first.port.sent, [{on: true}]);
  asked[0].resolve({webEID: false});
  await settle();
  assert.deepEqual(kept(area), [], 'forgotten once the host says so');
});

test('a host that takes its time: others do', async () => {
  const {asked, ask} = room({patienceMs: 1});
  const {port, over} = ask();
  await new Promise((resolve) => { setTimeout(resolve, 1); }); // after the room's own, of the same length
  await settle();
  assert.deepEqual(port.sent, []);
  asked[0].resolve({webEID: true});
  await over;
  assert.deepEqual(port.sent, [{on: true}]);
});

test('no host: known origins hear why in their calls, others nothing', async () => {
  for (const known of [[origin], []]) {
    const {area, asked, ask} = room({known});
    const {port, over} = ask();
    asked[0].reject(new RequestError('hostMissing'));
    await over;
    assert.deepEqual(port.sent, known.length ? [{on: true}] : []);
    assert.equal(port.disconnected, known.length === 0, 'hung up: asked again at the next message');
    assert.deepEqual(kept(area), known);
  }
});

test('a host that had ended is started anew: its word counts', async () => {
  const {area, asked, ask} = room({known: [origin]});
  const {port, over} = ask();
  asked[0].reject(new RequestError('hostExited'));
  while (asked.length < 2) await settle();
  asked[1].resolve({webEID: false});
  await over;
  assert.deepEqual(port.sent, [{on: false}]);
  assert.deepEqual(kept(area), []);
});

test('an origin that is none is not asked for; a page that left is not told', async () => {
  const {asked, ask} = room();
  for (const bad of [undefined, 'null', 'http://hr.example.gov.tw', 'file://']) {
    const {port, over} = ask({origin: bad});
    await over;
    assert.ok(port.disconnected && port.sent.length === 0, bad);
  }
  assert.equal(asked.length, 0);
  const {port, over} = ask();
  port.end();
  asked[0].resolve({webEID: true});
  await over;
  assert.deepEqual(port.sent, []);
});

test('no more than 64 origins are kept', async () => {
  const {area, asked, ask} = room({known: Array.from({length: 64}, (_, n) => `https://p${n}.gov.tw`)});
  const {over} = ask();
  asked[0].resolve({webEID: true});
  await over;
  assert.equal(kept(area).length, 64);
  assert.equal(kept(area).at(-1), origin);
});
