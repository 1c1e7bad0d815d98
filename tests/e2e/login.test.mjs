// The login as a person meets it: real Chromium, real host, real OpenSC on a virtual card, the reference portal.
import assert from 'node:assert/strict';
import {after, afterEach, before, test} from 'node:test';
import {createWorld, hosts, pressIn, startBrowser, typePIN} from '../world/world.mjs';

let world;
let page;
const {PIN, WRONG} = {PIN: '123456', WRONG: 'Wr0ng#xq'};

before(async () => { world = await createWorld({cards: ''}); });
after(async () => {
  const log = world.browser.log();
  const portalLog = world.portal.errors();
  await world.stop();
  assert.deepEqual(await untilNoHosts(), [], 'no orphan');
  assert.ok(log.length > 0 && portalLog.length > 0, 'there are logs to search');
  for (const pin of [WRONG, 'Abc123']) assert.ok(!log.includes(pin) && !portalLog.includes(pin), 'no PIN in a log');
});
afterEach(async () => {
  for (const open of world.browser.context.pages().slice(1)) await open.close();
});

async function untilNoHosts() {
  for (let i = 0; i < 100 && hosts(world.folder).length > 0; i++) await new Promise((resolve) => { setTimeout(resolve, 50); });
  return hosts(world.folder);
}

/** The portal's page, ready, with that card in the reader; null: none. */
async function ready(card) {
  await world.rig.ask('remove', {reader: 0});
  if (card) {
    await world.rig.ask('reset-card', {card}).catch(() => {});
    await world.rig.ask('insert', {reader: 0, card});
    await world.rig.ask('reset-card', {card});
  }
  return openPortal();
}

async function openPortal(browser = world.browser) {
  const opened = await browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await opened.waitForSelector('#submit:not([disabled])');
  await opened.waitForFunction(() => document.querySelector('#status').dataset.mood !== 'busy');
  return opened;
}

async function card(name) {
  return (await world.rig.ask('state')).cards[name];
}

async function welcome(name, path = '/welcome') {
  await page.waitForURL((url) => url.pathname === path);
  assert.match(await page.textContent('main'), new RegExp(name));
}

async function problem(code, on = page) {
  await on.waitForSelector('#problem:not([hidden])');
  const text = await on.innerText('#problem');
  assert.match(text, new RegExp(`\\b${code}\\b`));
  return text;
}

test('wrong once, then right: logged in, the tries are shown', async () => {
  page = await ready('letters');
  await page.click('#submit');
  let prompt = await world.browser.prompt('pin');
  assert.equal(await prompt.textContent('#origin'), world.portal.origin);
  assert.match(await prompt.textContent('main'), /王小明/);
  await typePIN(prompt, WRONG);
  await prompt.waitForSelector('body[data-notice="wrongPIN"]');
  assert.equal(await prompt.inputValue('#pin'), '', 'the field is empty again');
  assert.match(await prompt.textContent('main'), /至少.*2 次/);
  assert.equal((await card('letters')).pinTries, 2);
  await typePIN(prompt, 'Abc123');
  await welcome('王小明');
  const state = await card('letters');
  assert.deepEqual([state.pinTries, state.verifies, state.verified], [3, 2, false]);
});

test('the card’s counter goes 3, 2, 1, 0 while the window says at least 2, at least 2, last, locked', async () => {
  page = await ready('letters');
  await page.click('#submit');
  const said = [];
  const prompt = await world.browser.prompt('pin');
  for (const tries of [3, 2]) {
    assert.equal((await card('letters')).pinTries, tries);
    said.push(/至少.*2 次/.test(await prompt.textContent('main')) && 'at least 2');
    await typePIN(prompt, WRONG);
    await prompt.waitForSelector(`body[data-state="${tries === 2 ? 'lastTry' : 'pin'}"][data-notice="wrongPIN"]`);
  }
  assert.equal((await card('letters')).pinTries, 1);
  assert.match(await prompt.textContent('main'), /最後一次/);
  said.push('last');
  await prompt.waitForSelector('#ok:not([disabled])');
  await pressIn(prompt, '#ok');
  await typePIN(prompt, WRONG);
  await prompt.waitForSelector('body[data-state="locked"]');
  assert.match(await prompt.textContent('main'), /鎖住/);
  said.push('locked');
  assert.equal(await prompt.getAttribute('main a', 'href'), 'https://moica.nat.gov.tw/');
  assert.deepEqual(said, ['at least 2', 'at least 2', 'last', 'locked']);
  await pressIn(prompt, '#ok');
  await problem('pinLocked');
  const state = await card('letters');
  assert.deepEqual([state.pinTries, state.verifies, state.verified], [0, 3, false]);
});

