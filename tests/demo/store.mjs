// make store-pictures: what the extension stores show, as 1280 x 800, in both languages: docs/store/<language>/.
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {createWorld, root} from '../world/world.mjs';
import {compose} from './picture.mjs';

const SIZE = {width: 1280, height: 800};

for (const lang of ['zh-TW', 'en']) {
  const folder = join(root, 'docs/store', lang);
  mkdirSync(folder, {recursive: true});
  const world = await createWorld({cards: 'citizen', browser: {lang}});
  try {
    const {browser, portal} = world;
    const page = await browser.open(`${portal.origin}/?lang=${lang}`);
    await page.setViewportSize(SIZE);
    await page.waitForSelector('#submit:not([disabled])');
    await page.click('#submit');
    const window = await browser.prompt('pin');
    await compose(browser.context, page, window, join(folder, '1-pin-window.png'));
    await window.close();
    await browser.worker.evaluate((language) => chrome.storage.local.set({language}), lang);
    const options = await browser.context.newPage();
    await options.setViewportSize(SIZE);
    await options.goto(`chrome-extension://${new URL(browser.worker.url()).host}/options/options.html`);
    await options.waitForSelector(`html[lang="${lang === 'en' ? 'en' : 'zh-Hant-TW'}"]`);
    await options.waitForSelector('#connection[data-state="connected"]');
    await options.waitForSelector('#diagnosis:not([data-state="examining"])', {timeout: 120_000});
    await options.screenshot({path: join(folder, '2-settings.png')});
  } finally {
    await world.stop();
  }
}
