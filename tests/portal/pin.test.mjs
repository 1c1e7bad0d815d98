// Wrong PINs and locked cards: the window and the page lead to the page of the authority that issued the card.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {PIN, WRONG, picture, pressIn, startVisit, typePIN} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit(); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

const nothing = {trail: [], session: null};

test('wrong once: the tries that are left, then in', async () => {
  const window = await visit.press('letters');
  await typePIN(window, WRONG);
  await window.waitForSelector('body[data-notice="wrongPIN"]');
  assert.match(await window.innerText('main'), /PIN 碼錯誤，沒有登入。[^]*至少還可以試 2 次/);
  await picture(window, '60-window-wrong-pin');
  await visit.holds(nothing);
  await typePIN(window, 'Abc123');
  await visit.arrive('/welcome');
  await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
});

for (const [card, name, href, number] of [
  ['newcomer', 'MOICA 內政部憑證管理中心', 'https://moica.nat.gov.tw/', 61],
  ['agency', 'GCA 政府憑證管理中心', 'https://gcaweb.nat.gov.tw/', 65],
]) {
  test(`${card}: the third wrong PIN locks; where it is unlocked stands in the window, then on the page`, async () => {
    const window = await visit.press(card);
    for (const tries of [3, 2, 1]) {
      if (tries === 1) {
        await window.waitForSelector('body[data-state="lastTry"]');
        await picture(window, `${number}-window-last-try-${card}`);
        await window.waitForSelector('#ok:not([disabled])');
        await pressIn(window, '#ok');
      }
      await typePIN(window, WRONG);
      if (tries > 1) await window.waitForSelector(`body[data-state="${tries === 2 ? 'lastTry' : 'pin'}"][data-notice="wrongPIN"]`);
    }
    await window.waitForSelector('body[data-state="locked"]');
    assert.match(await window.innerText('main'), /鎖/);
    assert.equal(await window.getAttribute('#unlock', 'href'), href);
    await picture(window, `${number + 1}-window-locked-${card}`);
    await pressIn(window, '#ok');
    const text = await visit.refused('pinLocked');
    assert.match(text, /鎖/);
    assert.equal(await visit.page.getAttribute('#problem a', 'href'), href);
    await visit.page.getByRole('link', {name}).waitFor(); // the help beside it is open, both authorities named
    await picture(visit.page, `${number + 2}-page-locked-${card}`);
    await visit.holds(nothing);
    assert.deepEqual((({pinTries, verifies}) => [pinTries, verifies])((await visit.rig.ask('state')).cards[card]), [0, 3]);
  });
}

test('a card that was locked before: said at once, no PIN is asked for', async () => {
  await visit.put('locked');
  await visit.rig.ask('set', {card: 'locked', pinTries: 0});
  const window = await visit.press();
  await window.waitForSelector('body[data-state="locked"]');
  assert.match(await window.innerText('main'), /鎖/);
  await picture(window, '68-window-was-locked');
  await pressIn(window, '#ok');
  await visit.refused('pinLocked');
  await visit.holds(nothing);
  assert.equal((await visit.rig.ask('state')).cards.locked.verifies, 0);
});

test('the PIN window, in Chinese and in English; closed, nothing has happened', async () => {
  const window = await visit.press('citizen');
  await window.waitForSelector('body[data-state="pin"]');
  assert.equal(await window.textContent('#origin'), visit.portal.origin);
  await picture(window, '69-window-pin');
  await window.click('#language');
  assert.match(await window.innerText('main'), /PIN of your card/);
  await picture(window, '69b-window-pin-en');
  await pressIn(window, '#cancel');
  assert.match(await visit.refused('userCancelled'), /取消/);
  await picture(visit.page, '70-cancelled');
  await visit.holds(nothing);
  await visit.page.click('#submit');
  await typePIN(await visit.world.browser.prompt('pin'), PIN);
  await visit.arrive('/welcome');
});