test('a PIN that is too short is never sent', async () => {
  page = await ready('letters');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  await typePIN(prompt, '12');
  await prompt.waitForFunction(() => /太短/.test(document.body.textContent));
  await typePIN(prompt, '１２３４５６');
  await prompt.waitForFunction(() => /全形/.test(document.body.textContent));
  assert.equal((await card('letters')).verifies, 0);
  await typePIN(prompt, 'Abc123');
  await welcome('王小明');
  assert.equal((await card('letters')).verifies, 1);
});

test('the window is closed: declined, not an error; a new click opens it again', async () => {
  page = await ready('citizen');
  await page.click('#submit');
  await (await world.browser.prompt('pin')).close();
  assert.match(await problem('userCancelled'), /取消/);
  assert.equal((await card('citizen')).verifies, 0);
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), PIN);
  await welcome('王小明');
});

test('Escape and the Cancel button decline', async () => {
  page = await ready('citizen');
  await page.click('#submit');
  await (await world.browser.prompt('pin')).press('#pin', 'Escape').catch(() => {}); // the window closes under the key
  await problem('userCancelled');
  await page.click('#submit');
  await pressIn(await world.browser.prompt('pin'), '#cancel');
  await problem('userCancelled');
  assert.equal((await card('citizen')).verifies, 0);
});

test('no card: the window waits, then goes on by itself', async () => {
  page = await ready(null);
  await page.click('#submit');
  const prompt = await world.browser.prompt('wait');
  assert.match(await prompt.textContent('main'), /沒有卡片/);
  await world.rig.ask('insert', {reader: 0, card: 'agency'});
  await prompt.waitForSelector('body[data-state="pin"]');
  await typePIN(prompt, PIN);
  await welcome('範例機關', '/agency');
});

test('the card is swapped while the PIN is typed: the field is emptied, no try is burnt', async () => {
  page = await ready('citizen');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  await prompt.fill('#pin', WRONG);
  await world.rig.ask('swap', {reader: 0, card: 'citizen2'});
  await prompt.waitForFunction(() => document.body.dataset.state === 'pin' && /陳大文/.test(document.querySelector('main').textContent));
  assert.equal(await prompt.inputValue('#pin'), '');
  assert.deepEqual([(await card('citizen')).verifies, (await card('citizen2')).verifies], [0, 0]);
  await typePIN(prompt, PIN);
  await welcome('陳大文');
});

test('the card is pulled while it signs: a clear message, and the next login works', async () => {
  page = await ready('citizen');
  await world.rig.ask('set', {card: 'citizen', pullOnSign: true});
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), PIN);
  assert.match(await problem('cardRemoved'), /拔出/);
  await world.rig.ask('set', {card: 'citizen', pullOnSign: false});
  await world.rig.ask('remove', {reader: 0});
  await world.rig.ask('insert', {reader: 0, card: 'citizen'});
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), PIN);
  await welcome('王小明');
});

test('two tabs at once: both end well, one PIN each', async () => {
  page = await ready('citizen');
  const second = await openPortal();
  await page.bringToFront();
  await page.click('#submit');
  const first = await world.browser.prompt('pin');
  await second.bringToFront();
  const opened = world.browser.context.waitForEvent('page', (p) => p.url().includes('/prompt/prompt.html'));
  await second.click('#submit');
  const other = await opened;
  await other.waitForSelector('body[data-state="wait"]');
  assert.match(await other.textContent('main'), /另一個視窗/);
  await typePIN(first, PIN);
  await welcome('王小明');
  await other.waitForSelector('body[data-state="pin"]');
  await typePIN(other, PIN);
  await second.waitForURL('**/welcome');
  const state = await card('citizen');
  assert.deepEqual([state.verifies, state.signatures, state.verified], [2, 2, false]);
});

