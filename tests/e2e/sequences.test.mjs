// Random days in a real browser, against a model of the cards' tries. SEED=… plays the same days again, ONLY=n one of them.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {createWorld, hosts, pressIn, typePIN} from '../world/world.mjs';

const seed = Number(process.env.SEED ?? 20261128);
const COUNT = 20;
const PATIENCE = 60000; // above every deadline: only what is stuck takes longer
const WRONG = 'Wr0ng#xq';
const people = {letters: {name: '王小明', pin: 'Abc123'}, citizen2: {name: '陳大文', pin: '123456'}};

let world;
before(async () => { world = await createWorld({cards: ''}); });
after(async () => { await world?.stop(); });

/** Mulberry32: the same numbers for the same seed. */
function random(start) {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const promptPages = () => world.browser.context.pages().filter((page) => page.url().includes('/prompt/prompt.html') && !page.isClosed());

/** The window's data-state and so on; null while there is none. */
async function shown() {
  const [window] = promptPages();
  return window ? window.evaluate(() => ({...document.body.dataset, text: document.querySelector('main').textContent})).catch(() => null) : null;
}

/** One day: the person does one thing after the other; day is what the model knows. */
async function play(day) {
  for (const [card, person] of Object.entries(people)) {
    const tries = 1 + day.rand(3);
    await world.rig.ask('certificate', {card}); // makes it
    await world.rig.ask('reset-card', {card});
    await world.rig.ask('set', {card, pinTries: tries});
    day.cards[card] = {...person, card, given: 0, tries: [tries], verifies: [0]};
  }
  await world.rig.ask('remove', {reader: 0});
  if (day.rand(3) > 0) {
    day.in = Object.keys(people)[day.rand(2)];
    await world.rig.ask('insert', {reader: 0, card: day.in});
  }
  for (let step = 0; step < 5; step++) {
    const can = actions.filter((action) => action.can(day)).flatMap((action) => Array(action.weight).fill(action));
    const action = can[day.rand(can.length)];
    day.story.push(action.name);
    await action.do(day);
    await check(day);
  }
  await leave(day);
  await check(day);
  await until(day, 'the window closes', () => promptPages().length === 0);
  await until(day, 'children end', () => hosts(world.folder).length <= 1);
  if (day.down) await world.rig.ask('daemon', {up: 1});
  await until(day, 'cards are closed', async () => Object.values((await world.rig.ask('state')).cards).every((card) => !card.verified));
}

async function until(day, what, condition) {
  for (const from = Date.now(); !await condition(); await sleep(30)) {
    assert.ok(Date.now() - from < PATIENCE, `stuck: ${what}\n${await tell(day)}`);
  }
}

const tell = async (day) => `SEED=${seed} ONLY=${day.number}\n${day.story.join('\n')}\nwindow: ${JSON.stringify(await shown())}`;

/** Asks the cards, then takes their word for what could not be known. */
async function check(day) {
  const {cards} = await world.rig.ask('state');
  for (const [name, model] of Object.entries(day.cards)) {
    const {verifies, pinTries} = cards[name];
    assert.ok(verifies <= model.given, `${name}: a try that nobody spent\n${await tell(day)}`);
    assert.ok(model.verifies.includes(verifies), `${name} saw ${verifies} PINs, predicted ${model.verifies}\n${await tell(day)}`);
    assert.ok(model.tries.includes(pinTries), `${name} has ${pinTries} tries, predicted ${model.tries}\n${await tell(day)}`);
    Object.assign(model, {verifies: [verifies], tries: [pinTries]});
  }
}

async function begin(day) {
  if (!day.page || day.page.isClosed() || !day.page.url().startsWith(world.portal.origin) || day.page.url().includes('/welcome')) {
    await day.page?.close();
    day.page = await world.browser.open(`${world.portal.origin}/?lang=zh-TW`);
  }
  await day.page.waitForSelector('#submit:not([disabled])');
  await day.page.click('#submit');
  await until(day, 'the login begins', async () => promptPages().length > 0 || await ending(day));
  Object.assign(day, {open: true, weak: false, confirmed: false});
  await settle(day);
}

/** How the page says that the login ended: 'welcome' or the code; '' while it has not. */
async function ending(day) {
  if (!day.page || day.page.isClosed()) return 'closed';
  if (day.page.url().includes('/welcome')) return 'welcome';
  const text = await day.page.evaluate(() => { const problem = document.querySelector('#problem'); return problem?.hidden ? '' : problem?.innerText; }).catch(() => '');
  return text ? text.match(/\b[a-z]+[A-Z]\w*|\bcancelled\b/)?.[0] ?? text : '';
}

function fits(day, window) {
  if (!window) return false;
  if (window.state === 'locked') return true;
  if (day.down || !day.in) return window.state === 'wait' && window.reason === (day.down ? 'pcscNotRunning' : 'noCard');
  const last = day.cards[day.in].tries.length === 1 && day.cards[day.in].tries[0] === 1;
  return window.text.includes(people[day.in].name) && window.state === (last && !day.confirmed ? 'lastTry' : 'pin');
}

/** Waits until the login has ended or rests. done: what must have happened besides. */
async function settle(day, done = async () => true, ends = null) {
  if (!day.open) return;
  let how = '';
  await until(day, 'the login', async () => {
    const window = await shown();
    if (promptPages().length === 0) how = await ending(day);
    if (how) return true;
    if (window?.state === 'locked' && day.locked) return !ends;
    // a busy machine may be slower than a module's deadline
    if (window?.state === 'wait' && ['moduleFailed', 'moduleTimeout'].includes(window.reason)) await pressIn(promptPages()[0], '#ok').catch(() => {});
    if (!ends && fits(day, window) && await done(window)) {
      day.locked = window.state === 'locked';
      day.story.push(`  ${window.state} ${window.reason} ${window.notice}`);
      return true;
    }
    return false;
  });
  if (!how) return;
  day.story.push(`  ended: ${how}`);
  assert.ok(!ends || ends.includes(how), `ended with ${how}, not ${ends}\n${await tell(day)}`);
  Object.assign(day, {open: false, locked: false});
}

/** Gives a PIN; disturb happens at once after it. */
async function pin(day, right, disturb) {
  const card = day.cards[day.in];
  const sure = !disturb && !day.weak;
  const after = card.tries.map((n) => (right ? 3 : Math.max(n - 1, 0)));
  const verified = card.verifies.map((n) => n + 1);
  card.given++;
  card.tries = sure ? after : [...card.tries, ...after];
  card.verifies = sure ? verified : [...card.verifies, ...verified];
  day.confirmed = false;
  day.pins++;
  const before = await shown();
  await typePIN(promptPages()[0], right ? card.pin : WRONG);
  await disturb?.();
  const next = async (window) => (sure ? (await world.rig.ask('state')).cards[card.card].verifies === verified[0]
    : Boolean(disturb) || JSON.stringify(window) !== JSON.stringify(before));
  if (!sure) await check(day).catch(() => {}); // the tries may still be on their way down: settle looks at the window alone
  await settle(day, next, right && sure ? ['welcome'] : null);
}

/** Ends what is open as somebody does who walks away. */
async function leave(day) {
  await day.page?.close();
  Object.assign(day, {open: false, locked: false});
}

const removed = (day) => Object.assign(day, {in: null, weak: false, confirmed: false});
const pidOf = (role) => hosts(world.folder).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(role));
const kill = (role) => { const pid = pidOf(role); if (pid) process.kill(pid, 'SIGKILL'); };
const at = (...states) => (day) => day.open && states.includes(day.story.at(-1).trim().split(' ')[0]);

