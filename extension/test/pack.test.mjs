// The extension as it is delivered: packed, then installed by force from an agency's own web server, in real Chromium.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {createHash, generateKeyPairSync} from 'node:crypto';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {chromium} from 'playwright-core';
import {shippedFiles} from '../tools/shipped.mjs';

const root = join(import.meta.dirname, '../..');
const shots = process.env.CARDBRIDGE_SHOTS ?? mkdtempSync(join(tmpdir(), 'cardbridge-shots-'));
mkdirSync(shots, {recursive: true});
const {version, key: testKey} = JSON.parse(readFileSync(join(root, 'extension/manifest.json'), 'utf8'));
const crxName = `cardbridge-extension-${version}.crx`;
const zipName = `cardbridge-extension-${version}.zip`;
let folder;
let key;
let id;
let server;
let updates;

const pack = (args, env = {}) => spawnSync(process.execPath, [join(root, 'extension/tools/pack.mjs'), ...args], {encoding: 'utf8', env: {...process.env, ...env}});
const packed = (name, args = [], env = {}) => {
  const out = join(folder, name);
  const {status, stderr} = pack(['--out', out, ...args], env);
  assert.equal(status, 0, stderr);
  return out;
};
const inZip = (file) => execFileSync('python3', ['-c', 'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))', file], {encoding: 'utf8'}).trim().split('\n');
const manifestIn = (file) => JSON.parse(execFileSync('python3', ['-c', 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read("manifest.json").decode())', file], {encoding: 'utf8'}));

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cardbridge-pack-'));
  chmodSync(folder, 0o755);
  key = join(folder, 'key.pem');
  writeFileSync(key, generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export({type: 'pkcs8', format: 'pem'}));
  id = pack(['--id', '--key', key]).stdout.trim();
  server = createServer((request, response) => {
    const name = request.url.slice(1).split('?')[0];
    if (!['updates.xml', crxName].includes(name)) return response.writeHead(404).end();
    return response.writeHead(200, {'Content-Type': name === crxName ? 'application/x-chrome-extension' : 'text/xml'}).end(readFileSync(join(folder, 'own', name)));
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  updates = `http://127.0.0.1:${server.address().port}/updates.xml`;
});
after(() => {
  server.close();
  rmSync(folder, {recursive: true, force: true, maxRetries: 10, retryDelay: 200});
});

test('the same bytes whenever, wherever, under whatever umask', () => {
  const digests = (out) => readdirSync(out).toSorted().map((name) => [name, createHash('sha256').update(readFileSync(join(out, name))).digest('hex')]);
  const args = ['--key', key, '--update-url', updates];
  const first = digests(packed('once', args, {TZ: 'UTC'}));
  assert.deepEqual(first.map(([name]) => name), [crxName, zipName, 'updates.xml'].toSorted());
  execFileSync('xmllint', ['--noout', join(folder, 'once', 'updates.xml')]);
  assert.deepEqual(digests(packed('twice', args, {TZ: 'Asia/Taipei'})), first);
});

test('stores get neither key nor update address; nobody gets tests, tools, the SDK', () => {
  const out = packed('own', ['--key', key, '--update-url', updates]);
  const store = manifestIn(join(out, zipName));
  assert.ok(!('key' in store) && !('update_url' in store));
  const own = manifestIn(join(out, crxName)); // a CRX is a signed head before a ZIP
  assert.equal(own.update_url, updates);
  assert.ok(!('key' in own));
  const names = inZip(join(out, zipName));
  assert.deepEqual(inZip(join(out, crxName)), names);
  assert.ok(names.includes('background/worker.js') && names.includes('managed.schema.json') && names.includes('_locales/zh_TW/messages.json'));
  for (const name of names) assert.doesNotMatch(name, /^(test|tools|sdk)\/|\.md$|\.d\.ts$|tsconfig|\.pem$/);
});

test('the id is the key\'s, never the test key\'s of the manifest', () => {
  const spki = execFileSync('openssl', ['pkey', '-in', key, '-pubout', '-outform', 'DER']);
  const letters = [...createHash('sha256').update(spki).digest('hex').slice(0, 32)].map((digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');
  assert.equal(id, letters);
  assert.notEqual(spki.toString('base64'), testKey);
});

test('what cannot be packed is refused with the reason, nothing is written', () => {
  const out = join(folder, 'refused');
  const keyFile = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const pem = {type: 'pkcs8', format: 'pem'};
  const ec = keyFile('ec.pem', generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey.export(pem));
  const short = keyFile('short.pem', generateKeyPairSync('rsa', {modulusLength: 1024}).privateKey.export(pem));
  const locked = keyFile('locked.pem', generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export({...pem, cipher: 'aes-256-cbc', passphrase: 'x'}));
  const publicOnly = keyFile('public.pem', execFileSync('openssl', ['pkey', '-in', key, '-pubout']));
  for (const [args, reason] of [
    [['--key', key], /go together/], [['--update-url', updates], /go together/], [['--key', join(folder, 'none.pem'), '--update-url', updates], /no private key/],
    [['--key', ec, '--update-url', updates], /RSA/], [['--key', short, '--update-url', updates], /2048/],
    [['--key', locked, '--update-url', updates], /without a password/], [['--key', publicOnly, '--update-url', updates], /no private key/],
    [['--key', key, '--update-url', 'http://files.example.gov.tw/updates.xml'], /https/], [['--key', key, '--update-url', 'https://files.example.gov.tw/cardbridge'], /plain address/],
    [['--update-url'], /argument/], [['--unknown'], /--unknown/],
  ]) {
    const {status, stderr} = pack(['--out', out, ...args]);
    assert.notEqual(status, 0, args.join(' '));
    assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no trace of the stack');
    assert.ok(!existsSync(out) && !existsSync(join(folder, 'none.pem')), args.join(' '));
  }
  for (const args of [[], ['--id']]) assert.notEqual(pack(args).status, 0);
});

test('what lies about in the folder is not shipped', () => {
  const copy = join(folder, 'copy');
  cpSync(join(root, 'extension'), copy, {recursive: true});
  assert.deepEqual(shippedFiles(copy), shippedFiles(join(root, 'extension')));
  for (const stray of ['release-key.pem', '.env', '.DS_Store', 'options/options.js~', 'background/key.pem', 'notes/x.js']) {
    mkdirSync(join(copy, stray, '..'), {recursive: true});
    writeFileSync(join(copy, stray), 'x');
    assert.throws(() => shippedFiles(copy), (error) => error.message.includes(stray), stray);
    rmSync(join(copy, stray));
  }
  symlinkSync('/etc/hostname', join(copy, 'options/link.js'));
  assert.throws(() => shippedFiles(copy), /link\.js/);
});

test('the stores can take texts and pictures as they are', () => {
  const shapes = [];
  const all = [];
  for (const [lang, locale] of [['zh-TW', 'zh_TW'], ['en', 'en']]) {
    const {name, description} = JSON.parse(readFileSync(join(root, 'extension/_locales', locale, 'messages.json'), 'utf8'));
    assert.ok(name.message.length <= 75 && description.message.length <= 132, 'Chrome: at most 75 and 132 characters');
    const text = readFileSync(join(root, `docs/store/listing.${lang}.md`), 'utf8');
    shapes.push([...text.matchAll(/^(#+ |\| |- )/gm)].map(([mark]) => mark).join(''));
    const permissions = JSON.parse(readFileSync(join(root, 'extension/manifest.json'), 'utf8')).permissions;
    for (const permission of permissions) assert.ok(text.includes(`| ${permission} |`), `${lang}: why ${permission}?`);
    const pictures = readdirSync(join(root, 'docs/store', lang));
    all.push(...pictures.map((picture) => readFileSync(join(root, 'docs/store', lang, picture), 'base64')));
    assert.ok(pictures.length >= 1);
    for (const picture of pictures) {
      const png = readFileSync(join(root, 'docs/store', lang, picture));
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1280, 800], picture);
    }
  }
  assert.equal(shapes[0], shapes[1], 'both languages say the same');
  assert.equal(new Set(all).size, all.length, 'each picture is in its own language');
});

/** Chromium under policies of its own: a mount that only it sees. Nothing of the command line installs anything. */
async function underPolicies(policies, use) {
  const managed = join(folder, 'managed');
  mkdirSync(managed, {recursive: true});
  writeFileSync(join(managed, 'cardbridge.json'), JSON.stringify(policies));
  const executablePath = join(folder, 'chromium.sh');
  writeFileSync(executablePath, `#!/bin/sh\nexec unshare -m sh -c 'mkdir -p /etc/chromium/policies/managed && mount --bind "$0" /etc/chromium/policies/managed && exec chromium "$@"' ${managed} "$@"\n`);
  chmodSync(executablePath, 0o755);
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, 'profile-')), {
    executablePath, headless: true, ignoreDefaultArgs: ['--disable-extensions', '--disable-background-networking'],
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--lang=zh-TW', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
  try {
    await use(context);
  } finally {
    await context.close();
  }
}

test('installed by force, it says where the host is to be had, whom to ask, before any host is there', async () => {
  packed('own', ['--key', key, '--update-url', updates]);
  const settings = {language: 'zh-TW', installURL: 'https://software.example.gov.tw/cardbridge', helpDesk: {text: '資訊室', phone: '02-2345-6789', url: 'https://help.example.gov.tw'}};
  const rendered = join(folder, 'rendered');
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  execFileSync('go', ['run', './manifests/render', '-out', rendered, '-own', id, '-update-url', updates, '-settings', join(folder, 'settings.json')], {cwd: root});
  const policies = JSON.parse(readFileSync(join(rendered, 'linux/policies/chromium.json'), 'utf8'));
  // the renderer refuses it; policies are written by hand, too
  const bad = {...policies, '3rdparty': {extensions: {[id]: {...settings, helpDesk: {...settings.helpDesk, url: 'javascript:alert(1)'}}}}};
  await underPolicies({...bad, DeveloperToolsAvailability: 1}, async (context) => {
    const worker = context.serviceWorkers()[0] ?? await context.waitForEvent('serviceworker', {timeout: 120_000});
    assert.equal(new URL(worker.url()).host, id);
    await worker.evaluate(() => new Promise((resolve) => {
      const look = async () => { if ((await chrome.storage.managed.get()).installURL) resolve(undefined); };
      chrome.storage.onChanged.addListener(look); // it comes a moment after the installation
      look();
    }));
    const page = await context.newPage();
    await page.setViewportSize({width: 900, height: 1100});
    await page.goto(`chrome-extension://${id}/options/options.html`);
    await page.waitForSelector('#connection[data-state="hostNotInstalled"]');
    assert.equal(await page.getAttribute('#connection .install a', 'href'), settings.installURL);
    assert.equal(await page.isVisible('#connection .contact'), false, 'a help desk with a mistake is left out');
    await page.screenshot({path: join(shots, 'managed-bad.png')});
  });
  await underPolicies({...policies, DeveloperToolsAvailability: 1}, async (context) => {
    if (context.serviceWorkers().length === 0) await context.waitForEvent('serviceworker', {timeout: 120_000});
    for (const [path, size] of [['options/options.html', {width: 900, height: 1100}], ['popup/popup.html', {width: 400, height: 520}]]) {
      const page = await context.newPage();
      await page.setViewportSize(size);
      await page.goto(`chrome-extension://${id}/${path}`);
      await page.waitForSelector('#connection .failure ~ .contact', {timeout: 120_000});
      assert.match(await page.innerText('.contact'), /資訊室[^]*02-2345-6789[^]*help\.example\.gov\.tw/);
      await page.screenshot({path: join(shots, `managed-${path.split('/')[0]}.png`)});
    }
  });
});
