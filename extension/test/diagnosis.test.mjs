// 診斷 on the options page: real Chromium, a scripted host.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before, describe} from 'node:test';
import {EXTENSION_ID, outcome, press, start} from './browser.mjs';

const folder = mkdtempSync(join(tmpdir(), 'cardbridge-diagnosis-'));
const moodFile = join(folder, 'mood');
const mood = (text) => writeFileSync(moodFile, text);
mood('ok');
after(() => rmSync(folder, {recursive: true, force: true}));

/** CARDBRIDGE_SHOTS: a folder that receives a picture of each state, for a person to look at. */
async function shown(page, name) {
  if (!process.env.CARDBRIDGE_SHOTS) return;
  mkdirSync(process.env.CARDBRIDGE_SHOTS, {recursive: true});
  await page.screenshot({path: join(process.env.CARDBRIDGE_SHOTS, `${name}.png`), fullPage: true});
}

async function options(browser, language = 'zh-TW') {
  await browser.worker.evaluate((choice) => chrome.storage.local.set({language: choice}), language);
  const page = await browser.context.newPage();
  page.setDefaultTimeout(120_000);
  await page.setViewportSize({width: 900, height: 1000});
  await page.goto(`chrome-extension://${EXTENSION_ID}/options/options.html`);
  return page;
}

const state = (page, is) => page.waitForSelector(`#diagnosis[data-state="${is}"]`);
const texts = (page, selector) => page.locator(selector).allTextContents();
/** Presses 重新檢查 when the host would say something else. */
async function again(page, next, expected) {
  mood(next);
  await page.click('#examine');
  await state(page, expected);
}

