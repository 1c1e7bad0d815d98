// An agency's login: the card must stay in while it is verified.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {PIN, picture, startVisit, typePIN} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit({portal: {args: ['-revocation', 'ocsp']}}); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

test('a unit of an agency', async () => {
  await visit.present('agency-unit');
  assert.match(await visit.arrive('/agency'), /範例機關範例單位[^]*399990001B/);
  await visit.holds({trail: ['login ok'], session: 'agency 2.16.886.101.20003.29999.1'});
  await visit.leave();
  await visit.holds({trail: ['login ok', 'logout ok'], session: null});
});

test('in English', async () => {
  await visit.present('agency', {path: '/?lang=en'});
  assert.match(await visit.arrive('/agency'), /Agency login[^]*The agency card was verified[^]*399990000A/);
  await picture(visit.page, '50-agency-en');
  await visit.holds({trail: ['login ok'], session: 'agency 2.16.886.101.20003.29999'});
});

test('an agency without a code: the seed’s words, with the help desk', async () => {
  await visit.present('agency-unknown');
  assert.match(await visit.refused('unknownAgency'), /機關憑證驗證回傳之代碼不存在於本總處機關代碼檔中。[^]*如確定已向本總處申請機關代碼，請向本總處客服中心反應[^]*範例新設機關/);
  await picture(visit.page, '51-unknown-agency');
  const [event] = await visit.holds({trail: ['login unknownAgency'], session: null});
  assert.equal(event.agency, '2.16.886.101.20003.29998');
});

/** An agency's login that waits for a responder that says nothing. */
async function waiting() {
  await visit.rig.ask('ocsp', {mode: 'silent'});
  await visit.present('agency');
  await visit.page.waitForSelector('#agency:not([hidden])');
}

test('while it is verified: 「機關憑證驗證中，請勿拔出卡片」 with progress; cancelled, nobody is in', async () => {
  await waiting();
  assert.match(await visit.page.innerText('#agency'), /機關憑證驗證中，請勿拔出卡片/);
  const bar = visit.page.getByRole('progressbar', {name: '機關憑證驗證中，請勿拔出卡片'});
  assert.ok(await bar.isVisible());
  assert.ok((await bar.boundingBox()).width > 200);
  await picture(visit.page, '52-agency-verifying');
  await visit.page.click('#cancel');
  await visit.page.waitForFunction(() => document.querySelector('#status').textContent === '已取消登入。');
  assert.equal(await visit.page.locator('#agency').isHidden(), true);
  await visit.until(['login cancelled']);
  await visit.holds({trail: ['login cancelled'], session: null});
});

test('the card is pulled meanwhile: a clear message, nobody is in; put back, it works', async () => {
  await waiting();
  await visit.rig.ask('remove', {reader: 0});
  await visit.page.waitForFunction(() => document.querySelector('#agency-text').textContent.includes('拔出'));
  const text = await visit.refused('cardRemoved');
  assert.match(text, /卡片在驗證完成前被拔出了。[^]*沒有登入。請插回機關憑證，再按一次【登入】/);
  await picture(visit.page, '53-agency-pulled');
  assert.equal(await visit.database.session(await visit.cookie()), null);
  assert.equal(await visit.database.count(`sessions WHERE state = 'agency' AND since >= ${visit.since}`), 0);
  await visit.rig.ask('ocsp', {mode: 'good'});
  await visit.rig.ask('insert', {reader: 0, card: 'agency'});
  await visit.page.click('#submit');
  await typePIN(await visit.world.browser.prompt('pin'), PIN);
  await visit.arrive('/agency');
  assert.equal(await visit.database.session(await visit.cookie()), 'agency 2.16.886.101.20003.29999');
});

test('the card is pulled, and the verification succeeds all the same: what it opened is closed again', async () => {
  // The answer of the portal is held back until the card is out; the session was open for that moment.
  await visit.put('agency');
  await visit.atLogin();
  let release;
  const out = new Promise((resolve) => { release = resolve; });
  await visit.page.route('**/api/login', async (route) => {
    const response = await route.fetch();
    await out;
    await route.fulfill({response});
  });
  await visit.page.click('#submit');
  await typePIN(await visit.world.browser.prompt('pin'), PIN);
  await visit.page.waitForSelector('#agency:not([hidden])');
  await visit.rig.ask('remove', {reader: 0});
  await visit.page.waitForFunction(() => document.querySelector('#agency-text').textContent.includes('拔出'));
  release();
  await visit.refused('cardRemoved');
  await visit.holds({trail: ['login ok', 'logout ok'], session: null, loggedIn: 0});
});

test('no answer about revocation at all: "could not check", not "bad card"', async () => {
  for (const mode of ['error', 'trylater']) {
    await visit.begin();
    await visit.rig.ask('ocsp', {mode});
    await visit.present('agency');
    assert.match(await visit.refused('revocation'), /目前無法查詢憑證是否已廢止。[^]*這不表示您的卡片有問題/);
    if (mode === 'error') await picture(visit.page, '54-agency-could-not-check');
    await visit.holds({trail: ['login revocation'], session: null});
  }
});