test('two browsers at once: both end well, one PIN each', async () => {
  page = await ready('citizen');
  const browser = await startBrowser(`${world.folder}/second`, {env: {...world.env, XDG_RUNTIME_DIR: world.folder}});
  try {
    const second = await openPortal(browser);
    await page.click('#submit');
    const first = await world.browser.prompt('pin');
    await second.click('#submit');
    const other = await browser.prompt('wait');
    assert.match(await other.textContent('main'), /另一個視窗/);
    await typePIN(first, PIN);
    await welcome('王小明');
    await other.waitForSelector('body[data-state="pin"]');
    await typePIN(other, PIN);
    await second.waitForURL('**/welcome');
    assert.equal((await card('citizen')).verifies, 2);
  } finally {
    await browser.context.close();
  }
});

test('the worker is restarted while the window is open: the window closes, the page gets a typed error', async () => {
  page = await ready('citizen');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  const closed = prompt.waitForEvent('close');
  const cdp = await world.browser.context.browser()?.newBrowserCDPSession() ?? await world.browser.context.newCDPSession(page);
  const {targetInfos} = await cdp.send('Target.getTargets');
  const worker = targetInfos.find((info) => info.type === 'service_worker');
  await cdp.send('Target.closeTarget', {targetId: worker.targetId});
  await closed;
  await problem('extensionReloaded');
  assert.equal((await card('citizen')).verifies, 0);
  assert.deepEqual(await untilNoHosts(), [], 'the host ended with its port');
  await page.reload();
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), PIN);
  await welcome('王小明');
});

test('the page is left while the window is open: the window closes, no PIN is asked for nobody', async () => {
  page = await ready('citizen');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  const closed = prompt.waitForEvent('close');
  await page.goto('about:blank');
  await closed;
});

test('English at the person’s wish', async () => {
  page = await ready('citizen');
  await page.click('text=English');
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  assert.match(await prompt.textContent('#title'), /PIN of your card/);
  await prompt.click('#language');
  assert.match(await prompt.textContent('#title'), /請輸入/);
  await typePIN(prompt, PIN);
  await welcome('王小明');
});

test('an unusable certificate is shown with its reason', async () => {
  page = await ready('expired');
  await page.click('#submit');
  const prompt = await world.browser.prompt('wait');
  assert.match(await prompt.textContent('main'), /已過期/);
  await pressIn(prompt, '#cancel');
  await problem('userCancelled');
});

test('a token serves once, in the browser that asked, for this portal', async () => {
  page = await ready('citizen');
  const requests = [];
  page.on('request', (request) => { if (request.url().endsWith('/api/login')) requests.push(request.postDataJSON()); });
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), PIN);
  await welcome('王小明');
  const login = requests[0];
  await page.goto(world.portal.origin);
  const send = (on, body) => on.evaluate(async (sent) => {
    const response = await fetch('/api/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(sent)});
    return {status: response.status, code: (await response.json()).error?.code};
  }, body);
  const fresh = () => page.evaluate(async () => (await (await fetch('/api/challenge', {method: 'POST'})).json()).challengeNonce);
  await fresh(); // the cookie before login
  const replayed = await send(page, login);
  assert.ok(replayed.status >= 400 && /challenge/i.test(replayed.code), `replayed: ${JSON.stringify(replayed)}`);
  const reused = await send(page, {...login, challengeNonce: await fresh()});
  assert.equal(reused.code, 'signature', 'the token was made for another nonce');
  const signature = Buffer.from(login.token.signature, 'base64');
  signature[40] ^= 1;
  const flipped = await send(page, {challengeNonce: await fresh(), token: {...login.token, signature: signature.toString('base64')}});
  assert.equal(flipped.code, 'signature');
});
