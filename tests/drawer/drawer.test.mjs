// The card drawer as a person uses it: real Chromium on the page, the real PC/SC daemon below; the rig is asked what happened.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {request} from 'node:http';
import {join} from 'node:path';
import {after, afterEach, before, beforeEach, test} from 'node:test';
import {chromium} from 'playwright-core';
import {violations} from '../world/axe.mjs';
import {root} from '../world/process.mjs';
import {startRig} from '../world/rig.mjs';
import {groups} from './cards.mjs';
import {startDrawer} from './drawer.mjs';

let folder;
let rig;
let drawer;
let browser;
let page;
let complaints;

before(async () => {
  mkdirSync(join(root, 'build', 'worlds'), {recursive: true});
  folder = mkdtempSync(join(root, 'build', 'worlds', 'd'));
  rig = await startRig(folder);
  drawer = await startDrawer(rig, {portal: 'http://127.0.0.1:9'});
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu'],
  });
});
after(async () => {
  await browser?.close();
  await drawer?.stop();
  await rig?.stop();
  rmSync(folder, {recursive: true, force: true});
});
beforeEach(async () => {
  for (const reader of [0, 1]) await rig.ask('remove', {reader});
  complaints = [];
  page = await browser.newPage({viewport: {width: 1280, height: 860}, locale: 'zh-TW'});
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(drawer.url);
  await page.waitForSelector('body[data-live]');
});
afterEach(async () => {
  await page.close();
  assert.deepEqual(complaints, [], 'the page is silent: no error, nothing that the policy forbids');
});

const inReaders = async () => (await rig.ask('state')).readers.map((reader) => reader.card ?? null);
const button = (card, action, reader) => page.click(`li[data-card="${card}"] button[data-do="${action}"]${reader === undefined ? '' : `[data-reader="${reader}"]`}`);

/** Until the page says that this card, or none, is in that reader, and that no request is on its way. */
async function shows(reader, holder) {
  await page.waitForFunction(([number, name]) => {
    const element = document.querySelector(`.reader[data-reader="${number}"]`);
    return element.querySelector('.holder').textContent === name && !document.body.hasAttribute('data-busy');
  }, [reader, holder]);
}

test('every card of the rig has one caption, and every caption a card', async () => {
  const captions = groups.flatMap((group) => group.cards.map((card) => card.card));
  assert.ok(captions.length > 30);
  assert.deepEqual(captions.toSorted(), (await rig.ask('cards')).cards.map((card) => card.name));
  assert.equal(await page.locator('li.card').count(), captions.length);
  assert.match(await page.innerText('li[data-card="newcomer"]'), /林小美[^]*要輸入帳號[^]*第一次登入[^]*123456[^]*xiaomei\.lin/);
  assert.match(await page.innerText('li[data-card="noaccount"]'), /黃大華[^]*身分證號[^]*E123456783/);
  assert.match(await page.innerText('li[data-card="citizen"]'), /可以登入[^]*只要密碼/);
  assert.doesNotMatch(await page.innerText('li[data-card="citizen"]'), /A123456789/, 'nobody types it');
  assert.equal(await page.getAttribute('.top a[target]', 'href'), 'http://127.0.0.1:9/');
});

test('put in, swap, the other reader, take out', async () => {
  await button('citizen', 'insert', 0);
  await shows(0, '王小明');
  assert.deepEqual(await inReaders(), ['citizen', null]);
  assert.match(await page.innerText('#said'), /讀卡機 1：王小明 已放入/);
  assert.match(await page.innerText('li[data-card="citizen"]'), /在讀卡機.1 裡/);

  await button('newcomer', 'insert', 0);
  await shows(0, '林小美');
  await button('agency', 'insert', 1);
  await shows(1, '範例機關');
  assert.deepEqual(await inReaders(), ['newcomer', 'agency']);

  await button('newcomer', 'insert', 1); // moves over, the agency's card goes out
  await shows(1, '林小美');
  await shows(0, '');
  assert.deepEqual(await inReaders(), [null, 'newcomer']);

  await button('newcomer', 'remove', 1);
  await shows(1, '');
  assert.deepEqual(await inReaders(), [null, null]);
  assert.match(await page.innerText('#said'), /讀卡機 2：林小美 已取出/);
});

test('the page follows what others do', async () => {
  await rig.ask('insert', {reader: 0, card: 'citizen2'});
  await shows(0, '陳大文');
  await page.waitForFunction(() => /還可試 3 次/.test(document.querySelector('.reader .state').textContent));
  await rig.ask('set', {card: 'citizen2', pinTries: 1});
  await page.waitForFunction(() => /還可試 1 次/.test(document.querySelector('.reader .state').textContent));
  assert.match(await page.innerText('li[data-card="citizen2"] .tries'), /1 次/);
  await page.click('.reader[data-reader="0"] button[data-do="renew"]');
  await page.waitForFunction(() => /還可試 3 次/.test(document.querySelector('.reader .state').textContent));
  await page.click('.reader[data-reader="0"] button[data-do="remove"]');
  await shows(0, '');
  assert.equal(await page.getAttribute('.reader button[data-do="remove"]', 'aria-disabled'), 'true');
});

