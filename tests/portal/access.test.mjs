// With the keyboard alone, on a narrow screen, without JavaScript.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {chromium} from 'playwright-core';
import {picture, startVisit} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit(); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

/** Tab until the focus is there; each stop on the way shows where it is. */
async function tabTo(page, selector) {
  for (let steps = 0; steps < 20; steps++) {
    await page.keyboard.press('Tab');
    const {there, outline} = await page.evaluate((wanted) => {
      const at = document.activeElement;
      return {there: at.matches(wanted), outline: getComputedStyle(at).outlineStyle};
    }, selector);
    if (there) {
      assert.notEqual(outline, 'none', 'the focus is seen');
      return;
    }
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test('a first login with the keyboard alone', async () => {
  await visit.put('newcomer');
  const page = await visit.atLogin();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  await tabTo(page, '#submit');
  await picture(page, '81-keyboard');
  await page.keyboard.press('Enter');
  const window = await visit.world.browser.prompt('pin');
  assert.equal(await window.evaluate(() => document.activeElement.id), 'pin');
  await window.keyboard.type('123456');
  await window.waitForSelector('#ok:not([disabled])');
  await window.keyboard.press('Enter').catch((error) => { if (!window.isClosed()) throw error; });
  await visit.arrive('/account');
  await page.bringToFront();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'account', 'the cursor is in the field');
  await page.keyboard.type('nobody.here');
  await page.keyboard.press('Enter');
  await visit.refused('notInFile');
  await tabTo(page, '#back');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#account');
  assert.equal(await page.inputValue('#account'), 'nobody.here');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('xiaomei.lin');
  await tabTo(page, '#next');
  await page.keyboard.press('Enter');
  await visit.arrive('/welcome');
  await visit.holds({trail: ['login proved', 'bind notInFile', 'bind ok'], session: 'person xiaomei.lin', bound: ['+moica/0000000000000004 xiaomei.lin']});
  await tabTo(page, 'form[action="/logout"] button');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/?out=1');
  assert.equal(await visit.cookie(), undefined);
});

test('320 px wide: nothing scrolls sideways, on any page, in either language', async () => {
  const widths = [];
  /** Both languages of the page as it stands; a page that answered a form is not asked for again. */
  async function narrow(name, {reload = true} = {}) {
    const {page} = visit;
    for (const lang of reload ? ['zh-TW', 'en'] : ['zh-TW']) {
      if (reload) {
        await page.goto(`${visit.portal.origin}${new URL(page.url()).pathname}?lang=${lang}`);
        await page.waitForFunction(() => !document.querySelector('#status') || document.querySelector('#status').dataset.mood !== 'busy');
      }
      await page.setViewportSize({width: 320, height: 640});
      await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) widths.push(`${name} ${lang}: ${width}`);
      await picture(page, `82-narrow-${name}-${lang.toLowerCase()}`);
    }
    await page.setViewportSize({width: 1280, height: 860});
    await page.goto(`${visit.portal.origin}/static/icon.svg?lang=zh-TW`);
  }
  await visit.atLogin();
  await narrow('login');
  await visit.present('namesake');
  await visit.arrive('/account');
  await narrow('account');
  await visit.open('/account?lang=zh-TW');
  await visit.name('nobody.here');
  await visit.refused('notInFile');
  await narrow('problem', {reload: false});
  await visit.present('citizen');
  await visit.arrive('/welcome');
  await narrow('welcome');
  await visit.present('agency');
  await visit.arrive('/agency');
  await narrow('agency');
  await visit.present('revoked');
  await visit.refused('revoked');
  await narrow('refused', {reload: false});
  assert.deepEqual(widths, []);
});

test('without JavaScript: the login page says what it needs, the account form works', async () => {
  await visit.present('noaccount');
  await visit.arrive('/account');
  const cookies = await visit.context.cookies();
  const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu']});
  try {
    const context = await browser.newContext({javaScriptEnabled: false, viewport: {width: 1280, height: 860}});
    const page = await context.newPage();
    await page.goto(visit.portal.origin);
    assert.match(await page.locator('main').innerText(), /登入需要 JavaScript/);
    await picture(page, '83-no-javascript');
    await context.addCookies(cookies);
    await page.goto(`${visit.portal.origin}/account`);
    await page.fill('#account', 'nobody.here');
    await page.click('#next');
    assert.match(await page.locator('#problem').innerText(), /代碼 notInFile/);
    await page.click('#back');
    assert.equal(await page.inputValue('#account'), 'nobody.here');
    await page.fill('#account', 'E123456783');
    await page.click('#next');
    await page.waitForURL('**/welcome');
    assert.match(await page.locator('main').innerText(), /黃大華\s*您好/);
    await visit.context.addCookies(await context.cookies());
    await visit.holds({trail: ['login proved', 'bind notInFile', 'bind ok'], session: 'person 黃大華', bound: ['+moica/0000000000000005 黃大華']});
    await page.click('form[action="/logout"] button');
    assert.match(await page.locator('main').innerText(), /您已登出/);
  } finally {
    await browser.close();
  }
});

test('a form without this session’s token, or from elsewhere, changes nothing', async () => {
  await visit.present('citizen');
  await visit.arrive('/welcome');
  await visit.page.evaluate(() => { document.querySelector('input[name="csrf"]').value = 'x'; });
  await visit.page.click('form[action="/logout"] button');
  assert.match(await visit.page.innerText('#problem'), /代碼 crossSite/);
  await picture(visit.page, '84-cross-site');
  await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
});
