// Cards that are refused for what their certificate is: by the extension's window before the PIN, or by the portal after it.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, beforeEach, test} from 'node:test';
import {root} from '../world/process.mjs';
import {PIN, picture, pressIn, startVisit, typePIN} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit(); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

let number = 30;
const next = (name) => `${number++}-${name}`;

// The window shows what the card says of itself, so that no PIN is typed for nothing.
for (const [card, said] of [
  ['expired', /憑證已過期/], ['notyet', /憑證尚未生效|還沒(有)?生效/], ['encryption', /加密/], ['emailonly', /用途/], ['wrongusage', /加密用憑證，不能登入/],
]) {
  test(`${card}: the window says so, no PIN is asked for`, async () => {
    const window = await visit.press(card);
    await window.waitForSelector('body[data-state="wait"]');
    assert.match(await window.innerText('main'), said);
    await picture(window, next(`window-${card}`));
    await pressIn(window, '#cancel');
    await visit.refused('userCancelled');
    assert.equal((await visit.rig.ask('state')).cards[card].verifies, 0);
    await visit.holds({trail: [], session: null});
  });
}

/** card, code, what a person reads; the certificate that was presented is shown beside it. */
const refusals = [
  ['revoked', 'revoked', /憑證已廢止。[^]*向發卡的憑證管理中心重新申請憑證[^]*王小明/, 'citizen'],
  ['untrusted', 'untrusted', /憑證的簽發機構不受信任[^]*王小明/, 'citizen'],
  ['test', 'testCard', /這是測試憑證/, 'test'],
  ['test-agency', 'testCard', /請勿使用測試之機關憑證登入，因其無法代表正式之機關/, 'test'],
  ['organisation', 'wrongCardKind', /這種卡片不能登入本網站。[^]*請改用自然人憑證或機關憑證[^]*組織及團體憑證/, 'organisation'],
  ['business', 'wrongCardKind', /這種卡片不能登入本網站[^]*工商憑證/, 'business'],
  ['notail', 'incompleteCertificate', /憑證缺少核對身分所需的資料[^]*許小芳/, 'citizen'],
  ['noserial', 'incompleteCertificate', /憑證缺少核對身分所需的資料[^]*鄭大中/, 'citizen'],
];
for (const [card, code, said, kind] of refusals) {
  test(`${card}: ${code}`, async () => {
    await visit.present(card);
    assert.match(await visit.refused(code), said);
    await picture(visit.page, next(`refused-${card}`));
    const [event] = await visit.holds({trail: [`login ${code}`], session: null});
    assert.equal(event.card_kind, kind);
    assert.match(event.thumbprint, /^[0-9a-f]{64}$/);
    assert.equal(await visit.page.locator('#submit:enabled').count(), 1, 'another card may be tried at once');
  });
}

test('in English', async () => {
  await visit.present('revoked', {path: '/?lang=en'});
  assert.match(await visit.refused('revoked'), /The certificate has been revoked\.[^]*Apply for a new one/);
  await picture(visit.page, next('refused-revoked-en'));
  await visit.holds({trail: ['login revoked'], session: null});
});

// A card expires between window and portal only at midnight, so the portal's answer is put in here; that the portal gives it
// is for portal/verify's own tests.
for (const [code, said] of [['expired', /憑證已過期。[^]*請向發卡的憑證管理中心辦理展期或換發/], ['notYetValid', /憑證尚未生效。[^]*請在生效日之後再登入/]]) {
  test(`the portal’s own word for ${code}`, async () => {
    await visit.put('citizen');
    await visit.atLogin();
    const {[code]: text} = JSON.parse(readFileSync(join(root, 'portal', 'demo', 'web', 'texts.json'), 'utf8')).refusals;
    const by = (part) => ({'zh-TW': text['zh-TW'][part], en: text.en[part]});
    await visit.page.route('**/api/login', (route) => route.fulfill({status: 401, json: {error: {code, message: by('message'), hint: by('hint'), request: 'r'}}}));
    await visit.page.click('#submit');
    await typePIN(await visit.world.browser.prompt(), PIN);
    assert.match(await visit.refused(code), said);
    await picture(visit.page, next(`refused-${code.toLowerCase()}`));
    await visit.holds({trail: [], session: null});
  });
}

test('the issuer cannot be asked: told apart from a bad card; when it answers again, in', async () => {
  await visit.rig.ask('ocsp', {mode: 'error'});
  await visit.rig.ask('crl', {mode: 'error'});
  await visit.present('citizen');
  assert.match(await visit.refused('revocation'), /目前無法查詢憑證是否已廢止。[^]*這不表示您的卡片有問題。請稍候幾分鐘再登入一次/);
  await picture(visit.page, next('could-not-check'));
  await visit.holds({trail: ['login revocation'], session: null});
});
