// axe-core on every page of the portal, on every error page, on the extension's window and pages: both languages, by day and
// by night.
import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, test} from 'node:test';
import {violations} from '../world/axe.mjs';
import {WRONG, picture, pressIn, startVisit, typePIN} from './visit.mjs';

let visit;
let looked = 0;
const against = [];
before(async () => { visit = await startVisit({portal: {args: ['-limit-card', '0', '-revocation', 'ocsp']}}); });
after(async () => {
  await visit?.stop();
  assert.ok(looked >= 70, `axe-core looked at ${looked} pages`);
});
beforeEach(async () => { await visit.begin(); });
afterEach(() => { assert.deepEqual(against.splice(0), []); });

/** By day, by night. */
async function look(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'}); // nothing is on its way from one colour to the other
    const found = await violations(page);
    looked++;
    against.push(...found.map((line) => `${name}, ${colorScheme}: ${line}`));
    if (colorScheme === 'dark') await picture(page, `85-dark-${name}`);
  }
  await page.emulateMedia({colorScheme: null, reducedMotion: null});
}

/** A page of the portal as it stands, in both languages, everything unfolded. */
async function lookAtPage(name, {asked = true} = {}) {
  const {page} = visit;
  const unfold = () => page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
  for (const lang of asked ? ['en', 'zh-TW'] : [await page.getAttribute('html', 'lang')]) {
    if (asked) {
      await page.goto(`${visit.portal.origin}${new URL(page.url()).pathname}?lang=${lang}`);
      await page.waitForFunction(() => !document.querySelector('#status') || document.querySelector('#status').dataset.mood !== 'busy');
    }
    await unfold();
    await look(page, `${name}-${lang.toLowerCase()}`);
  }
}

test('it would see something', async () => {
  const page = await visit.atLogin();
  await page.evaluate(() => document.querySelector('img.card').removeAttribute('alt'));
  assert.match((await violations(page)).join('\n'), /^image-alt/m);
});

test('the pages of a login', async () => {
  await visit.atLogin();
  await lookAtPage('login');
  await visit.page.goto(`${visit.portal.origin}/?out=1`);
  await visit.page.waitForFunction(() => document.querySelector('#status').dataset.mood !== 'busy');
  await lookAtPage('logged-out', {asked: false});
  await visit.present('newcomer');
  await visit.arrive('/account');
  await lookAtPage('account');
  await visit.name('xiaomei.lin');
  await visit.arrive('/welcome');
  await lookAtPage('welcome');
  await visit.present('agency');
  await visit.arrive('/agency');
  await lookAtPage('agency');
  await visit.present('reissued');
  await visit.arrive('/account');
  await visit.name('xiaoming.wang');
  await visit.arrive('/welcome');
  await lookAtPage('replaced');
});

for (const lang of ['zh-TW', 'en']) {
  const path = `/?lang=${lang}`;
  const asIs = {asked: false};

  test(`refusals of an account, ${lang}`, async () => {
    await visit.present('left', {path});
    await visit.arrive('/account');
    for (const [typed, code] of [['A123456788', 'malformedAccount'], ['nobody.here', 'notInFile'], ['dawen.chen', 'otherHolder']]) {
      await visit.name(typed);
      await visit.refused(code);
      await lookAtPage(code.toLowerCase(), asIs);
      await visit.page.click('#back');
    }
    await visit.name('xiaoying.wu');
    await visit.refused('leftOffice');
    await lookAtPage('leftoffice', asIs);
    await visit.present('namesake', {path});
    await visit.arrive('/account');
    for (let i = 0; i < 6; i++) {
      await visit.open('/account');
      await visit.name('nobody.here');
    }
    await visit.refused('tooManyTries');
    await lookAtPage('toomanytries', asIs);
  });

  test(`refusals of a card, ${lang}`, async () => {
    for (const [card, code] of [['revoked', 'revoked'], ['test-agency', 'testCard'], ['agency-unknown', 'unknownAgency']]) {
      await visit.present(card, {path});
      await visit.refused(code);
      await lookAtPage(`card-${card}`, asIs);
    }
    await visit.rig.ask('ocsp', {mode: 'silent'});
    await visit.present('agency', {path});
    await visit.page.waitForSelector('#agency:not([hidden])');
    await look(visit.page, `verifying-${lang.toLowerCase()}`);
    await visit.page.click('#cancel');
  });

  test(`the extension’s window, ${lang}`, async () => {
    const name = (state) => `window-${state}-${lang.toLowerCase()}`;
    let window = await visit.press('citizen-two', path);
    await window.waitForSelector('body[data-state="choose"]');
    await look(window, name('choose'));
    await pressIn(window, '#cancel');
    await visit.rig.ask('remove', {reader: 0});
    window = await visit.press(null, path);
    await window.waitForSelector('body[data-state="wait"]');
    await look(window, name('no-card'));
    await visit.put('expired');
    await window.waitForFunction(() => document.querySelector('.choice'));
    await window.click('details.aside summary');
    await look(window, name('unusable'));
    await visit.put('citizen');
    await window.waitForSelector('body[data-state="pin"]');
    await look(window, name('pin'));
    await typePIN(window, WRONG);
    await window.waitForSelector('body[data-notice="wrongPIN"]');
    await look(window, name('wrong'));
    await typePIN(window, WRONG);
    await window.waitForSelector('body[data-state="lastTry"]');
    await look(window, name('last-try'));
    await window.waitForSelector('#ok:not([disabled])');
    await pressIn(window, '#ok');
    await typePIN(window, WRONG);
    await window.waitForSelector('body[data-state="locked"]');
    await look(window, name('locked'));
    await pressIn(window, '#ok');
    await visit.refused('pinLocked');
    await lookAtPage('pinlocked', asIs);
  });

  test(`the extension’s own pages, ${lang}`, async () => {
    const {worker} = visit.world.browser;
    await worker.evaluate((language) => chrome.storage.local.set({language}), lang);
    const id = new URL(worker.url()).host;
    for (const name of ['options', 'popup']) {
      const page = await visit.world.browser.open(`chrome-extension://${id}/${name}/${name}.html`);
      await page.waitForSelector('#connection .good');
      await look(page, `${name}-${lang.toLowerCase()}`);
    }
    await worker.evaluate(() => chrome.storage.local.remove('language'));
  });
}
