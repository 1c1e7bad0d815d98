// The portal's own PIN field, as in the customer's picture: only with IT's grant, never for the last try, never twice.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {createWorld, pressIn, typePIN} from '../world/world.mjs';

let world;
let page;
before(async () => {
  world = await createWorld({
    cards: 'letters', pinInPage: true,
    policy: (origin) => ({portals: [{origin, operations: ['authenticate'], pinFromPage: true}]}),
  });
});
after(async () => { await world?.stop(); });

async function submit(pin) {
  page = await world.browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await page.waitForSelector('#submit:not([disabled])');
  await again(pin);
}

async function again(pin) {
  await page.fill('#pin', pin);
  await page.click('#submit');
}

const prompts = () => world.browser.context.pages().filter((p) => p.url().includes('/prompt/'));
const card = async () => (await world.rig.ask('state')).cards.letters;

test('the right PIN in the page: in, without a window', async () => {
  await submit('Abc123');
  await page.waitForURL('**/welcome');
  assert.equal(prompts().length, 0);
  const {verifies, verified} = await card();
  assert.deepEqual([verifies, verified], [1, false]);
});

test('a wrong one opens the window; the page’s field is not used again in this page load', async () => {
  await world.rig.ask('reset-card', {card: 'letters'});
  await submit('Wr0ng#xq');
  const prompt = await world.browser.prompt('pin');
  await prompt.waitForSelector('body[data-notice="wrongPIN"]');
  assert.equal((await card()).verifies, 1);
  await pressIn(prompt, '#cancel');
  await page.waitForSelector('#problem:not([hidden])');
  await again('Wr0ng#xq');
  const second = await world.browser.prompt('pin');
  assert.equal((await card()).verifies, 1, 'the second PIN of the page was not sent');
  await typePIN(second, 'Abc123');
  await page.waitForURL('**/welcome');
  assert.equal((await card()).verifies, 2);
});

test('the last try is asked for in the window, after a confirmation', async () => {
  await world.rig.ask('set', {card: 'letters', pinTries: 1});
  await submit('Abc123');
  const prompt = await world.browser.prompt('lastTry');
  assert.equal((await card()).verifies, 2, 'the page’s PIN was not sent');
  await prompt.waitForSelector('#ok:not([disabled])');
  await pressIn(prompt, '#ok');
  await typePIN(prompt, 'Abc123');
  await page.waitForURL('**/welcome');
  assert.equal((await card()).pinTries, 3);
});
