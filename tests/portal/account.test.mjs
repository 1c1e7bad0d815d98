// What is wrong with the account that a person names, or with the person: every refusal, and what it leaves behind.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, beforeEach, test} from 'node:test';
import {people} from '../world/portal.mjs';
import {PIN, picture, startVisit, typePIN} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit(); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

const lin = 'moica/0000000000000004';

/** At the page that asks for the account, with a card that is bound to none. */
async function asked(card, options) {
  await visit.present(card, options);
  return visit.arrive('/account');
}

test('somebody who is in no personnel file', async () => {
  await asked('outsider');
  await visit.name('H223456788');
  assert.match(await visit.refused('notInFile'), /自訂帳號或身分證號不存在於公務人力資料庫中/);
  await visit.holds({trail: ['login proved', 'bind notInFile'], session: 'proved', tries: {'moica/0000000000000008': 1}});
});

test('malformed: not counted, and what was typed is kept', async () => {
  await asked('newcomer');
  for (const typed of ['A123456788', 'ａ１２３－４５６－７８８', 'x'.repeat(65)]) {
    await visit.name(typed);
    assert.match(await visit.refused('malformedAccount'), /輸入的內容不是自訂帳號，也不是正確的身分證號。[^]*這次不計入錯誤次數/);
    if (typed === 'A123456788') await picture(visit.page, '20-malformed');
    await visit.page.click('#back');
    await visit.page.waitForSelector('#account');
    assert.equal(await visit.page.inputValue('#account'), typed);
  }
  await visit.holds({trail: ['login proved', 'bind malformedAccount', 'bind malformedAccount', 'bind malformedAccount'], session: 'proved'});
});

test('somebody else’s ID number, in English', async () => {
  await asked('newcomer', {path: '/?lang=en'});
  await visit.name('E123456783');
  assert.match(await visit.refused('otherHolder'), /belongs to somebody other than the card's holder[^]*Tries left today: 4/);
  await picture(visit.page, '21-other-holder-en');
  await visit.holds({trail: ['login proved', 'bind otherHolder'], session: 'proved', tries: {[lin]: 1}});
});

test('the fifth wrong account is the last one today, also with the right one after it, also after a new login', async () => {
  await asked('newcomer');
  const left = [];
  let text;
  for (const typed of ['nobody.one', 'nobody.two', 'xiaoming.wang', 'nobody.four']) { // one was typed in the test before
    await visit.name(typed);
    text = await visit.refused(typed === 'xiaoming.wang' ? 'otherHolder' : 'notInFile');
    left.push(/次數： (\d)/.exec(text)?.[1]);
    if (typed !== 'nobody.four') await visit.page.click('#back');
  }
  assert.deepEqual(left, ['3', '2', '1', '0']);
  assert.match(text, /請明天再試/);
  assert.doesNotMatch(text, /上一步/);
  assert.equal(await visit.page.locator('#back').count(), 0, 'no way back to a field that takes nothing any more');
  await picture(visit.page, '22-no-try-left');
  await visit.page.click('#restart');
  await asked('newcomer');
  await visit.name('xiaomei.lin');
  assert.match(await visit.refused('tooManyTries'), /這張卡片今天已輸入錯誤 5 次，暫停身分驗證到明天。[^]*請明天再試，或洽本總處客服中心。您的卡片沒有被鎖住/);
  await picture(visit.page, '23-too-many-tries');
  await visit.holds({session: 'proved', tries: {[lin]: 6},
    trail: ['login proved', 'bind notInFile', 'bind notInFile', 'bind otherHolder', 'bind notInFile', 'logout ok', 'login proved', 'bind tooManyTries']});
  assert.equal((await visit.rig.ask('state')).cards.newcomer.pinTries, 3, 'the card is not locked');
});

test('left office: said at the first binding, to the holder alone', async () => {
  await asked('left');
  await visit.name('xiaomei.lin');
  await visit.refused('otherHolder');
  await visit.page.click('#back');
  await visit.name('xiaoying.wu');
  assert.match(await visit.refused('leftOffice'), /您在公務人力資料庫中為卸職狀態，非現職公務人員無法登入。[^]*如為現職公務人員，請洽所屬機關人事單位，儘速將您的個人資料報送至本總處完成入檔後/);
  await picture(visit.page, '24-left-office');
  await visit.holds({trail: ['login proved', 'bind otherHolder', 'bind leftOffice'], session: 'proved', tries: {'moica/0000000000000006': 1}});
  await asked('outsider');
  await visit.name('xiaoying.wu');
  await visit.refused('otherHolder'); // another card’s holder does not learn that this person has left
});

test('left office since the binding: refused at once', async () => {
  await visit.present('left-bound');
  assert.match(await visit.refused('leftOffice'), /卸職狀態[^]*劉大同/);
  await picture(visit.page, '25-left-office-bound');
  const [event] = await visit.holds({trail: ['login leftOffice'], session: null});
  assert.match(event.person, /^[0-9a-f]{64}$/);
});

test('bound, but not in the newest file any more: refused; when the file names the person again, in', async () => {
  const without = join(visit.world.folder, 'personnel.csv');
  writeFileSync(without, readFileSync(people.personnel, 'utf8').split('\n').filter((line) => !line.startsWith('B100144321')).join('\n'));
  await visit.portal.importFile('personnel', without, '-shrink');
  await visit.present('citizen2');
  assert.match(await visit.refused('vanished'), /您的資料已不在公務人力資料庫中。[^]*請洽所屬機關人事單位報送資料/);
  await picture(visit.page, '26-vanished');
  assert.ok((await visit.database.bindings()).includes('moica/0000000000000002 (nobody)'), 'the binding outlives the file');
  await visit.portal.importFile('personnel', people.personnel);
  await visit.page.click('#submit');
  await typePIN(await visit.world.browser.prompt('pin'), PIN);
  assert.match(await visit.arrive('/welcome'), /陳大文/);
  await visit.holds({trail: ['import ok', 'login vanished', 'import ok', 'login ok'], session: 'person dawen.chen'});
});

test('somebody who left while logged in is out at the next click', async () => {
  await visit.present('citizen2');
  await visit.arrive('/welcome');
  const changed = join(visit.world.folder, 'left.csv');
  writeFileSync(changed, readFileSync(people.personnel, 'utf8').replace('陳大文,現職', '陳大文,卸職'));
  await visit.portal.importFile('personnel', changed);
  await visit.page.reload();
  assert.match(await visit.page.innerText('main'), /登入已逾時或已結束/);
  await visit.portal.importFile('personnel', people.personnel);
  await visit.holds({trail: ['login ok', 'import ok', 'import ok'], session: null});
});

test('the account was bound by another login meanwhile: the second browser is simply in', async () => {
  await asked('noaccount');
  const first = visit.page;
  const cookie = await visit.cookie();
  await visit.context.clearCookies();
  await asked('noaccount');
  await visit.name('E123456783');
  await visit.arrive('/welcome');
  await visit.context.clearCookies();
  await visit.context.addCookies([{name: 'session', value: cookie, url: visit.portal.origin, httpOnly: true, sameSite: 'Strict'}]);
  await first.bringToFront();
  await first.fill('#account', 'E123456783');
  await first.click('#next');
  await first.waitForURL('**/welcome');
  await visit.holds({trail: ['login proved', 'login proved', 'bind ok', 'bind ok'], session: 'person 黃大華', bound: ['+moica/0000000000000005 黃大華'], loggedIn: 2});
});
