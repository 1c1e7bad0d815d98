// Whoever leaves in the middle of a step: the window closes, the signer ends, the card is reset and free, no try is lost.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {createWorld, hosts, startBrowser, typePIN} from '../world/world.mjs';

const WRONG = 'Wr0ng#xq';

let world;
before(async () => { world = await createWorld({cards: ''}); });
after(async () => {
  const log = world.browser.log();
  await world.stop();
  assert.match(log, /"code":"cancelled"/);
  assert.doesNotMatch(log, /card not reset/);
});

/** What brings a login to each step. card: in the reader; pins: given by then; set: of the card. */
const steps = {
  'waiting for a card': {to: (browser) => browser.prompt('wait')},
  choosing: {card: 'citizen-two', to: (browser) => browser.prompt('choose')},
  'PIN asked': {card: 'citizen', to: (browser) => browser.prompt('pin')},
  'last try asked': {card: 'citizen', set: {pinTries: 1}, to: (browser) => browser.prompt('lastTry')},
  verifying: {card: 'letters', pins: 1, async to(browser) {
    const window = await browser.prompt('pin');
    await world.rig.ask('set', {card: 'letters', apduDelayMs: 300});
    await typePIN(window, WRONG);
    await window.waitForSelector('body[data-progress="verifying"]');
  }},
  signing: {card: 'citizen', set: {signDelayMs: 2000}, pins: 1, async to(browser) {
    const window = await browser.prompt('pin');
    await typePIN(window, '123456');
    await window.waitForSelector('body[data-progress="signing"]');
  }},
};

const ways = {
  'the page goes elsewhere': (page) => page.goto('about:blank'),
  'the tab is closed': (page) => page.close(),
  'the page is loaded anew': (page) => page.reload(),
};

const prompts = (browser) => browser.context.pages().filter((page) => page.url().includes('/prompt/') && !page.isClosed());

async function until(what, condition) {
  for (const from = Date.now(); !await condition(); await sleep(30)) assert.ok(Date.now() - from < 20000, what);
}

async function begin({card, set = {}}, browser) {
  await world.rig.ask('remove', {reader: 0});
  if (card) {
    await world.rig.ask('insert', {reader: 0, card});
    await world.rig.ask('reset-card', {card});
    await world.rig.ask('set', {card, ...set});
  }
  const page = await browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('#submit');
  return page;
}

/** Another program takes the card for itself; the card's own counters say the rest. */
async function free({card, set = {}, pins = 0}) {
  if (!card) return;
  const ask = async () => (await world.rig.ask('state')).cards[card];
  await until('the card is reset', async () => !(await ask()).verified); // a card that is just signing takes no reset before it has
  const state = await ask();
  const before = set.pinTries ?? 3;
  assert.ok(state.verifies <= pins, 'a try that nobody spent');
  assert.equal(state.pinTries, card === 'letters' ? before - state.verifies : before);
  await world.rig.ask('set', {card, apduDelayMs: 0, signDelayMs: 0});
  await world.rig.ask('hold', {reader: 0});
  await world.rig.ask('release', {reader: 0});
}

for (const [step, what] of Object.entries(steps)) {
  for (const [way, leave] of Object.entries(ways)) {
    test(`${step}: ${way}`, async () => {
      const page = await begin(what, world.browser);
      await what.to(world.browser);
      await leave(page);
      await until('the window closes', () => prompts(world.browser).length === 0);
      await until('the children end', () => hosts(world.folder).length <= 1);
      await free(what);
      if (!page.isClosed()) await page.close();
    });
  }
}

for (const step of ['waiting for a card', 'last try asked', 'verifying', 'signing']) {
  test(`${step}: the browser is killed`, async () => {
    const browser = await startBrowser(join(world.folder, step.replaceAll(' ', '')), {env: world.env});
    await begin(steps[step], browser);
    await steps[step].to(browser);
    browser.kill();
    await until('every host and child of that browser ends', () => hosts(join(world.folder, step.replaceAll(' ', ''))).length === 0);
    await free(steps[step]);
  });
}

test('waiting in the queue: who leaves does not disturb who is before', async () => {
  const first = await begin(steps['PIN asked'], world.browser);
  const window = await world.browser.prompt('pin');
  const second = await world.browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await second.waitForSelector('#submit:not([disabled])');
  const opened = world.browser.context.waitForEvent('page', (page) => page.url().includes('/prompt/prompt.html'));
  await second.click('#submit');
  const waiting = await opened;
  await waiting.waitForSelector('body[data-reason="windowBusy"]');
  const closed = waiting.waitForEvent('close');
  await second.close();
  await closed;
  await typePIN(window, '123456');
  await first.waitForURL('**/welcome');
  await free({...steps['PIN asked'], pins: 1});
  await first.close();
});
