// Who may ask: the real browser names the sender, the real host decides by its built-in policy.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {chromiumArgs, createWorld, root, typePIN} from '../world/world.mjs';
import {startSite} from './site.mjs';

let args;
let site;
let world;
const real = 'https://ecpa.dgpa.gov.tw';

before(async () => {
  site = await startSite(join(root, 'build', 'e2e-site'));
  // Any name leads to our site; the real portal's name on the default port too.
  const rules = `MAP ecpa.dgpa.gov.tw:443 127.0.0.1:${site.securePort}, MAP *.gov.tw 127.0.0.1, MAP *.tw 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`;
  args = [`--host-resolver-rules=${rules}`, '--ignore-certificate-errors'];
  world = await createWorld({cards: 'citizen', browser: {args}});
});
after(async () => {
  await world?.stop();
  site?.stop();
});

async function ask(url, method = 'authenticate', options = {}) {
  const page = await world.browser.open(url);
  await page.waitForFunction(() => window.ready);
  await page.evaluate((next) => { window.next = next; }, {method, options});
  await page.click('#go');
  await page.waitForFunction(() => window.outcome !== undefined, undefined, {timeout: 15000});
  const outcome = await page.evaluate(() => window.outcome);
  await page.close();
  return outcome;
}

test('the portal of the built-in policy logs in', async () => {
  const page = await world.browser.open(`${real}/`);
  await page.waitForFunction(() => window.ready);
  await page.click('#go');
  const prompt = await world.browser.prompt('pin');
  assert.equal(await prompt.textContent('#origin'), real);
  await typePIN(prompt, '123456');
  await page.waitForFunction(() => window.outcome !== undefined);
  assert.equal((await page.evaluate(() => window.outcome)).result?.format, 'web-eid:1.0');
  await page.close();
});

for (const [name, host] of [
  ['a sub-domain', 'evil.ecpa.dgpa.gov.tw'], ['a look-alike', 'ecpa-dgpa.gov.tw'], ['punycode', 'xn--ecpa-9na.dgpa.gov.tw'], ['another port', 'ecpa.dgpa.gov.tw'],
]) {
  test(`${name} is refused, and IT is told what to add`, async () => {
    const origin = `https://${host}:${site.securePort}`;
    const refused = await ask(`${origin}/`);
    assert.deepEqual([refused.code, refused.who, refused.facts.origin], ['originNotAllowed', 'it', origin]);
    const {result} = await ask(`${origin}/`, 'status');
    assert.deepEqual([result.allowed, result.code, result.readers], [false, 'originNotAllowed', undefined]);
  });
}

test('plain http is refused', async () => {
  assert.equal((await ask(`http://ecpa.dgpa.gov.tw:${site.plainPort}/`)).code, 'contextInsecure');
});

test('a site elsewhere has no extension until the person adds it', async () => {
  assert.equal((await ask(`https://portal.example.tw:${site.securePort}/`)).code, 'extensionMissing');
});

test('an iframe is refused', async () => {
  const page = await world.browser.open(`${real}/?frame=plain`);
  assert.equal((await site.report('plain')).code, 'notTopFrame');
  await page.close();
});

test('a sandboxed iframe, whose origin is null, is refused', async () => {
  const page = await world.browser.open(`${real}/?frame=sandboxed`);
  assert.equal((await site.report('sandboxed')).code, 'originInvalid');
  await page.close();
});

test('a prerendered page is refused', async () => {
  // A browser under test tools does not prerender, so this one runs without; the page itself reports.
  const profile = join(world.folder, 'prerender');
  mkdirSync(join(profile, 'Default'), {recursive: true});
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({extensions: {ui: {developer_mode: true}}}));
  const browser = spawn('/usr/bin/chromium', ['--headless=new', `--user-data-dir=${profile}`, ...chromiumArgs({args}), `${real}/?prerender=1`], {stdio: 'ignore'});
  try {
    const report = await site.report('prerendered');
    assert.equal(report.prerendering, true, 'the browser really prerendered it');
    assert.equal(report.code, 'documentNotActive');
  } finally {
    browser.kill('SIGKILL');
    await once(browser, 'exit');
  }
});

test('a page that was not touched is refused', async () => {
  const page = await world.browser.open(`${real}/?now=untouched`);
  assert.equal((await site.report('untouched')).code, 'touchRequired');
  await page.close();
});

test('the portal’s own PIN field, without IT’s grant: refused with the code that tells IT', async () => {
  const refused = await ask(`${real}/`, 'authenticate', {pin: '123456'});
  assert.deepEqual([refused.code, refused.who], ['pinFromPageNotAllowed', 'it']);
});

test('no card saw a PIN but the one login', async () => {
  const {citizen} = (await world.rig.ask('state')).cards;
  assert.deepEqual([citizen.verifies, citizen.signatures, citizen.verified], [1, 1, false]);
});
