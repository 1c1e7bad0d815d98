// 診斷 on the options page, with the real host, the real module, a card: what it tells, and that it ends no login.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {createWorld, root, setPolicy, typePIN} from '../world/world.mjs';

const shots = join(root, 'build', 'messages');
let world;
let options;

before(async () => {
  mkdirSync(shots, {recursive: true});
  world = await createWorld({cards: 'citizen'});
  const id = world.browser.worker.url().split('/')[2];
  await world.browser.worker.evaluate(() => chrome.storage.local.set({language: 'zh-TW'}));
  options = await world.browser.open(`chrome-extension://${id}/options/options.html`);
  options.setDefaultTimeout(120_000);
});
after(async () => { await world?.stop(); });

/** What the page shows once the examination that was begun is over: {code: level}. */
async function findings() {
  await options.waitForSelector('#diagnosis:not([data-state="examining"]) .findings > li', {state: 'attached'});
  return Object.fromEntries(await options.locator('.findings > li').evaluateAll((rows) => rows.map(({dataset}) => [dataset.code, dataset.level])));
}

async function again() {
  await options.click('#examine');
  return findings();
}

test('it tells of program, registration, PC/SC, module and card, of no person', async () => {
  const found = await findings();
  for (const code of ['binary', 'policy', 'manifest', 'pcsc', 'reader', 'module', 'cards', 'certificate']) assert.equal(found[code], 'ok', `${code}: ${JSON.stringify(found)}`);
  assert.equal(found.extensionMissing, undefined, 'this page is the extension’s');
  const {holder} = await world.rig.ask('certificate', {card: 'citizen'});
  assert.ok(holder);
  const text = await options.locator('#diagnosis').textContent();
  assert.ok(text.includes('OpenSC'), text);
  assert.ok(!text.includes(holder) && !text.includes(world.folder), text);
  await options.screenshot({path: join(shots, 'diagnosis.zh-TW.png'), fullPage: true});
});

test('it is asked while somebody logs in: that login goes on', async () => {
  const page = await world.browser.open(world.portal.origin);
  page.setDefaultTimeout(120_000);
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  await prompt.waitForSelector('#ok:not([disabled])');
  const found = await again();
  assert.equal(found.module, 'ok', JSON.stringify(found));
  await typePIN(prompt, '123456');
  await page.waitForURL((url) => url.pathname !== '/');
  await page.close();
});

test('the card is pulled, then the policy has a mistake: the finding says so', async () => {
  await world.rig.ask('remove', {reader: 0});
  const found = await again();
  assert.equal(found.cardNone, 'info', JSON.stringify(found));
  assert.equal(found.module, 'ok', 'the module is tried without a card');
  setPolicy({portal: []});
  const broken = await again();
  assert.equal(broken.policyInvalid, 'error', JSON.stringify(broken));
  assert.match(await options.locator('#problems > li').first().textContent(), /沒有這個名稱："portal"/);
});
