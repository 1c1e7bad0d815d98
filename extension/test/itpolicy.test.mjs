// What IT's policy says to the extension's own pages: their language, whom to ask.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before} from 'node:test';
import {EXTENSION_ID, start} from './browser.mjs';

const shots = process.env.CARDBRIDGE_SHOTS ?? mkdtempSync(join(tmpdir(), 'cardbridge-shots-'));
mkdirSync(shots, {recursive: true});
const helpDesk = {text: '資訊室 分機 1234', phone: '02-2345-6789', email: 'help@dgpa.gov.tw', url: 'https://help.example.gov.tw/cards'};

let browser;
before(async () => {
  browser = await start({lang: 'zh-TW', env: {CARDBRIDGE_FAKE_POLICY: JSON.stringify({language: 'en', helpDesk})}});
});
after(() => browser.stop());

/** A page of the extension, once it has heard of the host. */
async function own(path, ready) {
  const page = await browser.context.newPage();
  await page.setViewportSize(path.startsWith('popup') ? {width: 400, height: 520} : {width: 900, height: 1250});
  await page.goto(`chrome-extension://${EXTENSION_ID}/${path}`);
  await page.waitForSelector(ready);
  return page;
}

for (const [path, ready, title] of [
  ['options/options.html', '#connection[data-state="connected"] .contact', {'zh-TW': '憑證通 CardBridge 設定', en: 'CardBridge 憑證通 settings'}],
  ['popup/popup.html', '#connection .contact', {'zh-TW': '憑證通 CardBridge', en: 'CardBridge 憑證通'}],
]) {
  test(`${path} speaks IT's language unless the person chose one, and names the help desk`, async () => {
    const name = path.split('/')[0];
    for (const [chosen, lang, html] of [[undefined, 'en', 'en'], ['zh-TW', 'zh-TW', 'zh-Hant-TW'], [undefined, 'en', 'en']]) {
      await browser.worker.evaluate((language) => (language ? chrome.storage.local.set({language}) : chrome.storage.local.remove('language')), chosen);
      const page = await own(path, ready);
      await page.waitForSelector(`html[lang="${html}"]`);
      assert.equal(await page.textContent('h1'), title[lang]);
      const line = await page.innerText('.contact');
      for (const part of Object.values({...helpDesk, url: 'help.example.gov.tw'})) assert.ok(line.includes(part), `${part}: ${line}`);
      assert.equal(await page.getAttribute('.contact a', 'href'), helpDesk.url);
      await page.screenshot({path: join(shots, `itpolicy-${name}-${lang}.png`)});
      await page.close();
    }
  });
}
