// The folder as it is loaded: id, locales, texts, the table of errors, the added sites.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import test from 'node:test';
import {fileURLToPath} from 'node:url';
import {Sites} from '../background/sites.js';
import {TEXTS} from '../prompt/texts.js';
import {pinFault} from '../prompt/pinfield.js';
import {ERRORS} from '../shared/errors.js';
import {NOTICES, WAIT_REASONS} from '../shared/messages.js';
import {matches, patternOf, siteState} from '../shared/sites.js';
import {plain} from '../shared/elements.js';

const root = new URL('..', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const manifest = JSON.parse(read('manifest.json'));

test('the key gives the id that hosts list', () => {
  const digest = createHash('sha256').update(Buffer.from(manifest.key, 'base64')).digest('hex').slice(0, 32);
  const id = [...digest].map((digit) => String.fromCharCode(97 + parseInt(digit, 16))).join('');
  assert.equal(id, 'pbjmkmfiabchoodbocfoiebiblhbiijh');
});

test('what the manifest names is there', () => {
  const files = [manifest.background.service_worker, ...manifest.background.scripts, manifest.action.default_popup, manifest.options_ui.page,
    ...Object.values(manifest.icons), ...manifest.content_scripts.flatMap(({js}) => js)];
  assert.ok(files.length > 8);
  for (const file of files) assert.ok(existsSync(new URL(file, root)), file);
  assert.match(manifest.content_security_policy.extension_pages, /^default-src 'none'; script-src 'self'; /);
  assert.deepEqual(manifest.permissions.toSorted(), ['activeTab', 'nativeMessaging', 'scripting', 'storage']);
});

test('both locales have the same messages', () => {
  const [zh, en] = ['zh_TW', 'en'].map((locale) => Object.keys(JSON.parse(read(`_locales/${locale}/messages.json`))));
  assert.ok(zh.length > 0);
  assert.deepEqual(zh, en);
});

test('the tables of errors are what protocol/errors.json gives', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('tools/generate-errors.mjs', root)), '--check']);
});

test('the content script knows who must act as the table does', () => {
  const table = /const WHO = \{([^}]*)\}/.exec(read('content/content.js'))[1];
  const rows = [...table.matchAll(/(\w+): '(\w+)'/g)];
  assert.equal(rows.length, 5);
  for (const [, code, who] of rows) assert.equal(ERRORS[code]?.who, who, code);
});

test('the window has words for everything that the protocol may show', () => {
  for (const reason of WAIT_REASONS) assert.ok(ERRORS[reason], reason);
  for (const texts of Object.values(TEXTS)) for (const notice of NOTICES) assert.ok(texts.notices[notice], notice);
  const shape = (value) => (typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)])) : typeof value);
  assert.deepEqual(shape(TEXTS.en), shape(TEXTS['zh-TW']));
});

