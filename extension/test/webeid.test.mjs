// Pages that use Web eID's page library, in real Chromium with a host of the test's choice.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import {nonce, pressIn, start} from './browser.mjs';
import {answered, ended, post, press} from './webeidpage.mjs';

const digest = createHash('sha256').update('contract').digest('base64');
const code = (name) => `ERR_WEBEID_${name}`;

/** @returns the prompt window that the press opens */
async function pressForWindow(browser, page, ...call) {
  const opened = browser.context.waitForEvent('page', (window) => window.url().includes('/prompt/prompt.html'));
  await press(page, ...call);
  return opened;
}

async function type(window) {
  await window.waitForSelector('body[data-state="pin"] #pin');
  await window.fill('#pin', '123456');
  await window.waitForSelector('#ok:not([disabled])');
  await pressIn(window, '#ok');
}

const sentTo = (browser, method) => browser.received().filter((message) => message.method === method).map(({params}) => params);

describe('where policy turns it on', () => {
  let browser;
  let page;
  before(async () => {
    browser = await start({env: {CARDBRIDGE_FAKE_WEBEID: '1'}});
    page = await browser.open('/webeid.html');
    await answered(page);
  });
  after(() => browser.stop());

  test('status gives the versions', async () => {
    const {result} = await page.evaluate(() => window.run({call: 'status'}));
    assert.deepEqual(result, {library: '2.1.0', extension: '2.1.0+cardbridge.0.1.0', nativeApp: '2.1.0+cardbridge.0.1.0'});
    const asked = sentTo(browser, 'status');
    assert.ok(asked.length > 0 && asked.every((params) => params.grant === true && params.origin === browser.origin), 'no reader is looked at for it');
  });

  test('authenticate gives the token', async () => {
    const challenge = nonce('once');
    await type(await pressForWindow(browser, page, 'authenticate', challenge, {lang: 'en'}));
    const {result} = await ended(page);
    assert.deepEqual(result, {unverifiedCertificate: 'MIIB', algorithm: 'RS256', signature: 'QUJD', format: 'web-eid:1.0', appVersion: 'https://cardbridge.tw/0.1.0'});
    assert.deepEqual(sentTo(browser, 'authenticate').at(-1), {challengeNonce: challenge, language: 'en', origin: browser.origin});
  });

  test('the person chooses the signing certificate; its key signs', async () => {
    const window = await pressForWindow(browser, page, 'getSigningCertificate');
    await window.waitForSelector('body[data-state="choose"]');
    await window.click(`[value="${'a'.repeat(64)}"]`);
    await window.waitForSelector('#ok:not([disabled])');
    await pressIn(window, '#ok');
    const {result} = await ended(page);
    assert.equal(result.certificate, 'MIIB');
    assert.deepEqual(result.supportedSignatureAlgorithms, ['SHA-256', 'SHA-384', 'SHA-512'].map((hashFunction) => ({cryptoAlgorithm: 'RSA', hashFunction, paddingScheme: 'PKCS1.5'})));
    await type(await pressForWindow(browser, page, 'sign', result.certificate, digest, 'SHA-256'));
    assert.deepEqual((await ended(page)).result, {signature: 'QUJD', signatureAlgorithm: {cryptoAlgorithm: 'RSA', hashFunction: 'SHA-256', paddingScheme: 'PKCS1.5'}});
    const id = createHash('sha256').update(Buffer.from('MIIB', 'base64')).digest('hex');
    assert.deepEqual(sentTo(browser, 'signRaw').at(-1), {certificate: id, digest, hash: 'SHA-256', origin: browser.origin});
  });

  test('declined: then a click is needed, whatever the page does', async () => {
    const window = await pressForWindow(browser, page, 'authenticate', nonce('once'));
    await window.waitForSelector('body[data-state="pin"]');
    await pressIn(window, '#cancel');
    const {error} = await ended(page);
    assert.equal(error.code, code('USER_CANCELLED'));
    assert.equal(error.name, 'UserCancelledError');
    assert.equal(error.cardbridge.code, 'userCancelled');
    assert.ok(error.message.length > 10);
    const again = await page.evaluate((challenge) => window.run({call: 'authenticate', args: [challenge]}), nonce('once'));
    assert.deepEqual([again.error.code, again.error.cardbridge.code], [code('USER_CANCELLED'), 'touchRequired']);
  });

  test('the page’s time for the person ends the window', async () => {
    await press(page, 'authenticate', nonce('once'), {userInteractionTimeout: 3000});
    assert.equal((await ended(page)).error.code, code('USER_TIMEOUT'));
    const windows = () => browser.context.pages().filter((open) => open.url().includes('/prompt/prompt.html'));
    while (windows().length > 0) await windows()[0].waitForEvent('close').catch(() => {});
  });

  test('one window for each tab: another call meanwhile is pending', async () => {
    const window = await pressForWindow(browser, page, 'authenticate', nonce('once'));
    await window.waitForSelector('body[data-state="pin"]');
    const {error} = await page.evaluate((args) => window.run({call: 'sign', args}), ['MIIB', digest, 'SHA-256']);
    assert.equal(error.code, code('ACTION_PENDING'));
    await pressIn(window, '#cancel');
    assert.equal((await ended(page)).error.code, code('USER_CANCELLED'));
  });

  test('a host that dies in the middle is fatal', async () => {
    await type(await pressForWindow(browser, page, 'authenticate', nonce('exit')));
    const {error} = await ended(page);
    assert.deepEqual([error.code, error.cardbridge.code, error.extension], [code('NATIVE_FATAL'), 'hostExited', '2.1.0+cardbridge.0.1.0']);
  });

  test('what is missing or wrong in a message', async () => {
    await page.click('h1'); // another touch
    const sign = {action: 'web-eid:sign', libraryVersion: '2.1.0', certificate: 'MIIB', hash: digest, hashFunction: 'SHA-256'};
    for (const [message, expected] of [
      [{action: 'web-eid:authenticate', libraryVersion: '2.1.0', options: undefined}, 'MISSING_PARAMETER'],
      [{action: 'web-eid:authenticate', challengeNonce: 7}, 'NATIVE_INVALID_ARGUMENT'],
      [{action: 'web-eid:authenticate', challengeNonce: 'short'}, 'NATIVE_INVALID_ARGUMENT'],
      [{action: 'web-eid:authenticate', challengeNonce: 'x'.repeat(200_000)}, 'NATIVE_INVALID_ARGUMENT'],
      [{...sign, certificate: ''}, 'MISSING_PARAMETER'],
      [{...sign, hash: null}, 'MISSING_PARAMETER'],
      [{...sign, certificate: '%'}, 'NATIVE_INVALID_ARGUMENT'],
      [{...sign, hash: '%'}, 'NATIVE_INVALID_ARGUMENT'],
      [{...sign, hashFunction: 'x'.repeat(17)}, 'NATIVE_INVALID_ARGUMENT'],
      [{...sign, hashFunction: {}}, 'NATIVE_INVALID_ARGUMENT'],
      [{action: 'web-eid:status'}, 'VERSION_INVALID'],
      [{action: 'web-eid:status', libraryVersion: '2.x'}, 'VERSION_INVALID'],
      [{action: 'web-eid:status', libraryVersion: '3.0.0'}, 'VERSION_MISMATCH'],
    ]) {
      const {action, error} = await post(page, message);
      assert.equal(action, `${message.action}-failure`);
      assert.equal(error.code, code(expected), JSON.stringify(message).slice(0, 100));
    }
    const {error} = await post(page, {action: 'web-eid:status', libraryVersion: '3.0.0'});
    assert.deepEqual(error.requiresUpdate, {extension: true, nativeApp: false});
    assert.equal((await post(page, {action: 'web-eid:status', libraryVersion: '1.0.0', more: {of: 'it'}})).action, 'web-eid:status-success', 'older libraries say the same');
  });

  test('what is no call of Web eID’s is nobody’s', async () => {
    await page.evaluate(async () => {
      window.heard = [];
      for (const data of [null, 'web-eid:status', ['web-eid:status'], {action: 'web-eid:warning'}, {action: 'web-eid:sign2'}, {action: {}}, {action: 'toString'}, Object.create({action: 'web-eid:status'})]) {
        window.postMessage(data, location.origin);
      }
      await window.run({call: 'status'}); // messages keep their order
    });
    assert.deepEqual(await page.evaluate(() => window.heard.map(({action}) => action)), ['web-eid:status-ack', 'web-eid:status-success']);
  });

  test('a thousand calls at once are one', async () => {
    await page.click('h1');
    await page.evaluate(() => { window.heard = []; });
    const before = sentTo(browser, 'authenticate').length;
    const opened = browser.context.waitForEvent('page', (window) => window.url().includes('/prompt/prompt.html'));
    await page.evaluate((challenge) => {
      for (let n = 0; n < 1000; n++) window.postMessage({action: 'web-eid:authenticate', challengeNonce: challenge}, location.origin);
    }, nonce('once'));
    await type(await opened);
    await page.waitForFunction(() => window.heard.some(({action}) => action === 'web-eid:authenticate-success'));
    const heard = await page.evaluate(() => window.heard.map(({action}) => action));
    assert.equal(heard.filter((action) => action === 'web-eid:authenticate-ack').length, 1000);
    assert.equal(heard.length, 1001);
    assert.equal(sentTo(browser, 'authenticate').length, before + 1);
  });

  test('a frame is answered, and may not', async () => {
    const outer = await browser.open('/webeidframe.html');
    const frame = outer.frames()[1];
    await frame.waitForSelector('html[data-ready]');
    const error = await answered(frame);
    assert.deepEqual([error.code, error.cardbridge.code], [code('CONTEXT_INSECURE'), 'notTopFrame']);
    const {error: second} = await frame.evaluate((challenge) => window.run({call: 'authenticate', args: [challenge]}), nonce('once'));
    assert.equal(second.cardbridge.code, 'notTopFrame');
    await outer.close();
  });

  test('a page that is left takes its window along', async () => {
    const left = await browser.open('/webeid.html');
    await answered(left);
    const window = await pressForWindow(browser, left, 'authenticate', nonce('once'));
    await window.waitForSelector('body[data-state="pin"]');
    const closed = new Promise((resolve) => { window.once('close', resolve); });
    await left.goto(`${browser.origin}/portal.html`);
    await closed;
    await left.close();
  });
});

