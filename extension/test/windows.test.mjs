// Every state of the prompt window, in a real browser. CARDBRIDGE_SHOTS: a folder for the screenshots (else a temporary one).
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before, describe} from 'node:test';
import {TEXTS} from '../prompt/texts.js';
import {EXTENSION_ID, keyIn, nonce, openPrompt, outcome, pressIn, start} from './browser.mjs';

const shots = process.env.CARDBRIDGE_SHOTS ?? mkdtempSync(join(tmpdir(), 'cardbridge-shots-'));
mkdirSync(shots, {recursive: true});
const scheme = {light: 'light', dark: 'dark'};

for (const [lang, theme] of [['zh-TW', scheme.light], ['en', scheme.dark], ['zh-TW', scheme.dark], ['en', scheme.light]]) {
  describe(`${lang}, ${theme}`, () => {
    let browser;
    let page;
    before(async () => {
      browser = await start({lang, env: {CARDBRIDGE_FAKE_PROGRESS: 'signing'}});
      page = await browser.open();
    });
    after(() => browser.stop());

    /** Opens the window of a scenario. */
    async function open(scenario, options = {lang}) {
      const window = await openPrompt(browser.context, page, {method: 'authenticate', nonce: nonce(scenario), options});
      await window.emulateMedia({colorScheme: theme});
      return window;
    }
    async function shown(window, selector, name) {
      await window.waitForSelector(selector);
      await assertFits(window);
      await window.screenshot({path: join(shots, `${lang}-${theme}-${name}.png`)});
    }
    /** Nothing is cut off at the side. */
    async function assertFits(window) {
      const [scroll, client] = await window.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(scroll <= client, `the window scrolls sideways: ${scroll} > ${client}`);
    }
    const gone = (window) => (window.isClosed() ? undefined : window.waitForEvent('close'));

    test('choose, PIN, wrong PIN, last try, locked', async () => {
      const window = await open('states');
      await shown(window, 'body[data-state="choose"]', 'choose');
      assert.equal(await window.locator('input[type=radio]:enabled').count(), 3);
      assert.equal(await window.locator('.choices img, .choices b').count(), 0, 'a certificate field became markup');
      assert.equal(await window.evaluate(() => document.activeElement.type), 'radio');
      // The first usable one is chosen; the arrows move on to the agency's, then to the third.
      await window.keyboard.press('ArrowDown');
      await window.keyboard.press('ArrowDown');
      await pressIn(window, '#ok');

      await shown(window, 'body[data-state="pin"]', 'pin');
      assert.equal(await window.evaluate(() => document.activeElement.id), 'pin');
      for (const [typed, name] of [['12345', 'too-short'], ['123456789', 'too-long'], ['１２３４５６', 'full-width']]) {
        await window.fill('#pin', typed);
        await pressIn(window, '#ok');
        await shown(window, '#pin-fault:not([hidden])', `pin-${name}`);
        assert.equal(await window.inputValue('#pin'), '');
      }
      await window.fill('#pin', '111111');
      await pressIn(window, '#ok');

      await shown(window, 'body[data-notice="wrongPIN"][data-state="pin"]', 'wrong');
      assert.equal(await window.textContent('#reference'), lang === 'en' ? 'Reference 7d444840' : '作業編號 7d444840');
      assert.equal(await window.inputValue('#pin'), '');
      await window.fill('#pin', '222222');
      await pressIn(window, '#ok');

      await shown(window, 'body[data-state="lastTry"]', 'last-try');
      assert.equal(await window.evaluate(() => document.activeElement.id), 'cancel', 'Enter out of habit would spend the last try');
      await pressIn(window, '#ok');
      await shown(window, 'body[data-state="pin"][data-notice=""]', 'pin-last');
      await window.fill('#pin', 'abcdef');
      await pressIn(window, '#ok');

      await shown(window, 'body[data-state="locked"]', 'locked');
      assert.equal(await window.getAttribute('#unlock', 'href'), 'https://moica.example.gov.tw/unlock');
      assert.equal(await window.getAttribute('#unlock', 'target'), '_blank');
      await pressIn(window, '#ok');
      assert.equal((await outcome(page)).error.code, 'pinLocked');
      await gone(window);
      const pins = browser.received().map((message) => message.result).filter((result) => result?.action === 'pin').map(({pin}) => pin);
      assert.deepEqual(pins, ['111111', '222222', 'abcdef'], 'what is too short, too long or full-width was never sent');
      const choice = browser.received().find((message) => message.result?.action === 'choose').result.certificate;
      assert.equal(choice, 'a'.repeat(64));
    });

    /** What the person can act on stands open; what every card holds besides is one click away, the issuers' last. */
    async function unusableOnesAreInOrder(window, reason) {
      const texts = TEXTS[lang];
      if (reason === 'wrongCard') {
        const title = {'zh-TW': '這張是自然人憑證，網站要的是機關憑證、組織及團體憑證', en: 'This is: Citizen certificate. The web site wants: Agency certificate, Organisation certificate'};
        assert.equal(await window.textContent('#title'), title[lang]);
      }
      const open = window.locator('#content > .choices .unusable');
      assert.deepEqual(await open.allTextContents(), [texts.reasons[reason === 'wrongCard' ? 'wrongKind' : 'expired']]);
      const aside = window.locator('details.aside .unusable');
      assert.deepEqual(await aside.allTextContents(), [texts.reasons.encryptionOnly, texts.reasons.ca, texts.reasons.ca]);
      assert.ok(await aside.first().isHidden());
      assert.equal(await window.textContent('summary'), texts.aside(3));
      await window.click('summary');
      assert.ok(await aside.last().isVisible());
      await shown(window, 'details[open]', `wait-${reason}-all`);
    }

    test('every reason to wait', async () => {
      const window = await open('waits');
      const reasons = ['noReader', 'noCard', 'cardNotRecognised', 'cardBusy', 'windowBusy', 'wrongCard', 'wrongIssuer', 'pinPadRequired', 'noUsableCertificate',
        'otherCertificate', 'sessionInactive', 'pcscNotRunning', 'pcscMissing', 'noModule', 'moduleFailed', 'moduleTimeout', 'moduleInvalid'];
      for (const reason of reasons) {
        await shown(window, `body[data-state="wait"][data-reason="${reason}"]`, `wait-${reason}`);
        if (reason === 'wrongCard' || reason === 'noUsableCertificate') await unusableOnesAreInOrder(window, reason);
        assert.equal(await window.locator('#pin').count(), 0, 'no PIN can be typed');
        if (reason === 'wrongIssuer') assert.match(await window.textContent('.wanted'), /內政部憑證管理中心(、|, )政府憑證管理中心/);
        if (reason === 'pinPadRequired') assert.equal(await window.textContent('#content > .choices .unusable'), TEXTS[lang].reasons.noPinPad);
        if (reason === 'otherCertificate') assert.match(await window.innerText('main'), /王小明/);
        await pressIn(window, '#ok');
      }
      assert.equal((await outcome(page)).result.format, 'web-eid:1.0');
      await gone(window);
    });

    test('where to install, whom to ask', async () => {
      const window = await open('help');
      for (const [reason, link] of [['noReader', 'reader'], ['noModule', 'hicos'], ['pcscMissing', 'pcsc'], ['cardBusy', null]]) {
        await shown(window, `body[data-state="wait"][data-reason="${reason}"]`, `help-${reason}`);
        const install = window.locator('#install');
        assert.equal(await install.count(), link ? 1 : 0, reason);
        if (link) {
          assert.equal(await install.getAttribute('href'), `https://help.example.gov.tw/${link}`);
          assert.equal(await install.getAttribute('rel'), 'noopener noreferrer');
        }
        const line = await window.innerText('.contact');
        for (const part of ['資訊室 分機 1234', '02-2345-6789', 'help@dgpa.gov.tw', 'help.example.gov.tw']) assert.ok(line.includes(part), `${part}: ${line}`);
        assert.ok(await window.locator('.contact').isVisible());
        await pressIn(window, '#ok');
      }
      await shown(window, 'body[data-state="locked"]', 'help-locked');
      assert.equal(await window.textContent('.contact bdi'), '<b>資訊室\u25a1</b>', 'text, never markup, never turned');
      assert.equal(await window.getAttribute('#unlock', 'href'), 'https://moica.example.gov.tw/unlock');
      await pressIn(window, '#ok');
      assert.equal((await outcome(page)).error.facts.helpDesk.phone, '02-2345-6789', 'the portal can show it too');
      await gone(window);
    });

    test('PIN pad, work, countdown', async () => {
      const pad = await open('pad');
      await shown(pad, 'body[data-state="pinPad"]', 'pin-pad');
      assert.ok(await pad.locator('#ok').isHidden());
      assert.equal(await pad.locator('#pin').count(), 0);
      await keyIn(pad, 'Escape');
      assert.equal((await outcome(page)).error.code, 'userCancelled');
      await gone(pad);

      const work = await open('work');
      await work.fill('#pin', '123456');
      await pressIn(work, '#ok');
      await shown(work, 'body[data-state="progress"][data-progress="signing"]', 'signing');
      await pressIn(work, '#cancel');
      assert.equal((await outcome(page)).error.code, 'userCancelled');
      await gone(work);

      const short = await open('short');
      await shown(short, '#countdown:not([hidden])', 'countdown');
      assert.equal((await outcome(page)).error.code, 'userTimeout');
      await gone(short);
    });

    test('the language can be changed, and the window says so to a screen reader', async () => {
      const window = await open('once');
      await window.waitForSelector('body[data-state="pin"]');
      const tag = {'zh-TW': 'zh-Hant-TW', en: 'en'};
      assert.equal(await window.getAttribute('html', 'lang'), tag[lang]);
      const before = await window.textContent('#title');
      await window.click('#language');
      assert.equal(await window.getAttribute('html', 'lang'), tag[lang === 'en' ? 'zh-TW' : 'en']);
      assert.notEqual(await window.textContent('#title'), before);
      await pressIn(window, '#cancel');
      await outcome(page);
    });

    test('the options page and the toolbar window', async () => {
      // The texts follow the person's choice; a test machine's Chromium may come without Chinese.
      await browser.worker.evaluate((language) => chrome.storage.local.set({language}), lang);
      const options = await browser.context.newPage();
      await options.emulateMedia({colorScheme: theme});
      await options.setViewportSize({width: 900, height: 1250});
      await options.goto(`chrome-extension://${EXTENSION_ID}/options/options.html`);
      await shown(options, '#connection[data-state="connected"]', 'options');
      assert.equal(await options.locator('#readers li').count(), 2);
      assert.equal(await options.locator('#modules li').count(), 2);
      await options.close();
      for (const [address, state] of [['https://portal.example.org/', 'siteOff'], ['https://ecpa.dgpa.gov.tw/', 'siteBuiltIn'], ['chrome://settings/', 'siteImpossible']]) {
        const popup = await browser.context.newPage();
        await popup.addInitScript((url) => { chrome.tabs.query = async () => [{id: 1, url}]; }, address);
        await popup.emulateMedia({colorScheme: theme});
        await popup.setViewportSize({width: 400, height: 460});
        await popup.goto(`chrome-extension://${EXTENSION_ID}/popup/popup.html`);
        await popup.waitForSelector('#connection .state.good');
        await shown(popup, `#site[data-state="${state}"]`, `popup-${state}`);
        assert.equal(await popup.locator('#enable').isVisible(), state === 'siteOff');
        await popup.close();
      }
    });
  });
}