test('a locked card says so, before it is put in and after; a fresh one is not locked', async () => {
  await rig.ask('set', {card: 'locked', pinTries: 0});
  await page.reload();
  assert.match(await page.innerText('li[data-card="locked"]'), /鎖住的卡/);
  await button('locked', 'insert', 0);
  await page.waitForFunction(() => /已鎖卡/.test(document.querySelector('.reader .state').textContent));
  assert.equal((await rig.ask('state')).readers[0].pinTries, 0);
  await button('locked', 'renew');
  await page.waitForFunction(() => /還可試 3 次/.test(document.querySelector('.reader .state').textContent));
  const [reader] = (await rig.ask('state')).readers;
  assert.deepEqual([reader.card, reader.pinTries], ['locked', 3]);
});

test('with the keyboard alone: the focus stays on the button while its word changes', async () => {
  const first = page.locator('li[data-card="citizen"] button').first();
  await first.focus();
  await page.keyboard.press('Enter');
  await shows(0, '王小明');
  assert.equal(await page.evaluate(() => document.activeElement.querySelector('.zh').textContent), '取出');
  await page.keyboard.press('Space');
  await shows(0, '');
  assert.deepEqual(await inReaders(), [null, null]);
});

test('names for a screen reader, no scrolling sideways at 320 px', async () => {
  await page.getByRole('button', {name: /^放入讀卡機.1\s*：林小美/}).waitFor();
  await page.getByRole('heading', {name: /王小明\s*鎖住的卡/}).waitFor();
  assert.equal(await page.getByRole('status').count(), 1);
  await page.setViewportSize({width: 320, height: 640});
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
});

test('axe-core has nothing against it, by day and by night, full and empty', async () => {
  await page.click('summary');
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme});
    assert.deepEqual(await violations(page), []);
    await button('locked', 'insert', 0);
    await shows(0, '王小明 鎖住的卡');
    assert.deepEqual(await violations(page), []);
    await button('locked', 'remove', 0);
    await shows(0, '');
  }
  await page.evaluate(() => document.querySelector('li.card img').removeAttribute('alt'));
  assert.match((await violations(page)).join('\n'), /^image-alt/m, 'it would see something');
});

/** A request as a program, or a page elsewhere, would send it. */
function ask(path, {method = 'GET', headers = {}, body} = {}) {
  const {port} = new URL(drawer.url);
  return new Promise((resolve, reject) => {
    request({host: '127.0.0.1', port, path, method, headers}, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve({status: response.statusCode, headers: response.headers, text}));
    }).on('error', reject).end(body);
  });
}

test('only its own page moves cards', async () => {
  const origin = drawer.url.slice(0, -1);
  const body = JSON.stringify({do: 'insert', reader: 0, card: 'citizen'});
  const json = {'Content-Type': 'application/json'};
  const post = (headers, text = body) => ask('/do', {method: 'POST', headers, body: text}).then((answer) => answer.status);
  assert.equal(await post(json), 403, 'no origin');
  for (const foreign of ['null', 'http://evil.example', origin.replace('127.0.0.1', 'localhost'), `${origin}0`]) assert.equal(await post({...json, Origin: foreign}), 403, foreign);
  assert.equal(await post({...json, Origin: origin, Host: 'evil.example'}), 403, 'another name for this address');
  assert.equal(await post({'Content-Type': 'text/plain', Origin: origin}), 415);
  for (const wrong of ['', '[]', 'null', '{"do":"insert","reader":0}', '{"do":"insert","reader":2,"card":"citizen"}', '{"do":"remove"}', '{"do":"renew","card":"__proto__"}']) {
    assert.equal(await post({...json, Origin: origin}, wrong), 400, wrong);
  }
  assert.equal(await post({...json, Origin: origin}, JSON.stringify({do: 'x'.repeat(2000)})), 413);
  assert.equal((await ask('/', {headers: {Host: 'evil.example'}})).status, 403);
  assert.equal((await ask('/../drawer.mjs')).status, 404);
  assert.equal((await ask('/', {method: 'DELETE'})).status, 405);
  assert.deepEqual(await inReaders(), [null, null], 'nothing moved');

  const elsewhere = await browser.newPage();
  await elsewhere.setContent(`<form method="post" action="${drawer.url}do" enctype="text/plain"><input name='{"do":"insert","reader":0,"card":"citizen","x":"' value='"}'><button>x</button></form>`);
  const [response] = await Promise.all([elsewhere.waitForResponse(`${drawer.url}do`), elsewhere.click('button')]);
  assert.equal(response.status(), 403);
  await elsewhere.close();
  assert.deepEqual(await inReaders(), [null, null], 'nor by a page elsewhere');

  const {headers} = await ask('/');
  assert.match(headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
  assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
});