describe('where policy does not', () => {
  let browser;
  before(async () => { browser = await start(); });
  after(() => browser.stop());

  test('the page hears nothing, and the host is asked once', async () => {
    const page = await browser.open('/webeid.html');
    await page.evaluate(() => { for (let n = 0; n < 1000; n++) window.postMessage({action: 'web-eid:status', libraryVersion: '2.1.0'}, location.origin); });
    for (const [call, ...args] of [['status'], ['authenticate', nonce('once')], ['getSigningCertificate'], ['sign', 'MIIB', digest, 'SHA-256'], ['status']]) {
      const {error} = await page.evaluate((next) => window.run(next), {call, args});
      assert.equal(error.code, code('EXTENSION_UNAVAILABLE'), call);
    }
    // Our own messages are answered all the same, after every message before them.
    await page.evaluate(() => new Promise((resolve) => {
      window.addEventListener('message', ({data}) => { if (data.cardbridge === 'response') resolve(); });
      window.postMessage({cardbridge: 'request', id: 'last', method: 'status', params: {}}, location.origin);
    }));
    assert.deepEqual(await page.evaluate(() => window.heard), []);
    assert.deepEqual(sentTo(browser, 'status').filter(({grant}) => grant).length, 1);
    assert.deepEqual(sentTo(browser, 'authenticate'), []);
  });
});
