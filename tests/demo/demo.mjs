// make demo: the portal's logins, from its page to the card and back: a person's first, which binds the card to an account; the
// same person's next, with the PIN alone; an agency's; then a document is signed on one of the SDK's example pages. With a display
// a person does it, with a drawer of cards beside the portal; without one it is done here, a line for each step with its time,
// numbered screenshots below build/demo/.
//   PIN_IN_PAGE=1            the portal's own PIN field
//   CARD=/path/to/module.so  the person's own reader and card; TRUST=/folder/of/ca-certificates; REVOCATION=none where its
//                            certificate names no OCSP responder and no CRL
import {existsSync, mkdirSync, readdirSync, rmSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {createInterface} from 'node:readline';
import {startDrawer} from '../drawer/drawer.mjs';
import {createWorld, hosts, root, setPolicy, startBrowser, startPortal, typePIN} from '../world/world.mjs';
import {compose} from './picture.mjs';

const folder = join(root, 'build', 'demo');
const world = join(folder, `w${process.pid}`); // two demos at once do not share it
const pinInPage = process.env.PIN_IN_PAGE === '1';
const module = process.env.CARD;
const headless = !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
const virtualPIN = '123456';

let begun = Date.now();
let pictures = 0;
const step = (text) => {
  console.log(`demo: ${String(Date.now() - begun).padStart(5)} ms  ${text}`);
  begun = Date.now();
};
const picture = (name) => join(folder, `${String(++pictures).padStart(2, '0')}-${name}.png`);

const stops = [];
async function cleanUp() {
  while (stops.length > 0) await stops.pop()();
  setPolicy(null);
  rmSync(world, {recursive: true, force: true, maxRetries: 10, retryDelay: 200});
}

let interrupted = false;
const interruption = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { interrupted = true; resolve('interrupted'); });
});

/** Portal, drawer and browser with the person's own card, or with the virtual one. */
async function prepare() {
  const policy = (origin) => (pinInPage || module) && {
    portals: [{origin, operations: ['authenticate', 'certificates'], pinFromPage: pinInPage}],
    ...(module && {modules: [module]}),
  };
  if (!module) {
    const everything = await createWorld({dir: world, cards: 'newcomer', pinInPage, policy, browser: {headless}});
    stops.push(everything.stop);
    const drawer = await startDrawer(everything.rig);
    stops.push(() => drawer.stop());
    step('virtual card in its reader, portal with its database up, browser with the extension and the registered host');
    return {...everything, drawer};
  }
  const portal = await startPortal({trust: process.env.TRUST, pinInPage, revocation: process.env.TRUST && process.env.REVOCATION, dir: world});
  stops.push(() => portal.stop());
  setPolicy(policy(portal.origin));
  const env = {};
  for (const name of ['PCSCLITE_CSOCK_NAME', 'SOFTHSM2_CONF', 'OPENSC_CONF']) if (process.env[name]) env[name] = process.env[name];
  const browser = await startBrowser(world, {headless, env});
  stops.push(() => browser.context.close());
  step(`portal up, browser with the extension and the registered host, your card through ${module}`);
  return {portal, browser};
}

async function firstLine() {
  for await (const line of createInterface({input: process.stdin})) return line.trim();
  throw new Error('without a display the PIN of your card is read from standard input: make demo CARD=… < file');
}

/** Without a display: presses the buttons. */
async function logIn({browser}, page, pin) {
  await page.waitForSelector('#submit:not([disabled])');
  if (pinInPage) {
    await page.fill('#pin', pin);
    await page.screenshot({path: picture('portal-with-its-own-pin-field')});
    await page.click('#submit');
    step('PIN typed into the portal’s own field, 登入 pressed');
    return;
  }
  await page.screenshot({path: picture('portal')});
  await page.click('#submit');
  step('登入 pressed');
  const window = await browser.prompt();
  await window.waitForSelector('body:not([data-state="starting"])');
  step(`PIN window open: ${(await window.textContent('#title')).trim()}`);
  if (await window.getAttribute('body', 'data-state') === 'choose') {
    await window.click('#ok'); // the first of them
    await window.waitForSelector('body[data-state="pin"]');
  }
  if (await window.getAttribute('body', 'data-state') !== 'pin') {
    await window.screenshot({path: picture('window')});
    throw new Error(`the window asks for no PIN: ${(await window.innerText('main')).trim().replace(/\s+/g, ' ')}`);
  }
  await compose(browser.context, page, window, picture('pin-window'));
  await window.bringToFront();
  await typePIN(window, pin);
  step('PIN typed, sent to the card');
}

const places = {'/welcome': 'welcome page', '/account': 'the portal asks for the account of this new card', '/agency': 'the agency’s page'};

