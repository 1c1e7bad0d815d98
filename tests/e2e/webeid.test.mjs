// A portal of Web eID's, unchanged, with our extension, the real host and a card: its page library's four calls.
import assert from 'node:assert/strict';
import {X509Certificate, createHash, verify} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {basename, join} from 'node:path';
import {after, before, beforeEach, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {answered, ended, library, post, press} from '../../extension/test/webeidpage.mjs';
import {createWorld, hosts, pressIn, root, setPolicy, typePIN} from '../world/world.mjs';

const PIN = '123456';
const operations = ['authenticate', 'certificates', 'signRaw'];
const code = (name) => `ERR_WEBEID_${name}`;
const sum = (hash, data) => createHash(hash.replace('-', '')).update(data).digest();
let server;
let origin;
let elsewhere; // the same portal under a name that has all operations, but not the face
let world;
let page;

before(async () => {
  server = createServer(({url}, response) => {
    const name = basename(url);
    if (!/^webeid[a-z]*\.(js|html)$/.test(name)) return response.writeHead(404).end();
    response.setHeader('content-type', name.endsWith('.html') ? 'text/html; charset=utf-8' : 'text/javascript');
    return response.end(readFileSync(name === 'webeid.js' ? library : join(root, 'extension/test/pages', name)));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  origin = `http://127.0.0.1:${server.address().port}`;
  elsewhere = origin.replace('127.0.0.1', 'localhost');
  world = await createWorld({cards: '', policy: () => portals()});
});
after(async () => {
  await world?.stop();
  server?.closeAllConnections();
  server?.close();
});
beforeEach(async () => {
  for (const open of world.browser.context.pages().slice(1)) await open.close();
  for (const reader of [0, 1]) await world.rig.ask('remove', {reader});
  page = await open();
});

async function open(at = origin) {
  const opened = await world.browser.open(`${at}/webeid.html`);
  await opened.waitForSelector('html[data-ready]');
  return opened;
}

async function put(card, reader = 0) {
  await world.rig.ask('insert', {reader, card});
  await world.rig.ask('reset-card', {card});
}

const portals = (change) => ({portals: [{origin, operations, webEID: true, ...change}, {origin: elsewhere, operations}]});

/** Another policy, and a host that reads it: one that runs keeps its session's. */
async function policy(change) {
  setPolicy(portals(change));
  for (const pid of hosts(world.folder)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // a child that ended with its host
    }
  }
  while (hosts(world.folder).length > 0) await sleep(20);
}

/** The window of the next press must not be taken for the one that is just closing. */
async function until(closes, act) {
  const closed = closes.waitForEvent('close');
  await act(closes);
  await closed;
}
const type = (prompt) => until(prompt, () => typePIN(prompt, PIN));
const decline = (prompt) => until(prompt, () => pressIn(prompt, '#cancel'));

const der = (certificate) => new X509Certificate(Buffer.from(certificate, 'base64'));
const cardState = async (card) => (await world.rig.ask('state')).cards[card];

/** Whether the raw signature is the certificate's over that digest: PKCS#1 v1.5, or r and s. */
function signs(certificate, hash, data, signature) {
  return verify(hash.replace('-', ''), Buffer.from(data), {key: der(certificate).publicKey, dsaEncoding: 'ieee-p1363'}, Buffer.from(signature, 'base64'));
}

test('status; a login whose token is of this origin and nonce', async () => {
  await put('citizen');
  const {library: version, extension, nativeApp} = await answered(page);
  assert.match(version, /^2\.\d+\.\d+$/);
  for (const ours of [extension, nativeApp]) assert.match(ours, /^2\.1\.0\+cardbridge\.\d+\.\d+\.\d+/);
  const nonce = Buffer.alloc(33, 7).toString('base64');
  await press(page, 'authenticate', nonce, {lang: 'en'});
  await type(await world.browser.prompt('pin'));
  const {result: token, error} = await ended(page);
  assert.equal(error, undefined);
  assert.deepEqual([token.format, token.algorithm], ['web-eid:1.0', 'RS256']);
  const signed = Buffer.concat([sum('SHA-256', origin), sum('SHA-256', nonce)]);
  assert.ok(signs(token.unverifiedCertificate, 'SHA-256', signed, token.signature));
  const {verifies, verified} = await cardState('citizen');
  assert.deepEqual([verifies, verified], [1, false]);
});

for (const [card, hashFunction, scheme] of [
  ['citizen', 'SHA-256', {cryptoAlgorithm: 'RSA', paddingScheme: 'PKCS1.5'}],
  ['citizen', 'SHA-512', {cryptoAlgorithm: 'RSA', paddingScheme: 'PKCS1.5'}],
  ['citizen-p384', 'SHA-384', {cryptoAlgorithm: 'ECC', paddingScheme: 'NONE'}],
]) {
  test(`the signing certificate, then a signature: ${card}, ${hashFunction}`, async () => {
    await put(card);
    await answered(page);
    await press(page, 'getSigningCertificate');
    const {result: {certificate, supportedSignatureAlgorithms}} = await ended(page);
    assert.ok(supportedSignatureAlgorithms.some((one) => JSON.stringify(one) === JSON.stringify({cryptoAlgorithm: scheme.cryptoAlgorithm, hashFunction, paddingScheme: scheme.paddingScheme})));
    const before = (await cardState(card)).verifies;
    await press(page, 'sign', certificate, sum(hashFunction, '契約').toString('base64'), hashFunction);
    const prompt = await world.browser.prompt('pin');
    assert.ok((await prompt.textContent('.documents')).includes(sum(hashFunction, '契約').toString('hex')), 'the person may compare what is signed');
    await type(prompt);
    const {result, error} = await ended(page);
    assert.equal(error, undefined);
    assert.deepEqual(result.signatureAlgorithm, {...scheme, hashFunction});
    assert.ok(signs(certificate, hashFunction, '契約', result.signature));
    assert.ok(!signs(certificate, hashFunction, 'other', result.signature));
    const {verifies, verified} = await cardState(card);
    assert.deepEqual([verifies - before, verified], [1, false]);
  });
}

test('two certificates: the person chooses the one that signs, and it does', async () => {
  await put('citizen-two');
  await answered(page);
  await press(page, 'getSigningCertificate');
  const chooser = await world.browser.prompt('choose');
  const usable = chooser.locator('input[type="radio"]:not([disabled])');
  assert.equal(await usable.count(), 2);
  const id = await usable.nth(1).getAttribute('value');
  await usable.nth(1).check();
  await chooser.waitForSelector('#ok:not([disabled])');
  await until(chooser, () => pressIn(chooser, '#ok'));
  const {result: {certificate}} = await ended(page);
  assert.equal(createHash('sha256').update(Buffer.from(certificate, 'base64')).digest('hex'), id);
  await press(page, 'sign', certificate, sum('SHA-256', 'x').toString('base64'), 'SHA-256');
  await type(await world.browser.prompt('pin'));
  const {result, error} = await ended(page);
  assert.equal(error, undefined);
  assert.ok(signs(certificate, 'SHA-256', 'x', result.signature));
});

test('no card: the window waits for it; without one the person declines', async () => {
  await answered(page);
  await press(page, 'getSigningCertificate');
  await until(await world.browser.prompt('wait'), () => put('citizen'));
  assert.ok((await ended(page)).result.certificate);
  await world.rig.ask('remove', {reader: 0});
  await press(page, 'getSigningCertificate');
  await decline(await world.browser.prompt('wait'));
  assert.equal((await ended(page)).error.code, code('USER_CANCELLED'));
});

test('a certificate that is not on the card, or not one that signs, gets no PIN asked', async () => {
  await put('citizen');
  await answered(page);
  await press(page, 'getSigningCertificate');
  const {result: {certificate}} = await ended(page);
  for (const card of ['encryption', 'citizen2']) {
    await world.rig.ask('remove', {reader: 0});
    await put(card);
    await press(page, 'sign', certificate, sum('SHA-256', 'x').toString('base64'), 'SHA-256');
    const prompt = await world.browser.prompt('wait');
    assert.equal(await prompt.locator('#pin').count(), 0);
    await decline(prompt);
    assert.equal((await ended(page)).error.code, code('USER_CANCELLED'));
    assert.equal((await cardState(card)).verifies, 0);
  }
});

test('hashes that the card is not asked for, and of another length', async () => {
  await put('citizen');
  await answered(page);
  await page.click('h1');
  const certificate = Buffer.from('any').toString('base64');
  for (const [hashFunction, bytes, ours] of [
    ['SHA-224', 28, 'algorithmUnsupported'], ['SHA3-256', 32, 'algorithmUnsupported'], ['SHA3-512', 64, 'algorithmUnsupported'],
    ['SHA-1', 20, 'algorithmUnsupported'], ['sha-256', 32, 'algorithmUnsupported'], ['SHA-256', 20, 'documentInvalid'], ['SHA-512', 32, 'documentInvalid'],
  ]) {
    const {error} = await post(page, {action: 'web-eid:sign', libraryVersion: '2.1.0', certificate, hash: Buffer.alloc(bytes).toString('base64'), hashFunction});
    assert.deepEqual([error.code, error.cardbridge.code], [code('NATIVE_INVALID_ARGUMENT'), ours], hashFunction);
  }
});

test('declined; then only a new click asks again', async () => {
  await put('citizen');
  await answered(page);
  const nonce = 'n'.repeat(44);
  await press(page, 'authenticate', nonce);
  await decline(await world.browser.prompt('pin'));
  assert.equal((await ended(page)).error.code, code('USER_CANCELLED'));
  const {error} = await page.evaluate((challenge) => window.run({call: 'authenticate', args: [challenge]}), nonce);
  assert.equal(error.cardbridge.code, 'touchRequired');
  await press(page, 'authenticate', nonce);
  await decline(await world.browser.prompt('pin'));
  assert.equal((await ended(page)).error.cardbridge.code, 'userCancelled');
  assert.equal((await cardState('citizen')).verifies, 0);
});

test('what policy does not grant is refused without a window', async () => {
  await policy({operations: ['authenticate']});
  try {
    await put('citizen');
    await answered(page);
    for (const [call, ...args] of [['getSigningCertificate'], ['sign', 'MIIB', sum('SHA-256', 'x').toString('base64'), 'SHA-256']]) {
      await press(page, call, ...args);
      const {error} = await ended(page);
      assert.deepEqual([error.code, error.cardbridge.code], [code('NATIVE_FATAL'), 'operationNotAllowed'], call);
    }
  } finally {
    await policy({});
  }
});

test('where policy does not turn it on, the library finds no extension', async () => {
  await put('citizen');
  page = await open(elsewhere);
  for (const [call, ...args] of [['status'], ['authenticate', 'n'.repeat(44)], ['getSigningCertificate'], ['status']]) {
    await press(page, call, ...args);
    assert.equal((await ended(page)).error.code, code('EXTENSION_UNAVAILABLE'), call);
  }
  assert.deepEqual(await page.evaluate(() => window.heard), []);
  assert.equal((await cardState('citizen')).verifies, 0);
});
