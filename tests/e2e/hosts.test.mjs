// What a person is told when the host is missing, forbidden, disabled, gone or garbled; that none is left running.
import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {copyExtension, createWorld, hosts, startBrowser, typePIN} from '../world/world.mjs';

let world;
before(async () => { world = await createWorld({cards: 'citizen', browser: {register: false}}); });
after(async () => { await world?.stop(); });

/** What the portal's page says of the host. */
async function explained(browser = world.browser) {
  const page = await browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await page.waitForSelector('#problem:not([hidden])');
  const text = await page.innerText('#problem');
  await page.close();
  return text;
}

/** Puts another program in the host's place. */
function replaceHost(script) {
  const manifest = JSON.parse(readFileSync(world.browser.manifest, 'utf8'));
  const path = join(world.folder, `host-${Date.now()}.sh`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  writeFileSync(world.browser.manifest, JSON.stringify({...manifest, path}));
}

test('the extension is there before the host: an explanation of its own', async () => {
  assert.match(await explained(), /還沒有憑證通主程式[\s\S]*hostNotInstalled/);
});

test('then the host comes: the next login works without a restart; the port closes 30 s after, and the host ends', async () => {
  await world.browser.register();
  const page = await world.browser.open(world.portal.origin);
  await page.waitForSelector('#status[data-mood="good"]');
  await page.click('#submit');
  await typePIN(await world.browser.prompt('pin'), '123456');
  await page.waitForURL('**/welcome');
  const answered = Date.now();
  assert.equal(hosts(world.folder).length, 1, 'one host for all requests, no child');
  await sleep(25000);
  assert.equal(hosts(world.folder).length, 1, 'it stays while it may be needed');
  while (hosts(world.folder).length > 0 && Date.now() - answered < 60000) await sleep(200);
  assert.deepEqual(hosts(world.folder), []);
  await page.close();
});

test('the host is removed after it had worked', async () => {
  await world.browser.unregister();
  assert.match(await explained(), /先前在這部電腦上運作過[\s\S]*hostMissing/);
});

test('the host ends', async () => {
  await world.browser.register();
  replaceHost('exit 3');
  assert.match(await explained(), /中途結束[\s\S]*hostExited/);
});

test('the host prints what is no message', async () => {
  replaceHost('echo "Hello, I am a wrapper script"; cat >/dev/null');
  assert.match(await explained(), /無法解讀[\s\S]*hostGarbled/);
});

test('the host is of an older protocol', async () => {
  replaceHost(`exec node -e '
    process.stdin.once("data", (b) => { const m = JSON.parse(b.subarray(4)); const body = Buffer.from(JSON.stringify({jsonrpc: "2.0", id: m.id,
      error: {code: 2016, message: "old", data: {code: "hostOutdated", who: "it"}}})); const head = Buffer.alloc(4); head.writeUInt32LE(body.length);
      process.stdout.write(Buffer.concat([head, body])); });'`);
  assert.match(await explained(), /版本太舊[\s\S]*hostOutdated/);
});

test('an extension of another id may not start the host', async () => {
  const other = join(world.folder, 'other-extension');
  copyExtension(other);
  const manifest = JSON.parse(readFileSync(join(other, 'manifest.json'), 'utf8'));
  delete manifest.key; // its id now follows from its folder
  writeFileSync(join(other, 'manifest.json'), JSON.stringify(manifest));
  const browser = await startBrowser(join(world.folder, 'b2'), {env: world.env, extensionDir: other});
  try {
    assert.match(await explained(browser), /不接受這個擴充功能的識別碼[\s\S]*hostForbidden/);
  } finally {
    await browser.context.close();
  }
});

test('the administrator’s browser policy disables the host', async () => {
  const policies = join(world.folder, 'policies');
  mkdirSync(join(policies, 'managed'), {recursive: true});
  writeFileSync(join(policies, 'managed', 'cardbridge.json'), JSON.stringify({NativeMessagingBlocklist: ['*']}));
  // the browser reads policies at one place of the machine; a mount of its own keeps the machine's own untouched
  const wrapper = join(world.folder, 'chromium.sh');
  writeFileSync(wrapper, `#!/bin/sh\nexec unshare -m sh -c 'mkdir -p /etc/chromium/policies && mount --bind "$0" /etc/chromium/policies && exec /usr/bin/chromium "$@"' ${policies} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const browser = await startBrowser(join(world.folder, 'b3'), {env: world.env, executable: wrapper});
  try {
    assert.match(await explained(browser), /政策停用[\s\S]*hostDisabled/);
  } finally {
    await browser.context.close();
  }
});

test('the browser is killed in the middle of a login: no process stays, the card is closed', async () => {
  const browser = await startBrowser(join(world.folder, 'b4'), {env: world.env});
  const page = await browser.open(world.portal.origin);
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('#submit');
  await browser.prompt('pin');
  assert.ok(hosts(world.folder).length >= 2, 'host and signer run');
  browser.kill();
  const from = Date.now();
  while (hosts(world.folder).length > 0 && Date.now() - from < 20000) await sleep(50);
  assert.deepEqual(hosts(world.folder), []);
  assert.equal((await world.rig.ask('state')).cards.citizen.verified, false);
});
