// Logins through the agent (the OS service), which is killed, restarted, removed, replaced while the browser goes on.
import assert from 'node:assert/strict';
import {mkdirSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {buildAgent, children, startAgent} from '../world/agent.mjs';
import {createWorld, hosts, root, setPolicy, startPortal, typePIN} from '../world/world.mjs';

const PIN = '123456';
const pictures = join(root, 'build', 'pictures');

let world;
let agent;
before(async () => {
  mkdirSync(pictures, {recursive: true});
  world = await createWorld({cards: 'citizen'});
});
afterEach(async () => {
  for (const open of world.browser.context.pages().slice(1)) await open.close();
  await agent?.stop();
  agent = undefined;
  await endHosts();
});
after(async () => {
  await world?.stop();
});

async function until(what, condition) {
  for (const from = Date.now(); !await condition(); await sleep(30)) assert.ok(Date.now() - from < 60000, what);
}

/** A host without an agent stays for a while; the next login shall choose anew. */
async function endHosts() {
  for (const pid of hosts(world.folder)) {
    try {
      process.kill(Number(pid), 'SIGTERM');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
  await until('every host ends', () => hosts(world.folder).length === 0);
}

/** The login page, ready, with a card whose counters begin anew. */
async function ready(origin = world.portal.origin) {
  await world.rig.ask('reset-card', {card: 'citizen'});
  const page = await world.browser.open(`${origin}/?lang=zh-TW`);
  await greeted(page);
  return page;
}

/** The page has had its answer: nothing is asked of a host until the next click. */
async function greeted(page) {
  await page.waitForSelector('#submit:not([disabled])');
  await page.waitForSelector('#status[data-mood="good"]');
}

/** The PIN window that a click on the page's button opens. */
async function asked(page) {
  await page.click('#submit');
  return world.browser.prompt('pin');
}

/** A login, then back to the same page's button. */
async function login(page, back = false) {
  await typePIN(await asked(page), PIN);
  await page.waitForURL('**/welcome');
  if (!back) return;
  await page.goto(`${world.portal.origin}/?lang=zh-TW`);
  await greeted(page);
}

/** @param {string} pid */
function runs(pid) {
  try {
    return Boolean(readlinkSync(`/proc/${pid}/exe`)); // a process that has ended has none
  } catch {
    return false;
  }
}

const card = async () => (await world.rig.ask('state')).cards.citizen;

/** What the person's own hosts logged from here on, as text. */
function hostLog() {
  const from = world.browser.log().length;
  return () => world.browser.log().slice(from);
}

async function problem(page) {
  await page.waitForSelector('#problem:not([hidden])');
  return page.innerText('#problem');
}

/** @returns {[string, string, string][]} */
const outcomes = (of) => of.audit().map((line) => [line.method, line.origin, line.outcome]);
const done = () => ['authenticate', world.portal.origin, 'done'];

test('a login goes through the agent: its log has the operation with whose it was, the person’s has none of it, the relay no child', async () => {
  agent = await startAgent(world);
  const log = hostLog();
  const page = await ready();
  const prompt = await asked(page);
  const relays = hosts(world.folder);
  assert.equal(relays.length, 1, 'the relay');
  assert.deepEqual(children(Number(relays[0])), [], 'the signer is none of the relay’s');
  assert.ok(agent.children().length > 0, 'it is the agent’s');
  await typePIN(prompt, PIN);
  await page.waitForURL('**/welcome');
  await until('the audit line', () => agent.audit().length > 0);
  assert.deepEqual(outcomes(agent), [done()]);
  const [line] = agent.audit();
  assert.deepEqual([line.uid, line.pid], [String(process.getuid?.()), agent.pid]);
  assert.match(line.thumbprint, /^[0-9a-f]{64}$/);
  assert.equal(log(), '', 'the person’s own host.log');
  const state = await card();
  assert.deepEqual([state.verifies, state.signatures, state.verified], [1, 1, false]);
  assert.ok(!agent.log().includes(PIN), 'no PIN');
});

for (const [how, end] of [['killed', 'kill'], ['restarted by its service manager', 'terminate']]) {
  test(`the agent is ${how} between two logins of one page: the second works, the browser goes on`, async () => {
    agent = await startAgent(world);
    const page = await ready();
    await login(page, true);
    await agent[end]();
    assert.deepEqual(outcomes(agent), [done()]);
    agent = await startAgent(world);
    await login(page);
    await until('the audit line', () => agent.audit().length > 0);
    assert.deepEqual(outcomes(agent), [done()]);
    assert.equal((await card()).verifies, 2);
  });

  test(`the agent is ${how} while the PIN window is open: it closes, the page says so, no PIN was used, the next click logs in`, async () => {
    agent = await startAgent(world);
    const page = await ready();
    const prompt = await asked(page);
    await prompt.fill('#pin', PIN);
    const closed = prompt.waitForEvent('close');
    const ended = await agent[end]();
    assert.equal(ended, end === 'kill' ? 'SIGKILL' : 0);
    await closed;
    const text = await problem(page);
    await page.screenshot({path: join(pictures, `agent-${end}.png`)});
    assert.match(text, /主程式中途結束[^]*再試一次，不必重新啟動瀏覽器[^]*hostExited/);
    assert.equal((await card()).verifies, 0, 'a PIN was used');
    // whoever was killed says nothing; whoever was told to end has judged what was in flight
    assert.deepEqual(outcomes(agent), end === 'kill' ? [] : [['authenticate', world.portal.origin, 'hostExited']]);
    assert.doesNotMatch(agent.log(), /"level":"error"/);
    agent = await startAgent(world);
    await login(page);
    await until('the audit line', () => agent.audit().length > 0);
    assert.deepEqual(outcomes(agent), [done()]);
    const state = await card();
    assert.deepEqual([state.verifies, state.pinTries, state.verified], [1, 3, false]);
  });
}

test('the agent is killed while the card signs: a typed error, the next click logs in', async () => {
  agent = await startAgent(world);
  const page = await ready();
  await world.rig.ask('set', {card: 'citizen', signDelayMs: 2000});
  const prompt = await asked(page);
  await typePIN(prompt, PIN);
  await until('the card has had the PIN', async () => (await card()).verifies === 1);
  const signers = agent.children();
  assert.ok(signers.length > 0, 'somebody signs');
  await agent.kill();
  assert.match(await problem(page), /hostExited/);
  await until('the orphans end', () => !signers.some(runs));
  await world.rig.ask('set', {card: 'citizen', signDelayMs: 0});
  await until('the card is closed', async () => !(await card()).verified);
  agent = await startAgent(world);
  await login(page);
  assert.equal((await card()).pinTries, 3);
});

test('the agent is gone: the next login runs in the browser’s own host, whether its socket is still there or not', async () => {
  agent = await startAgent(world);
  const page = await ready();
  await login(page, true);
  await agent.kill(); // a crash leaves the socket
  let log = hostLog();
  await login(page, true);
  assert.match(log(), /the session runs without the agent[^]*"audit":true[^\n]*"outcome":"done"/);
  await agent.stop(); // uninstalled: no socket
  await endHosts();
  log = hostLog();
  await login(page);
  assert.doesNotMatch(log(), /without the agent/);
  assert.match(log(), /"audit":true[^\n]*"outcome":"done"/);
  assert.deepEqual(outcomes(agent), [done()], 'the agent had the first alone');
});

test('the agent is of another release: the login runs in the browser’s own host', async () => {
  agent = await startAgent(world, {binary: await buildAgent(world.folder, '9.9.9')});
  const log = hostLog();
  await login(await ready());
  assert.match(log(), /another version than this program: \\"9\.9\.9\\"[^]*"audit":true[^\n]*"outcome":"done"/);
  assert.deepEqual(agent.audit(), []);
});

test('the PIN from the page’s own field goes through the agent: in, without a window', async () => {
  const portal = await startPortal({trust: world.rig.trust, pinInPage: true});
  try {
      agent = await startAgent(world);
    setPolicy({portals: [{origin: portal.origin, operations: ['authenticate'], pinFromPage: true}]});
    const log = hostLog();
    const page = await ready(portal.origin);
    await page.fill('#pin', PIN);
    await page.click('#submit');
    await page.waitForURL('**/welcome');
    assert.equal(world.browser.context.pages().filter((open) => open.url().includes('/prompt/')).length, 0);
    await until('the audit line', () => agent.audit().length > 0);
    assert.deepEqual(outcomes(agent), [['authenticate', portal.origin, 'done']]);
    assert.equal(log(), '');
    const state = await card();
    assert.deepEqual([state.verifies, state.verified], [1, false]);
    assert.ok(!agent.log().includes(PIN), 'no PIN');
  } finally {
    setPolicy(null);
    await portal.stop();
  }
});