/** Where a login ends: one of the places, or what the portal said of the certificate. */
async function outcome(page, wait) {
  const end = await Promise.race([
    page.waitForURL((url) => url.pathname in places, {timeout: wait}).then(() => new URL(page.url()).pathname),
    page.waitForSelector('#problem:not([hidden])', {timeout: wait}).then(() => 'refused'),
    interruption,
  ]);
  if (end === 'interrupted') return undefined;
  if (end !== 'refused') {
    step(places[end]);
    if (headless) await page.screenshot({path: picture(end.slice(1)), fullPage: true});
    const facts = await page.$$eval('dd', (list) => list.map((dd) => dd.textContent.trim()));
    return {place: end, line: `demo: ${end === '/account' ? 'card proved' : 'logged in'}: ${facts.join(', ')}`, code: 0};
  }
  if (headless) await page.screenshot({path: picture('refused'), fullPage: true});
  const text = await page.$eval('#problem', (node) => node.innerText.trim().split('\n').filter(Boolean).join(' | '));
  const untrusted = text.includes('untrustedIssuer') || text.includes('不受信任');
  // an own card without TRUST ends here: the portal trusts nobody yet
  return {line: `demo: ${untrusted && module ? 'issuer not trusted' : 'not logged in'}: ${text}`, code: untrusted && module && !process.env.TRUST ? 0 : 1};
}

/** One login of which the demo knows where it leads. */
async function expect(parts, page, pin, place) {
  await logIn(parts, page, pin);
  const end = await outcome(page, 60000);
  if (end && end.place !== place) throw new Error(`${place} was to come, but: ${end.line}`);
  return end;
}

/** The virtual cards' story: first login, next login, agency. */
async function story(parts, page) {
  const {rig} = parts;
  await expect(parts, page, virtualPIN, '/account');
  await page.fill('#account', 'xiaomei.lin');
  await page.screenshot({path: picture('account-typed')});
  await page.click('#next');
  step('account typed, 下一步 pressed');
  const bound = await outcome(page, 60000);
  if (bound?.place !== '/welcome') throw new Error(`the card was not bound: ${bound?.line}`);
  await page.click('form[action="/logout"] button');
  step('logged out; from now on the card is bound to the account');
  const person = await expect(parts, page, virtualPIN, '/welcome');
  await page.click('form[action="/logout"] button');
  const card = (await rig.ask('state')).cards.newcomer;
  step(`the card itself says: ${card.verifies} PINs sent, ${card.signatures} signatures, ${card.pinTries} tries left, ${card.verified ? 'STILL VERIFIED' : 'not verified any more'}`);
  await rig.ask('swap', {reader: 0, card: 'agency'});
  step('an agency’s card is put in');
  const agency = await expect(parts, page, virtualPIN, '/agency');
  console.log(agency.line);
  await examples(parts, page);
  return person;
}

/** The SDK's example pages, one of them with the card: a signed document. */
async function examples({browser, portal}, page) {
  await page.goto(`${portal.origin}/examples/`);
  const calls = await page.$$eval('#calls a', (links) => links.map((link) => link.textContent));
  await page.goto(`${portal.origin}/examples/?sign`);
  await page.waitForSelector('#form:not([hidden])');
  await page.click('#run');
  await typePIN(await browser.prompt('pin'), virtualPIN);
  await page.waitForSelector('#outcome.good, #outcome.bad');
  if (!(await page.textContent('#outcome')).includes('"signature"')) throw new Error(`the example did not sign: ${await page.textContent('#outcome')}`);
  await page.screenshot({path: picture('example-sign'), fullPage: true});
  step(`an example page for each call of the SDK (${calls.join(', ')}), one document signed`);
}

async function main() {
  for (const [name, path] of [['CARD', module], ['TRUST', process.env.TRUST]]) {
    if (path && !(isAbsolute(path) && existsSync(path))) throw new Error(`${name} must be an absolute path of something that is there: ${path}`);
  }
  const pin = headless && module ? await firstLine() : virtualPIN;
  mkdirSync(world, {recursive: true});
  for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));
  const parts = await prepare();
  const page = await parts.browser.open(parts.portal.origin);
  await page.waitForSelector('#submit:not([disabled])');
  await page.waitForFunction(() => document.querySelector('#status').dataset.mood !== 'busy');
  step(`portal open at ${parts.portal.origin}: ${(await page.textContent('#status')).trim()}`);
  if (headless && !module) return story(parts, page);
  if (headless) {
    await logIn(parts, page, pin);
    return outcome(page, 60000);
  }
  if (parts.drawer) {
    const drawer = await parts.browser.open(parts.drawer.url);
    step(`the cards lie in a drawer: ${drawer.url()}`);
    await page.bringToFront();
  }
  console.log(`demo: an example page for each call of the SDK: ${parts.portal.origin}/examples/`);
  console.log(module ? 'demo: press 登入 and type the PIN of your card.' : `demo: press 登入; the PIN of every card is ${virtualPIN}. The drawer is the other tab. Ctrl-C ends.`);
  parts.browser.context.on('close', () => process.emit('SIGTERM'));
  const end = await outcome(page, 0);
  if (end) {
    console.log(end.line);
    console.log('demo: look around; Ctrl-C, or closing the browser, ends.');
    await interruption;
  }
  return end;
}

let end;
try {
  end = await Promise.race([main(), interruption.then(() => undefined)]);
} catch (error) {
  if (!interrupted) {
    console.error(`demo: ${error.message}`);
    end = {code: 1};
  }
}
await cleanUp();
const left = hosts(world);
if (left.length > 0) {
  console.error(`demo: processes were left behind: ${left}`);
  process.exit(1);
}
if (end?.line && headless) {
  step(`${pictures} screenshots in build/demo/, nothing left running`);
  console.log(end.line);
}
process.exit(end?.code ?? 130);
