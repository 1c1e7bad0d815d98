// The whole of CardBridge on one machine: virtual card, portal, host, a browser with the extension in a throw-away profile.
// Everything is written below one folder and ends with stop().
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {chromium} from 'playwright-core';
import {shippedFiles} from '../../extension/tools/shipped.mjs';
import {keepHostLogs} from './logs.mjs';
import {startPortal} from './portal.mjs';
import {bin, root, run} from './process.mjs';
import {startRig} from './rig.mjs';

export {startAgent} from './agent.mjs';
export {startPortal, startPortals} from './portal.mjs';
export {startRig} from './rig.mjs';
export {root};

const extension = join(root, 'extension');
const policyFile = join(root, 'build', 'dev', 'policy.json');

/** Puts IT's policy in place; null: the built-in one. The host reads it at each session. */
export function setPolicy(policy) {
  mkdirSync(join(policyFile, '..'), {recursive: true, mode: 0o755}); // whatever the umask: others must not write it
  if (policy) writeFileSync(policyFile, JSON.stringify(policy), {mode: 0o644});
  else rmSync(policyFile, {force: true});
}

/** The extension as it is shipped, in a folder where a test may change it. @param {string} folder */
export function copyExtension(folder) {
  for (const name of shippedFiles(extension)) cpSync(join(extension, name), join(folder, name));
}

/** @param {{headless?: boolean, lang?: string, extensionDir?: string, args?: string[]}} options */
export function chromiumArgs({headless = true, lang = 'zh-TW', extensionDir = extension, args = []} = {}) {
  return [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium's sandbox does not run as root
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--password-store=basic', ...(headless ? ['--screen-info={1280x860}'] : []), `--lang=${lang}`,
    `--disable-extensions-except=${extensionDir}`, `--load-extension=${extensionDir}`, ...args,
  ];
}

/**
 * A browser with the extension and the registered host, in a profile of its own.
 * @param {string} dir  @param {{env?: Record<string, string>, headless?: boolean, register?: boolean, extensionDir?: string, lang?: string, args?: string[], executable?: string}} options
 */
export async function startBrowser(dir, {env = {}, headless = true, register = true, extensionDir = extension, lang = 'zh-TW', args = [], executable = '/usr/bin/chromium'} = {}) {
  const home = join(dir, 'home');
  const profile = join(home, '.config', 'chromium');
  mkdirSync(join(profile, 'Default'), {recursive: true});
  // without developer mode Chromium does not load an unpacked extension a second time
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({extensions: {ui: {developer_mode: true}}}));
  const hostEnv = {
    PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', LANGUAGE: lang.replace('-', '_'), XDG_STATE_HOME: join(home, 'state'), XDG_RUNTIME_DIR: dir,
    XDG_CONFIG_HOME: join(home, '.config'), XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: dir, ...env,
  };
  if (process.env.DISPLAY) Object.assign(hostEnv, {DISPLAY: process.env.DISPLAY, XAUTHORITY: process.env.XAUTHORITY ?? ''});
  if (register) await run(bin('cardbridge'), ['register', '--browser=chromium'], hostEnv);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? executable,
    headless, viewport: null, colorScheme: null, env: hostEnv, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    args: chromiumArgs({headless, lang, extensionDir, args}),
  });
  const worker = context.serviceWorkers()[0] ?? await context.waitForEvent('serviceworker');
  return {
    context, worker, home,
    stop: () => context.close(),
    register: () => run(bin('cardbridge'), ['register', '--browser=chromium'], hostEnv),
    unregister: () => run(bin('cardbridge'), ['unregister', '--browser=chromium'], hostEnv),
    /** As a crash would: no browser process says good-bye. */
    kill: () => browserProcesses(profile).forEach((pid) => process.kill(pid, 'SIGKILL')),
    manifest: join(profile, 'NativeMessagingHosts', 'tw.cardbridge.host.json'),
    log: () => (existsSync(join(home, 'state/cardbridge/host.log')) ? readFileSync(join(home, 'state/cardbridge/host.log'), 'utf8') : ''),
    /** A tab in a window of a common size; the prompt windows keep their own. */
    async open(url) {
      const page = await context.newPage();
      const cdp = await context.newCDPSession(page);
      const {windowId} = await cdp.send('Browser.getWindowForTarget');
      await cdp.send('Browser.setWindowBounds', {windowId, bounds: {left: 0, top: 0, width: 1280, height: 860}});
      await page.goto(url);
      return page;
    },
    /** The prompt window that is open now or opens next. */
    async prompt(state) {
      const isPrompt = (page) => page.url().includes('/prompt/prompt.html') && !page.isClosed();
      const window = context.pages().find(isPrompt) ?? await context.waitForEvent('page', {predicate: isPrompt});
      if (state) await window.waitForSelector(`body[data-state="${state}"]`);
      return window;
    },
  };
}

/** Presses a button that may close its own window: the window can be gone before the click is reported as done. */
export async function pressIn(window, selector) {
  await window.click(selector).catch((error) => { if (!window.isClosed() && !/has been closed/.test(error.message)) throw error; });
}

/** Types the PIN into the prompt window as a person does: not in its first half second. */
export async function typePIN(window, pin) {
  await window.waitForSelector('body[data-state="pin"] #pin');
  await window.fill('#pin', pin);
  await window.waitForSelector('#ok:not([disabled])');
  await pressIn(window, '#ok');
}

function browserProcesses(profile) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--user-data-dir=${profile}`);
    } catch {
      return false;
    }
  });
}

/** The pids of the hosts and their children that a world's browsers started: orphans, once those are gone. */
export function hosts(folder) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).startsWith(bin('cardbridge')) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${folder}/`);
    } catch {
      return false;
    }
  });
}

/**
 * Rig, portal and browser together, each in a folder of this world's own.
 * @param {{cards?: string, pinInPage?: boolean, policy?: (origin: string) => object, start?: Function, browser?: object, dir?: string,
 *   portal?: import('./portal.mjs').PortalOptions}} options  start: which browser, startBrowser's Chromium unless told otherwise
 */
export async function createWorld({
  cards = 'citizen', pinInPage = false, policy, start = startBrowser, browser: options = {}, dir, portal: portalOptions = {},
} = {}) {
  const parent = join(root, 'build', 'worlds');
  mkdirSync(parent, {recursive: true});
  const folder = dir ?? mkdtempSync(join(parent, 'w'));
  const ends = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
    setPolicy(null);
    for (const name of readdirSync(folder, {recursive: true})) if (basename(name) === 'home') keepHostLogs(join(folder, name));
    rmSync(folder, {recursive: true, force: true, maxRetries: 10, retryDelay: 200});
  };
  try {
    const rig = await startRig(folder, cards);
    ends.push(() => rig.stop());
    const portal = await startPortal({trust: rig.trust, pinInPage, dir: folder, ...portalOptions});
    ends.push(() => portal.stop());
    setPolicy(policy?.(portal.origin));
    const env = {PCSCLITE_CSOCK_NAME: rig.socket};
    const browser = await start(folder, {env, ...options});
    ends.push(() => browser.stop());
    return {folder, rig, portal, browser, env, ends, stop};
  } catch (error) {
    await stop();
    throw error;
  }
}
