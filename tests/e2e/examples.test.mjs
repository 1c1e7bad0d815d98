// The example page of each call, as a portal's developer meets it, with the real extension, host and card.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {createWorld, root, typePIN} from '../world/world.mjs';

const shots = join(root, 'build', 'examples');
let world;
let page;

before(async () => {
  mkdirSync(shots, {recursive: true});
  world = await createWorld({cards: 'citizen'});
  await insert();
  page = await world.browser.open(`${world.portal.origin}/examples/`);
});
after(async () => { await world?.stop(); });

const remove = () => world.rig.ask('remove', {reader: 0});
const insert = async () => {
  await remove().catch(() => {});
  await world.rig.ask('insert', {reader: 0, card: 'citizen'});
};

async function open(call) {
  await page.goto(`${world.portal.origin}/examples/?${call}`);
  await page.waitForSelector('#form:not([hidden])');
  assert.match(await page.textContent('#code'), /from '\/sdk\/cardbridge\.js'/);
}

/** Presses 執行; with a PIN where the call asks for one. @returns what the page then says */
async function run(pin) {
  await page.click('#run');
  if (pin) await typePIN(await world.browser.prompt('pin'), pin);
  await page.waitForSelector('#run:not([disabled])');
  return page.textContent('#outcome');
}
const picture = (name) => page.screenshot({path: join(shots, `${name}.png`), fullPage: true});

test('every call has its page', async () => {
  assert.deepEqual(await page.$$eval('#calls a', (all) => all.map((link) => link.textContent)),
    ['isavailable', 'status', 'certificates', 'authenticate', 'sign', 'signbatch', 'events']);
  await picture('index');
});

test('isavailable, status, certificates', async () => {
  await open('isavailable');
  assert.match(await run(), /可以使用/);
  await open('status');
  const {allowed, readers} = JSON.parse(await run());
  assert.equal(allowed, true);
  assert.equal(readers[0].state, 'present');
  await open('certificates');
  const {certificates, problems} = JSON.parse(await run());
  assert.ok(certificates.some(({holder, usable}) => holder === '王小明' && usable));
  assert.deepEqual(problems, []);
  await picture('certificates');
});

test('authenticate, and a refusal in both languages', async () => {
  await open('authenticate');
  assert.equal(JSON.parse(await run('123456')).format, 'web-eid:1.0');
  await page.click('#run');
  await page.click('#cancel');
  await page.waitForSelector('#run:not([disabled])');
  assert.match(await page.textContent('#outcome'), /已取消/);
  await page.click('#run');
  const window = await world.browser.prompt('pin');
  await window.close();
  await page.waitForSelector('#outcome.bad');
  const told = await page.textContent('#outcome');
  assert.match(told, /您已取消這次作業.*You cancelled.*userCancelled · person/s);
  await picture('authenticate-refused');
});

test('sign and signbatch', async () => {
  await open('sign');
  await page.fill('#text', '請假');
  await page.check('#attached');
  const {signature} = JSON.parse(await run('123456'));
  const file = join(world.folder, 'example.cms');
  writeFileSync(file, Buffer.from(signature, 'base64'));
  assert.equal(execFileSync('openssl', ['cms', '-verify', '-noverify', '-binary', '-inform', 'DER', '-in', file], {stdio: ['ignore', 'pipe', 'ignore']}).toString(), '請假');
  await picture('sign');
  await open('signbatch');
  const items = JSON.parse(await run('123456'));
  assert.deepEqual(items.map(({title, signature: has}) => [title, has.length]), [1, 2, 3].map((at) => [`公文第 ${at} 號`, 33]));
  await page.fill('#count', '21');
  await page.click('#run');
  await page.waitForSelector('#outcome.bad');
  assert.match(await page.textContent('#outcome'), /documentInvalid/);
});

test('events: the card that is in, then each that comes or goes', async () => {
  await open('events');
  await page.click('#run');
  const told = (...types) => page.waitForFunction((all) => {
    const lines = document.getElementById('outcome').textContent.split('\n').slice(1);
    return JSON.stringify(lines.map((line) => line.split(' ')[0])) === JSON.stringify(all);
  }, types);
  await told('cardinserted');
  await remove();
  await told('cardinserted', 'cardremoved');
  await insert();
  await told('cardinserted', 'cardremoved', 'cardinserted');
  await picture('events');
  await page.click('#cancel');
  await page.waitForSelector('#run:not([disabled])');
  assert.match(await page.textContent('#outcome'), /已取消/);
});
