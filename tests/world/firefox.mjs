// A real Firefox with the extension and the registered host, in a profile of its own; its windows driven as a person would.
import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {Marionette} from './marionette.mjs';
import {bin, root, run} from './process.mjs';

// as long as a busy machine needs to start it
const PATIENCE = 180_000;
const QUIT_PATIENCE = 20_000;
const PREFS = {
  'marionette.port': 0, // any; Firefox writes which one
  'intl.locale.requested': 'zh-TW', 'intl.accept_languages': 'zh-TW, zh, en',
  // a test's browser talks to nobody but the portal
  'app.update.auto': false, 'app.normandy.enabled': false, 'browser.safebrowsing.malware.enabled': false, 'browser.safebrowsing.phishing.enabled': false,
  'browser.newtabpage.enabled': false, 'browser.startup.homepage_override.mstone': 'ignore', 'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false, 'datareporting.healthreport.uploadEnabled': false, 'toolkit.telemetry.server': '',
  'extensions.getAddons.cache.enabled': false, 'extensions.update.enabled': false, 'extensions.blocklist.enabled': false,
  'media.gmp-manager.updateEnabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1', 'browser.region.network.url': '', 'browser.aboutwelcome.enabled': false,
  'browser.warnOnQuit': false, 'browser.tabs.warnOnClose': false, 'browser.tabs.closeWindowWithLastTab': false,
};

/** Asks until the answer is true, or something that is. @template T @param {string} what @param {() => Promise<T>} ask */
export async function until(what, ask) {
  let last;
  for (const from = Date.now(); Date.now() - from < PATIENCE; await sleep(50)) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error; // between two pages there is nothing to ask
    }
  }
  throw new Error(`waited in vain: ${what}`, {cause: last});
}

/** A tab, or a window of the extension. */
export class FirefoxPage {
  #marionette;
  #handle;

  /** @param {Marionette} marionette @param {string} handle */
  constructor(marionette, handle) {
    this.#marionette = marionette;
    this.#handle = handle;
  }

  /** @template T @param {(send: Marionette['send']) => Promise<T>} work */
  #here(work) {
    return this.#marionette.exclusively(async () => {
      await this.#marionette.send('WebDriver:SwitchToWindow', {handle: this.#handle, focus: false});
      return work((name, params) => this.#marionette.send(name, params));
    });
  }

  async isOpen() {
    return (await this.#marionette.send('WebDriver:GetWindowHandles')).includes(this.#handle);
  }

  /** Runs a function in the page, without what is around it here. @param {Function} work @param {...unknown} args */
  async evaluate(work, ...args) {
    return (await this.#here((send) => send('WebDriver:ExecuteScript', {script: `return (${work}).apply(null, arguments)`, args, sandbox: null}))).value;
  }

  /** @param {string} url */
  goto(url) {
    return this.#here((send) => send('WebDriver:Navigate', {url}));
  }

  /** @param {string} selector */
  waitFor(selector) {
    return until(selector, () => this.evaluate((wanted) => document.querySelector(wanted) !== null, selector))
      .catch(async (error) => { throw new Error(`${error.message}\nthe page shows:\n${await this.text('body').catch(String)}`, {cause: error}); });
  }

  /** @param {string} selector @returns {Promise<string>} */
  text(selector) {
    return this.evaluate((wanted) => document.querySelector(wanted).innerText, selector);
  }

  /** @param {string} pathname */
  waitForPath(pathname) {
    return until(`a page at ${pathname}`, () => this.evaluate((wanted) => location.pathname === wanted && document.readyState === 'complete', pathname));
  }

  /** @param {string} selector @param {string} text */
  async type(selector, text) {
    await this.waitFor(selector);
    await this.#element(selector, (send, id) => send('WebDriver:ElementSendKeys', {id, text}));
  }

  /** Presses what may close its own window: that can be gone before the click is reported as done. @param {string} selector */
  async click(selector) {
    await this.waitFor(selector);
    await this.#leaving(this.#element(selector, (send, id) => send('WebDriver:ElementClick', {id})));
  }

  /** As click, by a key. @param {string} selector @param {string} key of WebDriver's table */
  async press(selector, key) {
    await this.waitFor(selector);
    await this.#leaving(this.#element(selector, (send, id) => send('WebDriver:ElementSendKeys', {id, text: key})));
  }

  /** @param {string} path of a PNG */
  async screenshot(path) {
    const {value} = await this.#here((send) => send('WebDriver:TakeScreenshot', {full: false}));
    writeFileSync(path, Buffer.from(value, 'base64'));
  }

  close() {
    return this.#here((send) => send('WebDriver:CloseWindow'));
  }

  /** @param {string} selector @param {(send: Marionette['send'], id: string) => Promise<unknown>} work */
  #element(selector, work) {
    return this.#here(async (send) => {
      const {value} = await send('WebDriver:FindElement', {using: 'css selector', value: selector});
      await work(send, /** @type {string} */ (Object.values(value)[0]));
    });
  }

  /** @param {Promise<void>} done */
  async #leaving(done) {
    try {
      await done;
    } catch (error) {
      await until('the window closes', async () => !await this.isOpen()).catch(() => { throw error; });
    }
  }
}

