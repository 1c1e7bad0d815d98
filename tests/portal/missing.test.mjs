// What the login page says when a part is missing: what to install, for this browser on this system.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {chromium} from 'playwright-core';
import {hosts, setPolicy} from '../world/world.mjs';
import {PIN, picture, pressIn, startVisit, typePIN} from './visit.mjs';

let visit;
let bare; // a browser without the extension
before(async () => {
  visit = await startVisit();
  bare = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu']});
});
after(async () => {
  await bare?.close();
  await visit?.stop();
});
beforeEach(async () => { await visit.begin(); });

const nothing = {trail: [], session: null};
const chromeOn = (system, more = '') => `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36${more}`;
const systems = {Windows: 'Windows NT 10.0; Win64; x64', Mac: 'Macintosh; Intel Mac OS X 10_15_7', Linux: 'X11; Linux x86_64'};

for (const [name, userAgent, said, shot] of [
  ['Chrome', chromeOn(systems.Windows), /Chrome 需要「憑證通 CardBridge」擴充功能[^]*請洽資訊人員安裝/, '71-no-extension-chrome'],
  ['Edge', chromeOn(systems.Windows, ' Edg/142.0.0.0'), /Edge 需要「憑證通 CardBridge」擴充功能/, '71b-no-extension-edge'],
  ['Firefox', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', /Firefox 需要「憑證通 CardBridge」附加元件/, '71c-no-extension-firefox'],
  ['another browser', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15', /請改用 Chrome、Edge 或 Firefox/, '71d-no-extension-other'],
]) {
  test(`no extension in ${name}`, async () => {
    const context = await bare.newContext({userAgent, viewport: {width: 1280, height: 860}});
    const page = await context.newPage();
    await page.goto(visit.portal.origin);
    await page.waitForSelector('#problem:not([hidden])');
    const text = await page.innerText('#problem');
    assert.match(text, said);
    assert.match(text, /代碼 extensionMissing/);
    await picture(page, shot);
    if (name === 'Edge') {
      await page.click('text=English');
      await page.waitForSelector('#problem:not([hidden])');
      assert.match(await page.innerText('#problem'), /Edge needs the CardBridge extension\. On an agency's computer ask IT/);
    }
    await context.close();
    await visit.holds(nothing);
  });
}

/** The visitor's browser with our extension, on a system that it names. */
async function on(system) {
  await visit.open('/static/icon.svg');
  const cdp = await visit.context.newCDPSession(visit.page);
  await cdp.send('Network.setUserAgentOverride', {userAgent: chromeOn(systems[system])});
  await visit.page.goto(visit.portal.origin);
  await visit.page.waitForSelector('#problem:not([hidden])');
  return visit.page.innerText('#problem');
}

test('no host: an MSI, a pkg, a package, by system', async () => {
  await visit.world.browser.unregister();
  const wanted = {Windows: /這部 Windows 電腦需要安裝「憑證通 CardBridge」主程式（MSI 安裝檔）/, Mac: /這部 Mac 需要安裝[^]*pkg/, Linux: /這部 Linux 電腦需要安裝[^]*deb 或 rpm/};
  let number = 72;
  for (const [system, said] of Object.entries(wanted)) {
    const text = await on(system);
    assert.match(text, said);
    assert.match(text, /代碼 host(Missing|NotInstalled)/);
    await picture(visit.page, `${number++}-no-host-${system.toLowerCase()}`);
  }
  await visit.world.browser.register();
  await visit.holds(nothing);
});

/** IT names this as the only module; the host that runs keeps its session's policy, so it ends. */
async function withModule(path, then) {
  const {origin} = visit.portal;
  const fresh = async (policy) => {
    setPolicy(policy);
    for (const pid of hosts(visit.world.folder)) process.kill(Number(pid), 'SIGKILL');
    while (hosts(visit.world.folder).length > 0) await sleep(20);
  };
  await fresh({portals: [{origin, operations: ['authenticate', 'certificates']}], modules: [path]});
  try {
    await then();
  } finally {
    await fresh(null);
  }
}

test('no module is installed: the page says early what to install, by system; the window says it to IT', async () => {
  await withModule('/opt/not-there/libpkcs11.so', async () => {
    let number = 76;
    for (const [system, said] of Object.entries({Windows: /請安裝 Windows 版的卡片管理程式 HiCOS/, Mac: /macOS 版的卡片管理程式 HiCOS/, Linux: /請安裝卡片管理程式（PKCS#11 模組）/})) {
      const text = await on(system);
      assert.match(text, /找不到讀卡元件（PKCS#11 模組）/);
      assert.match(text, said);
      assert.ok(text.endsWith('代碼 noModule'), 'told by status, which is no operation that failed: there is nothing to look for in a log');
      assert.equal(await visit.page.getAttribute('#problem a', 'href'), 'https://moica.nat.gov.tw/');
      await picture(visit.page, `${number++}-no-module-${system.toLowerCase()}`);
    }
    const window = await visit.press('citizen', '/?lang=en');
    await window.waitForSelector('body[data-state="wait"][data-reason="noModule"]');
    assert.match(await window.innerText('main'), /No PKCS#11 module was found[^]*call your IT department/);
    await picture(window, '75-window-no-module');
    await pressIn(window, '#cancel');
    await visit.refused('userCancelled');
    await visit.holds(nothing);
  });
});

test('a module that cannot be loaded: another message in the window, and no word about what to install', async () => {
  await withModule('/etc/passwd', async () => {
    const window = await visit.press('citizen');
    assert.ok(await visit.page.locator('#problem').isHidden(), 'the file is there: only its use tells');
    await window.waitForSelector('body[data-state="wait"][data-reason="moduleInvalid"]');
    assert.match(await window.innerText('main'), /讀卡元件（PKCS#11 模組）的檔案無法載入/);
    await pressIn(window, '#cancel');
    await visit.refused('userCancelled');
    await visit.holds(nothing);
  });
});

test('the readers’ service is down: the page says so early; the window says whom to ask, goes on by itself', async () => {
  await visit.put('citizen');
  await visit.rig.ask('daemon', {up: 0});
  let window;
  try {
    await visit.open();
    assert.match(await visit.refused('pcscNotRunning'), /智慧卡服務（PC\/SC）沒有執行/);
    await picture(visit.page, '79-no-service');
    await visit.page.click('#submit');
    window = await visit.world.browser.prompt('wait');
    assert.match(await window.innerText('main'), /智慧卡服務（PC\/SC）沒有執行[^]*請通知資訊人員處理/);
    await picture(window, '79b-window-no-service');
  } finally {
    await visit.rig.ask('daemon', {up: 1});
  }
  await window.waitForSelector('body[data-state="wait"][data-reason="noCard"]');
  await visit.rig.ask('insert', {reader: 0, card: 'citizen'});
  await typePIN(window, PIN);
  await visit.arrive('/welcome');
  await visit.holds({trail: ['login ok'], session: 'person xiaoming.wang'});
});

test('no card in the reader: the window says so, and goes on when it comes', async () => {
  const window = await visit.press(null);
  await window.waitForSelector('body[data-state="wait"]');
  assert.match(await window.innerText('main'), /沒有卡片/);
  await picture(window, '80-window-no-card');
  await visit.rig.ask('insert', {reader: 0, card: 'citizen2'});
  await window.waitForSelector('body[data-state="pin"]');
  assert.match(await window.innerText('main'), /陳大文/);
  await visit.holds(nothing);
});
