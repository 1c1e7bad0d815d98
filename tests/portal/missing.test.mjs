// What the login page says when a part is missing: what to install, for this browser on this system.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, beforeEach, test} from 'node:test';
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

test('the module that IT named is not there: the window says so', async () => {
  const {origin} = visit.portal;
  setPolicy({portals: [{origin, operations: ['authenticate', 'certificates']}], modules: ['/opt/not-there/libpkcs11.so']});
  try {
    const window = await visit.press('citizen');
    await window.waitForSelector('body[data-state="wait"]');
    assert.match(await window.innerText('main'), /讀卡元件（PKCS#11 模組）[^]*重新安裝卡片的中介軟體/);
    await picture(window, '75-window-no-module');
    await pressIn(window, '#cancel');
    await visit.refused('userCancelled');
    await visit.holds(nothing);
  } finally {
    setPolicy(null);
  }
});

test('no module, told by the host: the card’s own program, by system', async () => {
  const restore = scriptedHost(visit.world, {allowed: true, operations: ['authenticate'], pinFromPage: false, code: 'noModule', readers: []});
  try {
    let number = 76;
    for (const [system, said] of Object.entries({Windows: /請安裝 Windows 版的卡片管理程式 HiCOS/, Mac: /macOS 版的卡片管理程式 HiCOS/, Linux: /請安裝卡片管理程式（PKCS#11 模組）/})) {
      assert.match(await on(system), said);
      assert.equal(await visit.page.getAttribute('#problem a', 'href'), 'https://moica.nat.gov.tw/');
      await picture(visit.page, `${number++}-no-module-${system.toLowerCase()}`);
    }
    await visit.holds(nothing);
  } finally {
    restore();
  }
});

/** A program in the host's place that answers status with this, then ends; gives what puts the host back. */
function scriptedHost({browser, folder}, status) {
  for (const pid of hosts(folder)) process.kill(pid, 'SIGKILL'); // it would stay connected for half a minute
  const manifest = readFileSync(browser.manifest, 'utf8');
  const script = join(folder, 'host.sh');
  const program = `const write = (m, then) => { const b = Buffer.from(JSON.stringify({jsonrpc: '2.0', ...m})); const h = Buffer.alloc(4); h.writeUInt32LE(b.length); process.stdout.write(Buffer.concat([h, b]), then); };
    let all = Buffer.alloc(0);
    process.stdin.on('data', (d) => { all = Buffer.concat([all, d]); while (all.length >= 4 && all.length >= 4 + all.readUInt32LE(0)) {
      const n = all.readUInt32LE(0); const m = JSON.parse(all.subarray(4, 4 + n)); all = all.subarray(4 + n);
      if (m.method === 'hello') write({id: m.id, result: {protocol: 1, host: {name: 'cardbridge', version: '0.0.0', os: 'linux', arch: 'amd64', build: 'dev'}, maxMessageBytes: 1048576}});
      else if (m.method === 'status') write({id: m.id, result: {host: {version: '0.0.0', protocol: 1}, ...${JSON.stringify(status)}}}, () => process.exit()); } });`;
  writeFileSync(script, `#!/bin/sh\nexec node -e "$(cat <<'END'\n${program}\nEND\n)"\n`, {mode: 0o755});
  writeFileSync(browser.manifest, JSON.stringify({...JSON.parse(manifest), path: script}));
  return () => writeFileSync(browser.manifest, manifest);
}

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