/**
 * @param {string} dir a folder of one's own
 * @param {{env?: Record<string, string>, register?: boolean, extensionDir?: string | null, prefs?: Record<string, unknown>, executable?: string}} [options]
 *   extensionDir null: none is loaded
 */
export async function startFirefox(dir, {env = {}, register = true, extensionDir = join(root, 'extension'), prefs = {}, executable = process.env.FIREFOX ?? 'firefox-esr'} = {}) {
  const home = join(dir, 'home');
  const hostEnv = {
    PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', LANGUAGE: 'zh_TW', XDG_STATE_HOME: join(home, 'state'), XDG_RUNTIME_DIR: dir, TMPDIR: dir, ...env,
  };
  const place = (/** @type {string} */ command) => run(bin('cardbridge'), [command, '--browser=firefox'], hostEnv);
  if (register) await place('register');
  const {marionette, quit} = await launch(executable, join(home, 'profile'), prefs, hostEnv);
  // as "Load Temporary Add-on" does: unsigned, until Firefox ends
  const install = (/** @type {string} */ path) => marionette.send('Addon:Install', {path, temporary: true});
  const pages = async () => (await marionette.send('WebDriver:GetWindowHandles')).map((/** @type {string} */ handle) => new FirefoxPage(marionette, handle));
  try {
    if (extensionDir) await install(extensionDir);
  } catch (error) {
    await quit();
    throw error;
  }
  return {
    home, pages, install, stop: quit,
    uninstall: (/** @type {string} */ id) => marionette.send('Addon:Uninstall', {id}),
    manifest: join(home, '.mozilla/native-messaging-hosts/tw.cardbridge.host.json'),
    register: () => place('register'),
    unregister: () => place('unregister'),
    log: () => (existsSync(join(home, 'state/cardbridge/host.log')) ? readFileSync(join(home, 'state/cardbridge/host.log'), 'utf8') : ''),
    /** @param {string} url */
    async open(url) {
      const handle = await marionette.exclusively(async () => {
        // beside the first tab, which stays: the one that was current may be closed
        const [first] = await marionette.send('WebDriver:GetWindowHandles');
        await marionette.send('WebDriver:SwitchToWindow', {handle: first, focus: false});
        return (await marionette.send('WebDriver:NewWindow', {type: 'tab', focus: true})).handle;
      });
      const page = new FirefoxPage(marionette, handle);
      await page.goto(url);
      return page;
    },
    /** The prompt window that is open now or opens next. @param {string} [state] */
    async prompt(state) {
      const window = await until('a prompt window', async () => {
        for (const page of await pages()) if (await page.evaluate(() => location.pathname === '/prompt/prompt.html').catch(() => false)) return page;
        return null;
      });
      if (state) await window.waitFor(`body[data-state="${state}"]`);
      return window;
    },
  };
}

/** @param {string} executable @param {string} profile @param {Record<string, unknown>} prefs @param {Record<string, string | undefined>} env */
async function launch(executable, profile, prefs, env) {
  mkdirSync(profile, {recursive: true});
  const lines = Object.entries({...PREFS, ...prefs}).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, 'user.js'), lines.join(''));
  const size = {MOZ_HEADLESS_WIDTH: '1280', MOZ_HEADLESS_HEIGHT: '860'};
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', executable, '--headless', '--no-remote', '--marionette',
    '--width', '1280', '--height', '860', '--profile', profile, 'about:blank'], {env: {...env, ...size}, stdio: 'ignore'});
  let alive = true;
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  }).then(() => { alive = false; });
  /** @type {Marionette | undefined} */
  let marionette;
  const quit = async () => {
    await marionette?.send('Marionette:Quit', {flags: ['eForceQuit']}).catch(() => {});
    const late = setTimeout(() => child.kill('SIGKILL'), marionette ? QUIT_PATIENCE : 0);
    await ended;
    clearTimeout(late);
    marionette?.end();
  };
  try {
    const portFile = join(profile, 'MarionetteActivePort');
    const port = await until('Firefox listens', async () => !alive || existsSync(portFile) && Number(readFileSync(portFile, 'utf8')));
    if (port === true) throw new Error(`${executable} ended before it was ready`);
    marionette = new Marionette(/** @type {number} */ (port));
    await marionette.send('WebDriver:NewSession', {});
  } catch (error) {
    await quit();
    throw error;
  }
  return {marionette, quit};
}
