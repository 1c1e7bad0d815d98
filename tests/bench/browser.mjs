// Page to page: a portal's page, the SDK, real Chromium, the host, SoftHSM.
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {root, startAgent, startBrowser, startPortal} from '../world/world.mjs';

const NONCE = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg=';
const WINDOW = 'page to page: authenticate, PIN window';
export const NAMES = {
  status: 'page to page: status',
  page: 'page to page: authenticate, PIN from the page',
  window: WINDOW,
  unguarded: `${WINDOW}, less its guard`,
  opening: `${WINDOW}: click to the PIN field`,
  signing: `${WINDOW}: OK to the token`,
};

/** What the rows of the agent are called besides. */
export const THROUGH = ', through the agent';

/** Types the PIN as soon as the field is there, presses OK as soon as it may; says when both were. Runs in the prompt window. */
function typist(pin) {
  if (!location.pathname.endsWith('/prompt/prompt.html')) return;
  const now = () => performance.timeOrigin + performance.now();
  let shown = 0;
  new MutationObserver((_, observer) => {
    const field = document.querySelector('body[data-state="pin"] #pin');
    const ok = document.querySelector('#ok');
    if (!field || !ok) return;
    if (!shown) {
      shown = now();
      field.value = pin;
    }
    if (ok.disabled || ok.hidden) return;
    observer.disconnect();
    console.log(`bench ${JSON.stringify({shown, enabled: now()})}`);
    ok.click();
  }).observe(document, {subtree: true, childList: true, attributes: true});
}

/** One measured call in the page; its times are of the machine's one clock. */
async function call({method, nonce, pin}) {
  const sdk = await import('/sdk/cardbridge.js');
  const began = performance.timeOrigin + performance.now();
  const result = method === 'status' ? await sdk.status() : await sdk.authenticate(nonce, {pin});
  const ended = performance.timeOrigin + performance.now();
  if (method === 'status' ? !result.allowed : !result.signature) throw new Error(JSON.stringify(result));
  return {began, ended};
}

/** @returns {Promise<Record<string, number[]>>} milliseconds by NAMES' keys; agent: through one of that same program */
export async function measureBrowser({host, policy, measure, rounds, agent = false}) {
  const worlds = join(root, 'build', 'worlds');
  mkdirSync(worlds, {recursive: true});
  const dir = mkdtempSync(join(worlds, 'b'));
  const ends = [() => rmSync(dir, {recursive: true, force: true, maxRetries: 10})];
  try {
    const token = JSON.parse(execFileSync(measure, ['-token', dir], {encoding: 'utf8'}));
    const portal = await startPortal();
    ends.push(() => portal.stop());
    writeFileSync(policy, JSON.stringify({
      modules: [token.module], portals: [{origin: portal.origin, operations: ['authenticate', 'certificates'], pinFromPage: true}],
    }), {mode: 0o644});
    ends.push(() => rmSync(policy, {force: true}));
    const [variable, ...value] = token.variable.split('=');
    const env = {[variable]: value.join('=')};
    const none = join(dir, 'none');
    const service = agent && await startAgent({folder: dir, rig: {socket: none}}, {binary: host, env});
    if (service) ends.push(() => service.stop());
    const browser = await startBrowser(dir, {register: false, env: {...env, PCSCLITE_CSOCK_NAME: none}});
    ends.push(() => browser.context.close());
    execFileSync(host, ['register', '--browser=chromium'], {
      env: {HOME: browser.home, XDG_CONFIG_HOME: join(browser.home, '.config'), XDG_STATE_HOME: join(browser.home, 'state')},
    });
    const times = await rows(browser, portal, token.pin, rounds);
    if (service && service.audit().length < rounds) throw new Error('not every login went through the agent');
    return times;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function rows(browser, portal, pin, rounds) {
  const times = Object.fromEntries(Object.keys(NAMES).map((name) => [name, []]));
  await browser.context.addInitScript(typist, pin);
  const page = await browser.open(portal.origin);
  await page.waitForSelector('#submit:not([disabled])');
  await page.mouse.click(5, 5); // an extension acts only for a page that a person has touched
  for (let i = -3; i < rounds; i++) { // three rounds to warm up
    const status = await page.evaluate(call, {method: 'status'});
    const login = await page.evaluate(call, {method: 'authenticate', nonce: NONCE, pin});
    if (i < 0) continue;
    times.status.push(status.ended - status.began);
    times.page.push(login.ended - login.began);
    if (i % 6 === 0) await window(browser, page, times);
  }
  return times;
}

async function window(browser, page, times) {
  const said = browser.context.waitForEvent('console', {predicate: (message) => message.text().startsWith('bench '), timeout: 20000});
  const [{began, ended}, message] = await Promise.all([page.evaluate(call, {method: 'authenticate', nonce: NONCE}), said]);
  const {shown, enabled} = JSON.parse(message.text().slice('bench '.length));
  times.window.push(ended - began);
  times.unguarded.push(ended - began - (enabled - shown));
  times.opening.push(shown - began);
  times.signing.push(ended - enabled);
  // the window's own closing is not a part of the next login
  while (browser.context.pages().some((open) => open.url().includes('/prompt/'))) await sleep(5);
}
