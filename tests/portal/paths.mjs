// The main paths through the login, the same on every database.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {picture} from './visit.mjs';

const wang = 'moica/0000000000000001 xiaoming.wang';
const lin = 'moica/0000000000000004 xiaomei.lin';

/** @param {() => Awaited<ReturnType<typeof import('./visit.mjs').startVisit>>} at  @param {string} series of the pictures: "0" gives 01, 02 … */
export function mainPaths(at, series) {
  const shoot = (name) => picture(at().page, `${series}${name}`);

  test('bound before: only the PIN', async () => {
    const visit = at();
    await visit.atLogin();
    await shoot('1-login');
    await visit.present('citizen');
    assert.match(await visit.arrive('/welcome'), /王小明\s*您好[^]*憑證驗證成功，您已登入/);
    await shoot('2-welcome');
    const [event] = await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
    assert.deepEqual([event.card_kind, event.card], ['citizen', 'moica/0000000000000001']);
    assert.match(event.person, /^[0-9a-f]{64}$/);
  });

  test('the first time, with the account; from then on only the PIN', async () => {
    const visit = at();
    await visit.present('newcomer');
    assert.match(await visit.arrive('/account'), /憑證檢核通過[^]*林小美 您好，這是您第一次用這張自然人憑證登入[^]*如無自訂帳號，請輸入身分證號/);
    await shoot('3-account');
    await visit.holds({trail: ['login proved'], session: 'proved'});
    const proved = await visit.cookie();
    await visit.name('xiaomei.lin');
    assert.match(await visit.arrive('/welcome'), /林小美\s*您好/);
    await visit.holds({trail: ['login proved', 'bind ok'], session: 'person xiaomei.lin', bound: [`+${lin}`]});
    assert.notEqual(await visit.cookie(), proved, 'a new session at login');
    assert.equal(await visit.database.session(proved), null);
    await visit.leave();
    assert.match(await visit.page.innerText('main'), /您已登出，請記得取回憑證卡/);
    await shoot('4-logged-out');
    await visit.holds({trail: ['login proved', 'bind ok', 'logout ok'], session: null, bound: [`+${lin}`]});
    await visit.present('newcomer');
    assert.match(await visit.arrive('/welcome'), /林小美\s*您好/);
    await visit.holds({trail: ['login proved', 'bind ok', 'logout ok', 'login ok'], session: 'person xiaomei.lin', bound: [`+${lin}`]});
  });

  test('the first time, with the ID number', async () => {
    const visit = at();
    await visit.present('noaccount');
    await visit.arrive('/account');
    await visit.name(' e123456783');
    assert.match(await visit.arrive('/welcome'), /黃大華\s*您好/);
    await shoot('5-first-by-id-number');
    await visit.holds({trail: ['login proved', 'bind ok'], session: 'person 黃大華', bound: ['+moica/0000000000000005 黃大華']});
  });

  test('上一步 keeps what was typed; then it succeeds', async () => {
    const visit = at();
    await visit.portal.command(['unbind'], 'xiaomei.lin');
    await visit.begin();
    await visit.present('newcomer');
    await visit.arrive('/account');
    await visit.name('xiaomei.lim');
    const text = await visit.refused('notInFile');
    assert.match(text, /自訂帳號或身分證號不存在於公務人力資料庫中。[^]*請按【上一步】重新輸入正確的自訂帳號或身分證號[^]*今天還可以輸入的次數： 4/);
    await shoot('6-not-in-file');
    await visit.holds({trail: ['login proved', 'bind notInFile'], session: 'proved', tries: {'moica/0000000000000004': 1}});
    await visit.page.click('#back');
    await visit.page.waitForSelector('#account');
    assert.equal(await visit.page.inputValue('#account'), 'xiaomei.lim');
    await shoot('7-back');
    assert.doesNotMatch(visit.page.url(), /xiaomei/, 'nothing typed stands in an address');
    await visit.name('xiaomei.lin');
    await visit.arrive('/welcome');
    await visit.holds({trail: ['login proved', 'bind notInFile', 'bind ok'], session: 'person xiaomei.lin', bound: [`+${lin}`]});
  });

  test('an agency: its own page', async () => {
    const visit = at();
    await visit.present('agency');
    assert.match(await visit.arrive('/agency'), /機關登入[^]*機關憑證驗證成功[^]*範例機關[^]*399990000A/);
    await shoot('8-agency');
    const [event] = await visit.holds({trail: ['login ok'], session: 'agency 2.16.886.101.20003.29999'});
    assert.deepEqual([event.card_kind, event.agency, event.person], ['agency', '2.16.886.101.20003.29999', '']);
  });

  test('a card that was issued anew: the account is proved again, the old card is out', async () => {
    const visit = at();
    await visit.present('citizen');
    await visit.arrive('/welcome');
    const old = visit.page;
    const oldCookie = await visit.cookie();
    await visit.context.clearCookies(); // the new card is at another computer
    await visit.present('reissued');
    assert.match(await visit.arrive('/account'), /王小明 您好/);
    await visit.holds({trail: ['login ok', 'login proved'], session: 'proved', loggedIn: 1});
    await visit.name('xiaoming.wang');
    assert.match(await visit.arrive('/welcome'), /您的帳號原來綁定的是另一張卡片，現在改為這張，原卡片不能再登入/);
    await shoot('9-replaced');
    await visit.holds({trail: ['login ok', 'login proved', 'bind rebound'], session: 'person xiaoming.wang',
      bound: [`-${wang}`, '+moica/0000000000000011 xiaoming.wang']});
    assert.equal(await visit.database.session(oldCookie), null, 'the old card’s session has ended');
    await visit.context.clearCookies();
    await visit.context.addCookies([{name: 'session', value: oldCookie, url: visit.portal.origin}]);
    await old.reload();
    assert.match(await old.innerText('main'), /登入已逾時或已結束，請再登入一次/);
    await visit.present('citizen');
    await visit.arrive('/account'); // never silently
    await visit.holds({trail: ['login ok', 'login proved', 'bind rebound', 'login proved'], session: 'proved',
      bound: [`-${wang}`, '+moica/0000000000000011 xiaoming.wang'], loggedIn: 1});
  });
}