test('pages load nothing from elsewhere and hold no inline code', () => {
  const pages = ['prompt/prompt.html', 'options/options.html', 'popup/popup.html'];
  for (const page of pages) {
    assert.doesNotMatch(read(page), /https?:|<style|style=|\son\w+=|<script(?![^>]*src=)/, page);
  }
  const scripts = ['background', 'content', 'prompt', 'options', 'popup', 'shared', 'sdk']
    .flatMap((folder) => readdirSync(new URL(`${folder}/`, root)).filter((name) => name.endsWith('.js')).map((name) => `${folder}/${name}`));
  assert.ok(scripts.length > 20);
  for (const script of scripts) assert.doesNotMatch(read(script), /innerHTML|insertAdjacentHTML|outerHTML|document\.write|eval\(|new Function/, script);
});

test('a PIN is judged before it is sent', () => {
  const {'zh-TW': zh} = TEXTS;
  const limits = {min: 6, max: 8};
  const cases = [['', zh.pinEmpty], ['12345', zh.pinShort(6)], ['123456789', zh.pinLong(8)], ['１２３４５６', zh.pinWide], ['密碼密碼密碼', zh.pinWide], ['123456', ''], ['aBcDeF!8', '']];
  for (const [pin, expected] of cases) assert.equal(pinFault(pin, limits, zh), expected);
});

test('characters that turn a name around are shown', () => {
  assert.equal(plain('王\u202e小\u0000明\u2066'), '王□小□明□');
  assert.equal(plain('王小明 Ming'), '王小明 Ming');
});

test('match patterns', () => {
  const gov = 'https://*.gov.tw/*';
  for (const [pattern, address, expected] of [
    [gov, 'https://ecpa.dgpa.gov.tw/a', true], [gov, 'https://gov.tw/', true], [gov, 'https://evilgov.tw/', false], [gov, 'http://a.gov.tw/', false],
    [gov, 'https://gov.tw.evil.example/', false], ['http://localhost/*', 'http://localhost:81/', true], ['http://localhost/*', 'http://a.localhost/', false],
  ]) assert.equal(matches(pattern, new URL(address)), expected, `${pattern} ${address}`);
  assert.equal(patternOf(new URL('https://portal.example.org:8443/x')), 'https://portal.example.org/*');
  for (const address of ['http://portal.example.org/', 'chrome://settings/', 'file:///x', 'data:,x']) assert.equal(patternOf(new URL(address)), null, address);
});

test('the toolbar window says what is granted, the manifest’s own sites too', async () => {
  for (const [address, origins, expected] of [
    ['https://ecpa.dgpa.gov.tw/', ['https://*.gov.tw/*'], {state: 'siteBuiltIn', pattern: 'https://*.gov.tw/*'}],
    ['https://ecpa.dgpa.gov.tw/', ['http://localhost/*'], {state: 'siteOff', pattern: 'https://*.gov.tw/*'}],
    ['https://portal.example.org:8443/x', ['https://portal.example.org/*'], {state: 'siteAdded', pattern: 'https://portal.example.org/*'}],
    ['https://portal.example.org:8443/x', ['https://*.gov.tw/*'], {state: 'siteOff', pattern: 'https://portal.example.org/*'}],
    ['http://portal.example.org/', ['https://*.gov.tw/*'], {state: 'siteImpossible', pattern: null}],
  ]) {
    const permissions = {getAll: async () => ({origins}), contains: async (wanted) => wanted.origins[0] !== 'https://*.gov.tw/*' && origins.includes(wanted.origins[0])};
    assert.deepEqual(await siteState(new URL(address), manifest, permissions), expected, address);
  }
  assert.equal((await siteState(null, manifest, {})).state, 'siteImpossible');
});

test('the content script is on the granted sites, and on none after the grant is taken back', async () => {
  let scripts = [];
  const injected = [];
  const granted = ['https://portal.example.org/*', 'https://*.gov.tw/*'];
  const sites = new Sites({
    permissions: {getAll: async () => ({origins: granted})},
    runtime: {getManifest: () => manifest},
    tabs: {query: async ({url}) => (url.includes(granted[0]) ? [{id: 5}] : [])},
    scripting: {
      getRegisteredContentScripts: async () => scripts,
      registerContentScripts: async (added) => { scripts = added; },
      updateContentScripts: async (changed) => { scripts = changed; },
      unregisterContentScripts: async () => { scripts = []; },
      executeScript: async ({target}) => { injected.push(target); },
    },
  });
  await sites.added([granted[0]]);
  assert.deepEqual(await sites.list(), ['https://portal.example.org/*']);
  assert.deepEqual(scripts.map(({matches: on, js, runAt, allFrames}) => ({on, js, runAt, allFrames})),
    [{on: ['https://portal.example.org/*'], js: ['content/content.js', 'content/webeid.js'], runAt: 'document_start', allFrames: true}]);
  assert.deepEqual(injected, [{tabId: 5, allFrames: true}]);
  granted.shift();
  await sites.sync();
  assert.deepEqual(scripts, []);
});
