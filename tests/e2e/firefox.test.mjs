// The same folder in real Firefox ESR: logins, a signed document, what a person is told when the host is not there.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, createWriteStream, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {finished} from 'node:stream/promises';
import {after, before, describe, test} from 'node:test';
import {zip} from '../../extension/tools/shipped.mjs';
import {startFirefox, until} from '../world/firefox.mjs';
import {copyExtension, createWorld, hosts, root} from '../world/world.mjs';
import {startSite} from './site.mjs';

const ADDON = 'cardbridge@cardbridge.tw';
const {PIN, WRONG} = {PIN: 'Abc123', WRONG: 'Wr0ng#xq'};
const IDLE_MS = 500;
const ESCAPE = '\uE00C';
const shots = join(root, 'build', 'messages');

let world;
let site;
before(async () => {
  mkdirSync(shots, {recursive: true});
  // Firefox ends a background page that has nothing to do for that long; while a window is open it must not.
  const prefs = {'extensions.background.idle.timeout': IDLE_MS};
  world = await createWorld({cards: 'letters', start: startFirefox, browser: {register: false, prefs}});
  site = await startSite(join(world.folder, 'site'));
});
after(async () => {
  site?.stop();
  const log = world?.browser.log();
  await world?.stop();
  assert.deepEqual(await until('no orphan', async () => hosts(world.folder).length === 0), true);
  assert.ok(log.includes(`"caller":"${ADDON}"`), 'the host knows who started it');
  assert.ok(!log.includes(PIN) && !log.includes(WRONG), 'no PIN in a log');
});

const card = async () => (await world.rig.ask('state')).cards.letters;

/** A page of the portal, loaded anew until it says that: Firefox may still be about to place the content script. */
async function portalThat(what, says, browser = world.browser) {
  const page = await browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await until(`a page that ${what}`, async () => {
    await page.waitFor('#submit:not([disabled])'); // from then on it asks for the extension
    await page.waitFor('#status:not([data-mood="busy"])');
    if (await says(page)) return true;
    await page.goto(`${world.portal.origin}/?lang=zh-TW`);
    return false;
  }).catch(async (error) => { throw new Error(`${error.message}; it says:\n${await page.text('body')}`, {cause: error}); });
  return page;
}

const openPortal = (browser) => portalThat('is ready', (page) => page.evaluate(() => document.querySelector('#problem').hidden), browser);

/** The portal's page explains what is wrong in these words. */
async function explains(words, what = 'explains it') {
  const page = await portalThat(what, async (shown) => words.test(await shown.text('#problem')));
  await page.close();
}

async function typePIN(prompt, pin) {
  await prompt.type('body[data-state="pin"] #pin', pin);
  await prompt.click('#ok:not([disabled])');
}

/** The shared port stays open while it may be needed: whoever changes the host's registration ends it first. */
async function endHosts() {
  for (const pid of hosts(world.folder)) process.kill(Number(pid), 'SIGKILL');
  await until('the hosts end', async () => hosts(world.folder).length === 0);
}

test('the extension is there before the host: an explanation of its own', async () => {
  await explains(/還沒有憑證通主程式[^]*hostNotInstalled/);
});

test('then the host comes: the PIN wrong once, then right, in a window that has the focus', async () => {
  await world.browser.register();
  const page = await openPortal();
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  await until('the field has the focus', () => prompt.evaluate(() => document.hasFocus() && document.activeElement.id === 'pin'));
  assert.equal(await prompt.text('#origin'), world.portal.origin);
  assert.match(await prompt.text('main'), /王小明/);
  await until('it is open for long', () => prompt.evaluate((least) => performance.now() > least, 6 * IDLE_MS));
  const [width, height, left, scrolls] = await prompt.evaluate(() => [outerWidth, outerHeight, screenX, document.documentElement.scrollWidth > innerWidth
    || document.documentElement.scrollHeight > innerHeight]);
  assert.deepEqual([width, height, left, scrolls], [560, 720, 360, false], 'in the middle of the page’s window, nothing cut off');
  await prompt.screenshot(join(shots, 'firefox-pin.png'));
  await typePIN(prompt, WRONG);
  await prompt.waitFor('body[data-state="pin"][data-notice="wrongPIN"]');
  assert.equal(await prompt.evaluate(() => document.querySelector('#pin').value), '', 'the field is empty again');
  assert.equal((await card()).pinTries, 2);
  await prompt.screenshot(join(shots, 'firefox-wrong-pin.png'));
  await typePIN(prompt, PIN);
  await page.waitForPath('/welcome');
  assert.match(await page.text('main'), /王小明/);
  const {pinTries, verifies, verified} = await card();
  assert.deepEqual([pinTries, verifies, verified], [3, 2, false]);
  await page.close();
});

describe('declined', () => {
  const ways = {
    'by the button': (prompt) => prompt.click('#cancel'),
    'by Escape': (prompt) => prompt.press('#pin', ESCAPE),
    'by closing the window': (prompt) => prompt.close(),
  };
  for (const [way, decline] of Object.entries(ways)) {
    test(way, async () => {
      const before = (await card()).verifies;
      const page = await openPortal();
      await page.click('#submit');
      const prompt = await world.browser.prompt('pin');
      await decline(prompt);
      await page.waitFor('#problem:not([hidden])');
      assert.match(await page.text('#problem'), /取消[^]*userCancelled/);
      await until('the window closes', async () => !await prompt.isOpen());
      assert.equal((await card()).verifies, before);
      await page.close();
    });
  }

  test('by leaving the page: the window goes with it', async () => {
    const page = await openPortal();
    await page.click('#submit');
    const prompt = await world.browser.prompt('pin');
    await page.close();
    await until('the window closes', async () => !await prompt.isOpen());
    await until('the signer ends', async () => hosts(world.folder).length <= 1);
  });
});