describe('with a host', () => {
  let browser;
  before(async () => { browser = await start({env: {CARDBRIDGE_FAKE_DOCTOR: moodFile}}); });
  after(() => browser.stop());

  for (const [language, words] of [
    ['zh-TW', {wrong: '有 3 項需要處理，請從第一項開始不知道怎麼處理時，請按「複製報告」，貼給資訊人員。', level: '錯誤', fix: '請這樣做：請啟動服務', rest: '其他檢查結果（4 項，不需要處理）', good: '沒有發現需要處理的問題'}],
    ['en', {wrong: 'Needs attention: 3. Begin with the firstIf you do not know how, press "Copy the report" and send it to IT.', level: 'Error', fix: 'What to do: start it', rest: 'Other results (4, nothing to do)', good: 'Nothing needs your attention'}],
  ]) {
    test(`the findings, the worst first, in one language: ${language}`, async () => {
      mood('error');
      const page = await options(browser, language);
      await state(page, 'error');
      await shown(page, `diagnosis-error-${language}`);
      assert.deepEqual(await texts(page, '#verdict'), [words.wrong]);
      assert.deepEqual(await page.locator('#problems > li').evaluateAll((rows) => rows.map(({dataset}) => [dataset.level, dataset.code])),
        [['error', 'pcscNotRunning'], ['error', 'moduleMissing'], ['warning', 'browserSandboxed']]);
      const [first, second] = await texts(page, '#problems > li');
      assert.ok(first.includes(words.level) && first.includes(words.fix), first);
      assert.ok(second.includes('/opt/hicos/□gnp.so'), second);
      assert.equal(await page.locator('#rest summary').textContent(), words.rest);
      assert.equal(await page.locator('#rest li').first().isVisible(), false, 'what is well is folded away');
      await page.click('#rest summary');
      await page.waitForSelector('#rest li[data-code="browsers"]', {state: 'visible'});
      assert.equal(await page.locator('#rest b').count(), 0, 'no text becomes markup');
      await again(page, 'ok', 'info');
      assert.deepEqual(await texts(page, '#verdict'), [words.good]);
      assert.equal(await page.locator('#problems > li').count(), 0);
      await shown(page, `diagnosis-ok-${language}`);
      await page.close();
    });
  }

  test('while it lasts the page says so, and asks once', async () => {
    mood('wait');
    const asked = browser.received().filter(({method}) => method === 'doctor').length;
    const page = await options(browser);
    await state(page, 'examining');
    await page.waitForSelector('#connection[data-state="connected"]');
    assert.match((await texts(page, '#verdict'))[0], /正在檢查/);
    assert.equal(await page.locator('#examining').isVisible(), true);
    for (const id of ['examine', 'copy', 'save']) assert.equal(await page.locator(`#${id}`).isDisabled(), true, id);
    await shown(page, 'diagnosis-examining');
    // its messages must not come late, into the next test's
    while (browser.received().filter(({method}) => method === 'doctor').length === asked) await new Promise((resolve) => { setTimeout(resolve, 50); });
    await page.close();
  });

  test('its connection asks for the host’s own process, that of portals does not', async () => {
    mood('ok');
    const from = browser.received().length;
    const page = await options(browser);
    await state(page, 'info');
    const portal = await browser.open();
    portal.setDefaultTimeout(120_000);
    await press(portal, {method: 'certificates'});
    await outcome(portal);
    const since = browser.received().slice(from);
    assert.equal(since.filter(({method}) => method === 'doctor').length, 1);
    assert.equal(since.filter(({method, params}) => method === 'hello' && params.local).length, 1, 'the page alone says so');
    assert.equal(since.filter(({method}) => method === 'certificates').length, 1);
    await Promise.all([page.close(), portal.close()]);
  });

  test('a web page cannot ask', async () => {
    const before = browser.received().filter(({method}) => method === 'doctor').length;
    const portal = await browser.open();
    const refused = await portal.evaluate(() => new Promise((resolve) => {
      addEventListener('message', ({data}) => { if (data.cardbridge === 'response') resolve(data.error); });
      postMessage({cardbridge: 'request', id: 'd', method: 'doctor', params: {}}, '*');
    }));
    assert.equal(refused.code, 'unknownMethod');
    assert.equal(browser.received().filter(({method}) => method === 'doctor').length, before);
    await portal.close();
  });

  test('the report is copied, and saved as a file', async () => {
    mood('error');
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], {origin: `chrome-extension://${EXTENSION_ID}`}).catch(() => {});
    const page = await options(browser);
    await state(page, 'error');
    await page.evaluate(() => { navigator.clipboard.writeText = async (text) => { window.copiedText = text; }; });
    await page.click('#copy');
    await page.waitForFunction(() => document.getElementById('handed').textContent !== '');
    assert.match((await texts(page, '#handed'))[0], /^已複製/);
    const copied = JSON.parse(await page.evaluate(() => window.copiedText));
    assert.equal(copied.extension.id, EXTENSION_ID);
    assert.deepEqual(copied.host.findings.map(({code}) => code).slice(0, 2), ['pcscNotRunning', 'moduleMissing']);
    assert.ok(copied.host.findings.every((finding) => finding.en.finding && finding['zh-TW'].finding));
    await page.evaluate(() => { navigator.clipboard.writeText = async () => { throw new Error('not allowed'); }; });
    await page.click('#copy');
    await page.waitForFunction(() => document.getElementById('handed').textContent.startsWith('無法複製'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    assert.equal(download.suggestedFilename(), 'cardbridge-report.json');
    const file = join(folder, 'report.json');
    await download.saveAs(file);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), copied);
    assert.match((await texts(page, '#handed'))[0], /^已儲存/);
    await page.close();
  });

  test('a host of before, one that dies, one that says nonsense', async () => {
    mood('unknown');
    const page = await options(browser);
    await state(page, 'hostOutdated');
    assert.ok((await texts(page, '#verdict'))[0].includes('hostOutdated'));
    await again(page, 'exit', 'hostExited');
    await again(page, 'garbage', 'hostGarbled');
    await again(page, 'ok', 'info');
    await page.close();
  });
});

for (const language of ['zh-TW', 'en']) {
  test(`without a host the page says what to do, once: ${language}`, async (t) => {
    mood('ok');
    const browser = await start({host: 'missing', env: {CARDBRIDGE_FAKE_DOCTOR: moodFile}});
    t.after(() => browser.stop());
    const page = await options(browser, language);
    await state(page, 'hostNotInstalled');
    await page.waitForSelector('#connection .failure[data-code="hostNotInstalled"]');
    await page.waitForFunction((text) => document.getElementById('verdict').textContent.startsWith(text), language === 'en' ? 'The host did not answer' : '主程式沒有回應');
    assert.equal(await page.locator('#verdict .failure').count(), 0);
    await shown(page, `diagnosis-missing-${language}`);
    // it is installed while the page is open, then lost again
    browser.register();
    await page.click('#examine');
    await state(page, 'info');
    await page.waitForSelector('#connection[data-state="connected"]');
    await page.close();
  });
}
