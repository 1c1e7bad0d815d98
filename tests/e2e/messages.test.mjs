// What a person reads on a bad day, in real Chromium with the real host on real PC/SC, in both languages; pictures: build/messages.
import assert from 'node:assert/strict';
import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {createWorld, hosts, pressIn, root, setPolicy, typePIN} from '../world/world.mjs';

const {PIN, WRONG} = {PIN: '123456', WRONG: '999999'};
const opensc = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so';
const pictures = join(root, 'build', 'messages');
mkdirSync(pictures, {recursive: true});

let world;
let page;
let window;
let changed = false;
before(async () => { world = await createWorld({cards: ''}); });
after(async () => { await world?.stop(); });
afterEach(async () => {
  await policy(null);
  for (const open of world.browser.context.pages().slice(1)) await open.close();
  await world.rig.ask('daemon', {up: 1});
  for (const reader of [0, 1]) {
    await world.rig.ask('plug', {reader});
    await world.rig.ask('remove', {reader});
  }
});

/** Another policy, or null for the built-in one, and a host that reads it: one that runs keeps its session's. */
async function policy(next) {
  if (next || changed) {
    setPolicy(next);
    for (const pid of hosts(world.folder)) process.kill(Number(pid), 'SIGKILL');
    while (hosts(world.folder).length > 0) await sleep(20);
  }
  changed = next !== null;
}

async function put(card, reader = 0) {
  await world.rig.ask('insert', {reader, card});
  await world.rig.ask('reset-card', {card});
}

/** Opens the portal and presses 登入. */
async function login() {
  page = await world.browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await page.waitForSelector('#submit:not([disabled])');
  await page.waitForFunction(() => document.querySelector('#status').dataset.mood !== 'busy');
  await page.click('#submit');
  window = await world.browser.prompt();
}

/** The window shows that state; in both languages it says this, and nothing is cut off at the side. */
async function says(selector, name, zh, en) {
  await window.waitForSelector(`body${selector}`).catch(async (error) => assert.fail(`${error.message}\nthe window shows:\n${await window.innerText('body')}`));
  for (const [language, said] of [['zh-TW', zh], ['en', en]]) {
    if (language === 'en') await window.click('#language');
    assert.match(await window.innerText('main'), said);
    const [scroll, client] = await window.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(scroll <= client, 'the window scrolls sideways');
    await window.screenshot({path: join(pictures, `${name}-${language}.png`)});
  }
  await window.click('#language');
}

async function cancelled() {
  await pressIn(window, '#cancel');
  await page.waitForSelector('#problem:not([hidden])');
  assert.match(await page.innerText('#problem'), /您已取消這次作業[^]*代碼 userCancelled・作業編號 [0-9a-f]{8}$/);
}

const verifies = async (card) => (await world.rig.ask('state')).cards[card].verifies;
const grant = (more, portal = {}) => ({portals: [{origin: world.portal.origin, operations: ['authenticate', 'certificates'], ...portal}], ...more});
const waits = (reason) => `[data-state="wait"][data-reason="${reason}"]`;