const actions = [
  {name: 'log in', weight: 10, can: (day) => !day.open, do: begin},
  {name: 'insert', weight: 10, can: (day) => !day.down && !day.in, async do(day) {
    removed(day).in = Object.keys(people)[day.rand(2)];
    await world.rig.ask('insert', {reader: 0, card: day.in});
    await settle(day);
  }},
  {name: 'pull', weight: 1, can: (day) => day.in, async do(day) {
    removed(day);
    await world.rig.ask('remove', {reader: 0});
    await settle(day);
  }},
  {name: 'swap', weight: 1, can: (day) => day.in, async do(day) {
    const other = Object.keys(people).find((name) => name !== day.in);
    removed(day).in = other;
    await world.rig.ask('swap', {reader: 0, card: other});
    await settle(day);
  }},
  {name: 'right PIN', weight: 6, can: at('pin'), do: (day) => pin(day, true)},
  {name: 'wrong PIN', weight: 6, can: at('pin'), do: (day) => pin(day, false)},
  {name: 'PIN too short', weight: 1, can: at('pin'), async do(day) {
    await typePIN(promptPages()[0], '12');
    await until(day, 'too short', async () => /太短/.test((await shown())?.text ?? ''));
    day.story.push('  pin');
  }},
  {name: 'PIN, pulled meanwhile', weight: 2, can: at('pin'), do: (day) => pin(day, day.rand(2) === 0, async () => {
    removed(day);
    await world.rig.ask('remove', {reader: 0});
  })},
  {name: 'confirm the last try', weight: 8, can: at('lastTry'), async do(day) {
    const [window] = promptPages();
    await window.waitForSelector('#ok:not([disabled])');
    await pressIn(window, '#ok');
    day.confirmed = true;
    await settle(day);
  }},
  {name: 'close at locked', weight: 8, can: at('locked'), async do(day) {
    const [window] = promptPages();
    await window.waitForSelector('#ok:not([disabled])');
    await pressIn(window, '#ok');
    await settle(day, undefined, ['pinLocked']);
  }},
  {name: 'cancel in the window', weight: 1, can: at('wait', 'pin', 'lastTry'), async do(day) {
    await pressIn(promptPages()[0], '#cancel');
    await settle(day, undefined, ['userCancelled']);
  }},
  {name: 'close the window', weight: 1, can: at('wait', 'pin', 'lastTry'), async do(day) {
    await promptPages()[0].close();
    await settle(day, undefined, ['userCancelled']);
  }},
  {name: 'close the tab', weight: 1, can: (day) => day.open, do: leave},
  {name: 'go elsewhere', weight: 1, can: (day) => day.open, async do(day) {
    await day.page.goto('about:blank');
    Object.assign(day, {open: false, locked: false});
    await until(day, 'the window closes', () => promptPages().length === 0);
  }},
  {name: 'kill the host', weight: 1, can: (day) => day.open, async do(day) {
    kill('chrome-extension://');
    await settle(day, undefined, ['hostExited']);
  }},
  {name: 'daemon down', weight: 1, can: (day) => !day.down, async do(day) {
    removed(day).down = true;
    await world.rig.ask('daemon', {up: 0, kill: day.rand(2)});
    await settle(day);
  }},
  {name: 'daemon up', weight: 8, can: (day) => day.down, async do(day) {
    await world.rig.ask('daemon', {up: 1});
    day.down = false;
    await settle(day);
  }},
];

test('no try is burnt that the person did not spend, nothing is stuck, nothing is left', {timeout: 900000}, async () => {
  console.log(`sequences: seed ${seed}`);
  const began = Date.now();
  let played = 0;
  let pins = 0;
  const numbers = process.env.ONLY ? [Number(process.env.ONLY)] : [...Array(COUNT).keys()];
  for (const number of numbers) {
    const day = {number, rand: random(seed + number), story: [''], cards: {}, in: null, down: false, open: false, pins: 0};
    await play(day);
    played++;
    pins += day.pins;
  }
  assert.equal(played, numbers.length);
  console.log(`sequences: ${played} in Chromium, ${pins} PINs, seed ${seed}, ${Math.round((Date.now() - began) / 1000)} s`);
});
