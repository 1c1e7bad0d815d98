// Three portals on one PostgreSQL behind a plain round-robin: a person notices nothing. See cluster_test.go for the crowd.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {bin, start} from '../world/process.mjs';
import {startPortal} from '../world/portal.mjs';
import {startRoundRobin} from './roundrobin.mjs';
import {startVisit} from './visit.mjs';

let cluster;
let proxy;
let visit;
const others = [];
before(async () => {
  cluster = await start(bin('pgrig'), []);
  proxy = await startRoundRobin();
  const {origin} = proxy;
  const database = cluster.ready.url;
  visit = await startVisit({portal: {database, origin}});
  for (let i = 0; i < 2; i++) others.push(await startPortal({trust: visit.rig.trust, database, origin, secret: visit.portal.secret, files: false}));
  proxy.spreadOver([visit.portal, ...others].map(({ready}) => Number(ready.listen.split(':').at(-1))));
});
after(async () => {
  for (const portal of others) await portal.stop();
  await visit?.stop();
  await proxy?.stop();
  await cluster?.stop();
});
beforeEach(async () => { await visit.begin(); });

test('a first login though every request lands elsewhere: wrong account, 上一步, the right one, out, in again with the PIN', async () => {
  await visit.present('newcomer');
  await visit.arrive('/account');
  await visit.name('nobody.here');
  await visit.refused('notInFile');
  await visit.page.click('#back');
  await visit.name('xiaomei.lin');
  await visit.arrive('/welcome');
  await visit.leave();
  await visit.present('newcomer');
  await visit.arrive('/welcome');
  await visit.holds({trail: ['login proved', 'bind notInFile', 'bind ok', 'logout ok', 'login ok'], session: 'person xiaomei.lin',
    bound: ['+moica/0000000000000004 xiaomei.lin']});
  const steps = proxy.served.filter((line) => /^POST|GET \/(account|welcome)? \d/.test(line));
  const places = new Set(steps.map((line) => line.at(-1)));
  assert.deepEqual([...places].sort(), ['0', '1', '2'], `all three took part: ${steps.join(', ')}`);
  const [challenge] = steps.filter((line) => line.startsWith('POST /api/challenge'));
  const [login] = steps.filter((line) => line.startsWith('POST /api/login'));
  assert.notEqual(challenge.at(-1), login.at(-1), 'the challenge came from another portal than the login');
});

test('the wrong tries of all portals count together', async () => {
  await visit.present('noaccount');
  await visit.arrive('/account');
  for (let left = 4; left >= 0; left--) {
    await visit.name('nobody.here');
    assert.match(await visit.refused('notInFile'), new RegExp(`次數： ${left}`));
    if (left > 0) await visit.page.click('#back');
  }
  await visit.open('/account');
  await visit.name('E123456783');
  await visit.refused('tooManyTries');
  await visit.holds({trail: ['login proved', ...Array(5).fill('bind notInFile'), 'bind tooManyTries'], session: 'proved', tries: {'moica/0000000000000005': 6}});
});

test('one of them dies under the person’s hands: the next click goes on elsewhere', async () => {
  await visit.present('citizen');
  await visit.arrive('/welcome');
  await others.pop().kill();
  proxy.spreadOver([visit.portal, ...others].map(({ready}) => Number(ready.listen.split(':').at(-1)))); // as a proxy does that asks /healthz
  await visit.page.reload();
  assert.match(await visit.page.innerText('main'), /王小明\s*您好/);
  await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
});
