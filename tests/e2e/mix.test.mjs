// A fleet is never of one version: the released host's protocol with extensions of an earlier and a later one, in real Chromium.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {copyExtension, createWorld, startBrowser, typePIN} from '../world/world.mjs';

let world;
before(async () => { world = await createWorld({cards: 'citizen'}); });
after(async () => { await world?.stop(); });

/** The extension as it would be with other protocols, in a browser of its own. */
async function withProtocols(version, protocols, use) {
  const folder = join(world.folder, `extension-${version}`);
  copyExtension(folder);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({...manifest, version}));
  const link = join(folder, 'background', 'hostlink.js');
  const source = readFileSync(link, 'utf8');
  const changed = source.replace(/^export const PROTOCOLS = \[1\];$/m, `export const PROTOCOLS = ${JSON.stringify(protocols)};`);
  assert.notEqual(changed, source, 'the line that names the protocols is there');
  writeFileSync(link, changed);
  const browser = await startBrowser(join(world.folder, `b-${version}`), {env: world.env, extensionDir: folder});
  try {
    await use(await browser.open(`${world.portal.origin}/?lang=zh-TW`), browser);
  } finally {
    await browser.stop();
  }
}

for (const [name, version, protocols] of [['a later extension that still knows this protocol', '9.0.0', [1, 2]], ['an earlier one', '0.0.9', [0, 1]]]) {
  test(`${name} logs in`, () => withProtocols(version, protocols, async (page, browser) => {
    await page.waitForSelector('#submit:not([disabled])');
    await page.click('#submit');
    await typePIN(await browser.prompt('pin'), '123456');
    await page.waitForURL('**/welcome');
  }));
}

for (const [name, version, protocols, code, says] of [
  ['a later extension that has dropped this protocol', '10.0.0', [2], 'hostOutdated', /主程式.*版本太舊/],
  ['an extension of before this protocol', '0.0.1', [0], 'extensionOutdated', /擴充功能.*版本太舊/],
]) {
  test(`${name}: the person is told which of both to update`, () => withProtocols(version, protocols, async (page) => {
    await page.waitForSelector('#problem:not([hidden])');
    const text = await page.innerText('#problem');
    assert.match(text, says);
    assert.ok(text.includes(code), text);
  }));
}
