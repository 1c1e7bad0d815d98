// A person's login that succeeds: the main paths on SQLite, then what else is no error.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {mainPaths} from './paths.mjs';
import {picture, startVisit} from './visit.mjs';

let visit;
before(async () => { visit = await startVisit(); });
after(async () => { await visit?.stop(); });
beforeEach(async () => { await visit.begin(); });

for (const [card, why] of [['citizen-p256', 'a renewed card'], ['citizen-old', 'a card of the authority’s previous generation']]) {
  test(`${why}: straight in, nothing is bound anew`, async () => {
    await visit.present(card);
    assert.match(await visit.arrive('/welcome'), /王小明\s*您好/);
    await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
  });
}

mainPaths(() => visit, '0');

test('a namesake’s account is refused; the own one is taken', async () => {
  await visit.present('namesake');
  await visit.arrive('/account');
  await visit.name('dawen.chen');
  assert.match(await visit.refused('otherHolder'), /自訂帳號或身分證號與自然人憑證擁有者並非同一個使用者。[^]*請按【上一步】/);
  await picture(visit.page, '10-other-holder');
  const card = 'moica/0000000000000003';
  await visit.holds({trail: ['login proved', 'bind otherHolder'], session: 'proved', tries: {[card]: 1}});
  await visit.page.click('#back');
  await visit.name('dawen.chen2');
  await visit.arrive('/welcome');
  await visit.holds({trail: ['login proved', 'bind otherHolder', 'bind ok'], session: 'person dawen.chen2', bound: [`+${card} dawen.chen2`]});
});

test('English throughout', async () => {
  await visit.atLogin('/');
  await visit.page.click('text=English');
  await visit.present('noaccount', {path: '/'});
  assert.match(await visit.arrive('/welcome'), /Welcome, 黃大華[^]*Your certificate was verified/);
  await picture(visit.page, '11-welcome-en');
  assert.equal(await visit.page.getAttribute('html', 'lang'), 'en');
  await visit.page.click('text=中文');
  assert.match(await visit.page.innerText('main'), /黃大華\s*您好/);
  await visit.holds({trail: ['login ok'], session: 'person 黃大華'});
});

test('a session that has ended says so', async () => {
  await visit.present('citizen2');
  await visit.arrive('/welcome');
  await visit.portal.command(['unbind'], 'dawen.chen');
  await visit.page.reload();
  assert.match(await visit.page.innerText('main'), /登入已逾時或已結束，請再登入一次/);
  await picture(visit.page, '12-ended');
  await visit.holds({trail: ['login ok', 'unbind ok'], session: null, bound: ['-moica/0000000000000002 dawen.chen']});
});

test('another login in the same browser ends the one before', async () => {
  await visit.present('noaccount');
  await visit.arrive('/welcome');
  const first = await visit.cookie();
  await visit.present('newcomer');
  await visit.arrive('/welcome');
  assert.equal(await visit.database.session(first), null);
  await visit.holds({trail: ['login ok', 'login ok'], session: 'person xiaomei.lin'});
});