describe('no card: six different messages', () => {
  test('no reader; the reader comes, the card comes, in', async () => {
    for (const reader of [0, 1]) await world.rig.ask('unplug', {reader});
    await login();
    await says(waits('noReader'), 'no-reader', /找不到讀卡機。[^]*USB 插孔[^]*視窗會自動繼續/, /No card reader was found\.[^]*Plug the reader in[^]*goes on by itself/);
    await world.rig.ask('plug', {reader: 0});
    await window.waitForSelector(`body${waits('noCard')}`);
    await put('citizen');
    await typePIN(window, PIN);
    await page.waitForURL('**/welcome');
  });

  test('no card', async () => {
    await login();
    await says(waits('noCard'), 'no-card', /讀卡機裡沒有卡片。[^]*晶片朝上/, /There is no card in the reader\.[^]*chip up/);
    await cancelled();
  });

  test('a card that is not recognised', async () => {
    await put('dumb');
    await login();
    await says(waits('cardNotRecognised'), 'card-not-recognised', /卡片無法辨識。[^]*沒有插反[^]*不是健保卡或金融卡/, /is not recognised\.[^]*upside down/);
    await cancelled();
  });

  test('another program holds the card; it lets go, the window goes on', async () => {
    await put('citizen');
    await world.rig.ask('hold', {reader: 0});
    try {
      await login();
      await says(waits('cardBusy'), 'card-busy', /卡片正被其他程式使用。[^]*請關閉其他使用卡片的程式/, /Another program is using the card\.[^]*Close other programs/);
    } finally {
      await world.rig.ask('release', {reader: 0});
    }
    await window.waitForSelector('body[data-state="pin"]');
    await cancelled();
  });

  test('the PC/SC service is not running', async () => {
    await world.rig.ask('daemon', {up: 0});
    await login();
    await says(waits('pcscNotRunning'), 'pcsc-not-running', /智慧卡服務（PC\/SC）沒有執行。[^]*請通知資訊人員處理，並告知作業編號[^]*「Smart Card」服務/,
      /smart card service \(PC\/SC\) is not running\.[^]*call your IT department[^]*the service Smart Card/);
    await cancelled();
  });

  test('the module is not installed; IT installs it, 重試, on to the PIN', async () => {
    await put('citizen');
    const late = join(world.folder, 'late-pkcs11.so');
    await policy(grant({modules: [late]}));
    await login();
    await says(waits('noModule'), 'no-module', /找不到讀卡元件（PKCS#11 模組）。[^]*請通知資訊人員處理[^]*安裝卡片的中介軟體[^]*請按「重試」/,
      /No PKCS#11 module was found\.[^]*call your IT department[^]*Install the card's middleware[^]*press Try again/);
    symlinkSync(opensc, late);
    await window.waitForSelector('#ok:not([disabled])');
    await pressIn(window, '#ok');
    await window.waitForSelector('body[data-state="pin"]');
    await cancelled();
  });
});

test('a module that is none: another message than the missing one; the log names the file under the reference', async () => {
  await put('citizen');
  await policy(grant({modules: ['/etc/passwd']}));
  await login();
  await says(waits('moduleInvalid'), 'module-invalid', /檔案無法載入。[^]*請通知資訊人員處理[^]*架構/, /cannot be loaded\.[^]*call your IT department[^]*architecture/);
  const reference = /[0-9a-f]{8}$/.exec(await window.innerText('#reference'))[0];
  assert.ok(lines(reference).some((line) => line.module === '/etc/passwd' && line.code === 'moduleInvalid'), 'IT reads which file it is');
  await cancelled();
});

test('the wrong card: which one it is, which one is wanted; the right one comes, in', async () => {
  await put('agency');
  await policy(grant({}, {cardKinds: ['citizen']}));
  await login();
  await says(waits('wrongCard'), 'wrong-card', /這張是機關憑證，網站要的是自然人憑證[^]*請拔出這張卡片，改插自然人憑證[^]*範例機關[^]*不是網站要求的種類/,
    /This is: Agency certificate\. The web site wants: Citizen certificate[^]*Take this card out/);
  const aside = window.locator('details.aside');
  assert.match(await aside.locator('summary').innerText(), /其他 1 張憑證/);
  assert.ok(await aside.locator('.unusable').isHidden(), 'the encryption certificate is one click away');
  await world.rig.ask('swap', {reader: 0, card: 'citizen'});
  await typePIN(window, PIN);
  await page.waitForURL('**/welcome');
  assert.equal(await verifies('agency'), 0);
});

test('two cards: the person chooses; nothing that cannot be used is in the way', async () => {
  await put('citizen');
  await put('agency', 1);
  await login();
  await says('[data-state="choose"]', 'two-cards', /請選擇要使用的憑證[^]*範例機關[^]*機關憑證[^]*王小明[^]*自然人憑證[^]*其他 2 張憑證/,
    /Choose the certificate[^]*Agency certificate[^]*Citizen certificate[^]*2 more/);
  assert.equal(await window.locator('input[type=radio]').count(), 2);
  await window.click('label:has-text("範例機關")');
  await window.waitForSelector('#ok:not([disabled])');
  await pressIn(window, '#ok');
  await window.waitForSelector('body[data-state="pin"]');
  assert.match(await window.innerText('main'), /範例機關/);
  await cancelled();
});

test('the last try is confirmed; then the lock, with the authority’s page', async () => {
  await put('citizen2');
  await world.rig.ask('set', {card: 'citizen2', pinTries: 1});
  await login();
  await says('[data-state="lastTry"]', 'last-try', /這是最後一次機會[^]*再輸入錯誤 1 次就會鎖卡[^]*請先取消/, /This is the last try[^]*locks the card[^]*cancel now/);
  assert.equal(await verifies('citizen2'), 0);
  await window.waitForSelector('#ok:not([disabled])');
  await pressIn(window, '#ok');
  await typePIN(window, WRONG);
  await says('[data-state="locked"]', 'locked', /卡片已鎖住[^]*前往解鎖[^]*moica\.nat\.gov\.tw/, /The card is locked[^]*unlock page[^]*moica\.nat\.gov\.tw/);
  assert.equal(await window.getAttribute('#unlock', 'href'), 'https://moica.nat.gov.tw/');
  await window.waitForSelector('#ok:not([disabled])');
  await pressIn(window, '#ok');
  await page.waitForSelector('#problem:not([hidden])');
  assert.match(await page.innerText('#problem'), /卡片已鎖住[^]*代碼 pinLocked・作業編號 [0-9a-f]{8}$/);
  await page.screenshot({path: join(pictures, 'locked-page.png')});
  assert.equal(await verifies('citizen2'), 1);
});

/** The lines of the host's log that the help desk finds. */
function lines(reference) {
  return world.browser.log().split('\n').filter(Boolean).map((line) => JSON.parse(line)).filter(({operation}) => operation?.startsWith(reference));
}

test('the window and the page show one reference; the log has it, while the window is open and after', async () => {
  const before = world.browser.log().length;
  await login();
  await window.waitForSelector(`body${waits('noCard')}`);
  const [, reference] = /^作業編號 ([0-9a-f]{8})$/.exec(await window.innerText('#reference'));
  assert.equal(await window.evaluate(() => getComputedStyle(document.getElementById('reference')).userSelect), 'text');
  assert.deepEqual(lines(reference).map(({prompt, reason}) => [prompt, reason]), [['wait', 'noCard']]);
  await cancelled();
  assert.ok((await page.innerText('#problem')).endsWith(`代碼 userCancelled・作業編號 ${reference}`));
  assert.deepEqual(lines(reference).slice(-2).map(({code, audit, outcome}) => [code, audit, outcome]),
    [['userCancelled', undefined, undefined], [undefined, true, 'userCancelled']]);
  for (const line of world.browser.log().slice(before).split('\n').filter(Boolean)) {
    assert.match(JSON.parse(line).operation ?? line, /^[0-9a-f]{8}-[0-9a-f-]{27}$/, 'a line that nobody finds');
  }
});
