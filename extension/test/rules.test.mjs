// Who may ask, and when a request ends: in a real browser.
import assert from 'node:assert/strict';
import test, {after, before, describe} from 'node:test';
import {EXTENSION_ID, keyIn, nonce, openPrompt, outcome, press, pressIn, start} from './browser.mjs';

describe('with a host', () => {
  let browser;
  before(async () => { browser = await start(); });
  after(() => browser.stop());

  const gone = (window) => (window.isClosed() ? undefined : window.waitForEvent('close'));
  const login = (scenario, options = {}) => ({method: 'authenticate', nonce: nonce(scenario), options});
  const ready = (window, state = 'pin') => window.waitForSelector(`body[data-state="${state}"] #ok:enabled`);
  /** A call without a click. The tool's evaluate counts as activation, so only the refusal of a later one can be seen so. */
  const call = (page, next) => page.evaluate((message) => window.run(message), next);
  const since = (from) => browser.received().slice(from);
  async function eventually(check) {
    for (let tries = 0; tries < 500; tries++) {
      if (check()) return;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    assert.fail(`never so: ${check}`);
  }

  test('a page that nobody touched learns its status and nothing else', async () => {
    const page = await browser.open('/eager.html');
    assert.deepEqual(await outcome(page), ['answered', 'touchRequired', 'touchRequired']);
    await page.close();
  });

  test('a frame is refused with the reason', async () => {
    const page = await browser.open('/frame.html');
    const expected = {same: 'notTopFrame', sandboxed: 'originInvalid'};
    for (const [name, code] of Object.entries(expected)) {
      const frame = page.frame({name});
      await frame.waitForSelector('html[data-ready]');
      const {error} = await frame.evaluate((next) => window.run(next), login('once'));
      assert.equal(error.code, code);
      assert.equal(error.who, 'developer');
    }
    await page.close();
  });

  test('the host is told the origin of the browser, and a page cannot say its own', async () => {
    const page = await browser.open();
    await press(page, {method: 'certificates'});
    assert.equal((await outcome(page)).result.certificates.length, 2);
    assert.equal(browser.received().findLast(({method}) => method === 'certificates').params.origin, browser.origin);
    const refused = await page.evaluate(() => new Promise((resolve) => {
      addEventListener('message', ({data}) => { if (data.cardbridge === 'response') resolve(data.error); });
      postMessage({cardbridge: 'request', id: 'mine', method: 'certificates', params: {origin: 'https://ecpa.dgpa.gov.tw'}}, '*');
    }));
    assert.deepEqual([refused.code, refused.who, refused.texts.en.message], ['invalidParams', 'developer', 'The parameters are not valid.']);
    await page.close();
  });

  test('after a refusal a new click is needed', async () => {
    const page = await browser.open();
    const window = await openPrompt(browser.context, page, login('once'));
    await ready(window);
    await window.close();
    const {error} = await outcome(page);
    assert.equal(error.code, 'userCancelled');
    assert.equal(error.message, '您已取消這次作業。');
    assert.equal(error.hint.en, 'Press the button again when you are ready.');
    assert.equal(error.texts['zh-TW'].message, error.message);
    assert.ok(error.operation);
    assert.equal(error.reference, error.operation.slice(0, 8));
    assert.equal((await call(page, login('once'))).error.code, 'touchRequired');
    const again = await openPrompt(browser.context, page, login('once'));
    await ready(again);
    await pressIn(again, '#cancel');
    assert.equal((await outcome(page)).error.code, 'userCancelled');
    await page.close();
  });

  test('one window for each tab; two tabs may have one each', async () => {
    const [first, second] = [await browser.open(), await browser.open()];
    await first.bringToFront();
    const one = await openPrompt(browser.context, first, login('once'));
    assert.equal((await call(first, login('once'))).error.code, 'promptOpen');
    await second.bringToFront();
    const two = await openPrompt(browser.context, second, login('once'));
    for (const [page, window] of [[first, one], [second, two]]) {
      await ready(window);
      await window.fill('#pin', '123456');
      await keyIn(window, 'Enter');
      assert.equal((await outcome(page)).result.algorithm, 'RS256');
      await page.close();
    }
  });

  for (const [how, leave] of [['closed', (page) => page.close()], ['left', (page) => page.goto('about:blank')], ['reloaded', (page) => page.reload()]]) {
    test(`a page that is ${how} ends its operation and its window`, async () => {
      const page = await browser.open();
      const from = browser.received().length;
      const window = await openPrompt(browser.context, page, login('once'));
      await ready(window);
      await Promise.all([gone(window), leave(page)]);
      await eventually(() => since(from).some(({method}) => method === 'cancel'));
      const {id} = since(from).find(({method}) => method === 'authenticate');
      assert.deepEqual(since(from).find(({method}) => method === 'cancel').params, {id});
      if (!page.isClosed()) await page.close();
    });
  }

  test('a page takes its request back', async () => {
    const page = await browser.open();
    const window = await openPrompt(browser.context, page, login('once'));
    await ready(window);
    await page.evaluate(() => window.abort(new Error('changed my mind')));
    assert.match((await outcome(page)).error.text, /changed my mind/);
    await gone(window);
    await page.close();
  });

  test('a new prompt replaces the old one in the same window', async () => {
    const page = await browser.open();
    const from = browser.received().length;
    const window = await openPrompt(browser.context, page, login('replace'));
    await ready(window);
    await window.fill('#pin', '123456');
    await pressIn(window, '#ok');
    assert.ok((await outcome(page)).result);
    const actions = since(from).map(({result}) => result?.action).filter(Boolean);
    assert.deepEqual(actions, ['replaced', 'pin']);
    await page.close();
  });

  test('a key that was meant for another window does not answer; a double click answers once', async () => {
    const page = await browser.open();
    const from = browser.received().length;
    const window = await openPrompt(browser.context, page, login('once'));
    await ready(window);
    // The change of language draws the state anew, and with it begins the half second.
    const afterwards = await window.evaluate(() => {
      document.getElementById('language').click();
      document.getElementById('pin').value = '123456';
      document.getElementById('form').requestSubmit();
      document.getElementById('ok').click();
      return document.body.dataset.state;
    });
    assert.equal(afterwards, 'pin');
    await ready(window);
    await window.fill('#pin', '123456');
    await window.evaluate(() => {
      const ok = document.getElementById('ok');
      ok.click();
      ok.click();
      document.getElementById('form').requestSubmit();
    });
    assert.ok((await outcome(page)).result);
    assert.equal(since(from).filter(({result}) => result?.action === 'pin').length, 1);
    await page.close();
  });

  test('a PIN of the page is passed until it was wrong, then never again in this page load', async () => {
    const page = await browser.open();
    const passed = () => browser.received().filter(({method}) => method === 'authenticate').at(-1).params.pin;
    await press(page, login('page', {pin: '123456'}));
    assert.ok((await outcome(page)).result);
    assert.equal(passed(), '123456');

    const window = await openPrompt(browser.context, page, login('page', {pin: '000000'}));
    assert.equal(passed(), '000000');
    await ready(window);
    assert.equal(await window.getAttribute('body', 'data-notice'), 'wrongPIN');
    await pressIn(window, '#cancel');
    assert.equal((await outcome(page)).error.code, 'userCancelled');

    const asked = await openPrompt(browser.context, page, login('page', {pin: '123456'}));
    assert.equal(passed(), undefined);
    await ready(asked);
    await pressIn(asked, '#cancel');
    await outcome(page);

    await page.reload();
    await press(page, login('page', {pin: '654321'}));
    assert.ok((await outcome(page)).result);
    assert.equal(passed(), '654321');
    await page.close();
  });

  test('a host that exits or talks nonsense is told apart, and the next request works', async () => {
    const page = await browser.open();
    const window = await openPrompt(browser.context, page, login('exit'));
    await ready(window);
    await window.fill('#pin', '123456');
    await pressIn(window, '#ok');
    assert.equal((await outcome(page)).error.code, 'hostExited');
    await gone(window);
    for (const scenario of ['garble', 'noise']) {
      const from = browser.received().length;
      await press(page, login(scenario));
      assert.equal((await outcome(page)).error.code, 'hostGarbled');
      await press(page, {method: 'status'});
      assert.equal((await outcome(page)).result.allowed, true);
      const methods = since(from).map(({method}) => method).filter(Boolean);
      assert.deepEqual(methods.slice(-3), ['authenticate', 'hello', 'status'], 'the port was opened anew');
    }
    await page.close();
  });

  test('a service worker that dies takes its window along; what it knew of the page is not lost', async () => {
    const page = await browser.open();
    const wrong = await openPrompt(browser.context, page, login('page', {pin: '000000'}));
    await ready(wrong);
    const session = await browser.context.browser().newBrowserCDPSession();
    const {targetInfos} = await session.send('Target.getTargets', {filter: [{}]});
    const {targetId} = targetInfos.find(({type, url}) => type === 'service_worker' && url.endsWith('/background/worker.js'));
    await Promise.all([gone(wrong), session.send('Target.closeTarget', {targetId})]);
    assert.equal((await outcome(page)).error.code, 'extensionReloaded');

    const asked = await openPrompt(browser.context, page, login('page', {pin: '123456'}));
    await ready(asked);
    assert.equal(browser.received().findLast(({method}) => method === 'authenticate').params.pin, undefined);
    await asked.fill('#pin', '123456');
    await pressIn(asked, '#ok');
    assert.ok((await outcome(page)).result);
    await page.close();
  });

  test('an extension that is reloaded closes its window; the page is told', async () => {
    const page = await browser.open();
    const window = await openPrompt(browser.context, page, login('once'));
    await ready(window);
    const restarted = browser.context.waitForEvent('serviceworker');
    await Promise.all([gone(window), browser.worker.evaluate(() => chrome.runtime.reload()).catch(() => {})]);
    assert.equal((await outcome(page)).error.code, 'extensionReloaded');
    // The page's old bridge has outlived its extension.
    assert.equal((await call(page, {method: 'status'})).error.code, 'extensionReloaded');
    await restarted;
    await page.reload();
    await press(page, {method: 'status'});
    assert.equal((await outcome(page)).result?.allowed, true);
    await page.close();
  });
});

describe('without a host', () => {
  const cases = [['missing', {}, 'hostNotInstalled'], ['forbidden', {}, 'hostForbidden'], ['fake', {CARDBRIDGE_FAKE_HELLO: 'exit'}, 'hostExited'],
    ['fake', {CARDBRIDGE_FAKE_HELLO: 'extensionOutdated'}, 'extensionOutdated']];
  for (const [host, env, code] of cases) {
    test(code, async (t) => {
      const browser = await start({host, env});
      t.after(() => browser.stop());
      const page = await browser.open();
      await press(page, {method: 'status'});
      const {error} = await outcome(page);
      assert.equal(error.code, code);
      assert.equal(error.who, 'it');
      const options = await browser.context.newPage();
      await options.goto(`chrome-extension://${EXTENSION_ID}/options/options.html`);
      await options.waitForSelector(`#connection[data-state="${code}"] .failure[data-code="${code}"]`);
      await options.close();
      if (host !== 'missing') return;
      // Installed while the browser runs, then removed: now it is missing, not yet to come.
      browser.register();
      const window = await openPrompt(browser.context, page, {method: 'authenticate', nonce: nonce('exit')});
      await window.waitForSelector('#ok:enabled');
      await window.fill('#pin', '123456');
      browser.unregister();
      await pressIn(window, '#ok');
      assert.equal((await outcome(page)).error.code, 'hostExited');
      await press(page, {method: 'status'});
      assert.equal((await outcome(page)).error.code, 'hostMissing');
    });
  }
});