test('a document is signed through the SDK; openssl accepts it', async () => {
  const page = await world.browser.open(`http://127.0.0.1:${site.plainPort}/`);
  await until('the page is ready', () => page.evaluate(() => window.ready));
  await page.evaluate((next) => { window.next = next; }, {method: 'sign', options: {lang: 'zh-TW', document: {title: '差假申請單', content: '差假'}}});
  await page.click('#go');
  const prompt = await world.browser.prompt('pin');
  assert.match(await prompt.text('#title'), /簽署/);
  assert.match(await prompt.text('.documents'), /差假申請單/);
  await prompt.screenshot(join(shots, 'firefox-sign.png'));
  await typePIN(prompt, PIN);
  const {result, code} = await until('the outcome', () => page.evaluate(() => window.outcome));
  assert.equal(code, undefined);
  const write = (name, bytes) => { writeFileSync(join(world.folder, name), bytes); return join(world.folder, name); };
  const pem = write('signer.pem', `-----BEGIN CERTIFICATE-----\n${result.certificate.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`);
  const verify = (content) => execFileSync('openssl', ['cms', '-verify', '-binary', '-inform', 'DER', '-in', write('cms', Buffer.from(result.signature, 'base64')),
    '-purpose', 'any', '-partial_chain', '-CAfile', pem, '-content', write('content', content)], {stdio: ['ignore', 'pipe', 'ignore']});
  assert.equal(verify('差假').toString(), '差假');
  assert.throws(() => verify('other'));
  assert.equal((await card()).verified, false);
  await page.close();
});

test('what is wrong with the host has a message each', async () => {
  const placed = JSON.parse(readFileSync(world.browser.manifest, 'utf8'));
  assert.deepEqual([placed.allowed_extensions, placed.allowed_origins], [[ADDON], undefined]);
  const place = (changes) => writeFileSync(world.browser.manifest, JSON.stringify({...placed, ...changes}));
  const script = (name, text) => {
    const path = join(world.folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  for (const [what, change, expected] of [
    ['it ends', () => place({path: script('ends.sh', 'exit 3')}), /中途結束[^]*hostExited/],
    ['it prints what is no message', () => place({path: script('prints.sh', 'echo "Hello, I am a wrapper script"; cat >/dev/null')}), /無法解讀[^]*hostGarbled/],
    ['its program is gone', () => place({path: join(world.folder, 'gone')}), /先前在這部電腦上運作過[^]*hostMissing/],
    ['it lists another add-on', () => place({allowed_extensions: ['other@example.tw']}), /先前在這部電腦上運作過[^]*hostMissing/],
    ['it is not registered any more', () => world.browser.unregister(), /先前在這部電腦上運作過[^]*hostMissing/],
  ]) {
    await endHosts();
    await change();
    await explains(expected, `tells that ${what}`);
  }
  await world.browser.register();
  await (await openPortal()).close();
});

test('the person takes the sites back: the page finds no extension, and none of our windows opens', async () => {
  const page = await openPortal();
  await page.click('#submit');
  const prompt = await world.browser.prompt('pin');
  const sites = {origins: ['http://127.0.0.1/*']};
  const granted = () => prompt.evaluate((wanted) => chrome.permissions.contains(wanted), sites);
  assert.equal(await granted(), true, 'installing it grants the manifest’s own sites');
  assert.equal(await prompt.evaluate((wanted) => chrome.permissions.remove(wanted), sites), true);
  assert.equal(await granted(), false);
  await prompt.click('#cancel');
  await page.close();
  await explains(/Firefox 需要「憑證通 CardBridge」附加元件/);
});

test('an add-on of another id may not start the host', async () => {
  await world.browser.uninstall(ADDON);
  const other = join(world.folder, 'other-extension');
  copyExtension(other);
  const manifest = JSON.parse(readFileSync(join(other, 'manifest.json'), 'utf8'));
  manifest.browser_specific_settings.gecko.id = 'other@example.tw';
  writeFileSync(join(other, 'manifest.json'), JSON.stringify(manifest));
  await world.browser.install(other);
  await explains(/還沒有憑證通主程式[^]*hostNotInstalled/);
});

test('the policy of the README installs it: no question is asked, the sites are granted, a login works', async () => {
  await world.browser.stop(); // two at once are much for a small machine
  const xpi = join(world.folder, 'cardbridge.xpi');
  await finished(zip(join(root, 'extension')).pipe(createWriteStream(xpi)));
  const policies = join(world.folder, 'policies');
  mkdirSync(policies);
  const [, example] = /```json\n(.*?)```/s.exec(readFileSync(join(root, 'extension', 'README.md'), 'utf8'));
  const documented = JSON.parse(example);
  documented.policies.ExtensionSettings[ADDON].install_url = `file://${xpi}`;
  writeFileSync(join(policies, 'policies.json'), JSON.stringify(documented));
  // Firefox reads policies at one place of the machine; a mount of its own keeps the machine's own untouched
  const executable = join(world.folder, 'firefox.sh');
  writeFileSync(executable, `#!/bin/sh\nexec unshare -m sh -c 'mkdir -p /etc/firefox/policies && mount --bind "$0" /etc/firefox/policies && exec firefox-esr "$@"' ${policies} "$@"\n`);
  chmodSync(executable, 0o755);
  const browser = await startFirefox(join(world.folder, 'fleet'), {env: world.env, extensionDir: null, executable});
  try {
    const page = await openPortal(browser); // once the add-on is there
    await page.click('#submit');
    await typePIN(await browser.prompt('pin'), PIN);
    await page.waitForPath('/welcome');
  } finally {
    await browser.stop();
  }
});
