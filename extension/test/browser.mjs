// A real Chromium with this extension, a native host of the test's choice, and a small portal on loopback.
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {extname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';
import {library} from './webeidpage.mjs';

const extension = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const fakeHost = fileURLToPath(new URL('fakehost.mjs', import.meta.url));
export const EXTENSION_ID = 'pbjmkmfiabchoodbocfoiebiblhbiijh';

/** The portal: serves the SDK, and a page that says what a button would. */
async function servePortal() {
  const types = {'.js': 'text/javascript', '.html': 'text/html; charset=utf-8'};
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const sdk = /^\/sdk\/[a-z0-9]+\.js$/.test(path);
    const page = /^\/[a-z]+\.(html|js)$/.test(path);
    if (!sdk && !page) return response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': types[extname(path)], 'access-control-allow-origin': '*', 'content-security-policy': "default-src 'none'; script-src 'self'; frame-src 'self'",
    });
    const file = path === '/webeid.js' ? library : sdk ? join(extension, path) : join(extension, 'test', 'pages', path);
    return response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/**
 * @param {{host?: 'fake' | 'missing' | 'forbidden', env?: Record<string, string>, lang?: string, dark?: boolean}} options
 */
export async function start({host = 'fake', env = {}, lang = 'zh-TW', dark = false} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cardbridge-extension-'));
  const log = join(folder, 'host.log');
  writeFileSync(log, '');
  const manifests = join(folder, 'profile', 'NativeMessagingHosts');
  mkdirSync(manifests, {recursive: true});
  // Without developer mode Chromium does not load an unpacked extension a second time.
  mkdirSync(join(folder, 'profile', 'Default'), {recursive: true});
  writeFileSync(join(folder, 'profile', 'Default', 'Preferences'), JSON.stringify({extensions: {ui: {developer_mode: true}}}));
  const manifest = join(manifests, 'tw.cardbridge.host.json');
  const register = (id = EXTENSION_ID) => {
    chmodSync(fakeHost, 0o755);
    writeFileSync(manifest, JSON.stringify({
      name: 'tw.cardbridge.host', description: 'test', path: fakeHost, type: 'stdio', allowed_origins: [`chrome-extension://${id}/`],
    }));
  };
  if (host === 'fake') register();
  if (host === 'forbidden') register('a'.repeat(32));
  const portal = await servePortal();
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    viewport: null,
    colorScheme: null,
    env: {...process.env, LANGUAGE: lang.replace('-', '_'), CARDBRIDGE_FAKE_LOG: log, ...env},
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', `--lang=${lang}`, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`,
      ...(dark ? ['--force-dark-mode', '--blink-settings=preferredColorScheme=0'] : [])],
  });
  const worker = context.serviceWorkers()[0] ?? await context.waitForEvent('serviceworker');
  const origin = `http://localhost:${portal.address().port}`;
  return {
    context, worker, origin, register,
    unregister: () => rmSync(manifest, {force: true}),
    /** What the host received, parsed. */
    received: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    async open(path = '/portal.html') {
      const page = await context.newPage();
      await page.goto(origin + path);
      return page;
    },
    async stop() {
      await context.close();
      portal.closeAllConnections();
      portal.close();
      rmSync(folder, {recursive: true, force: true, maxRetries: 5});
    },
  };
}

let count = 0;
/** A nonce that tells the fake host what to do. */
export function nonce(scenario) {
  return `${scenario}-${++count}-`.padEnd(44, 'x');
}

/** Presses the page's button, which calls the SDK. @returns the prompt window */
export async function openPrompt(context, page, call) {
  const opened = context.waitForEvent('page', (window) => window.url().includes('/prompt/prompt.html'));
  await press(page, call);
  return opened;
}

/** A real click on the page's button, which runs {method, nonce, options}; the outcome is read with outcome(). */
export async function press(page, call) {
  await page.evaluate((next) => { window.next = next; window.outcome = undefined; }, call);
  await page.click('#go');
}

/** The call's end: {result} or {error: {code, who, message, hint, ...}}. */
export async function outcome(page) {
  await page.waitForFunction(() => window.outcome !== undefined);
  return page.evaluate(() => window.outcome);
}

/** Work that may close its own window: that can be gone before the work is reported as done. */
const unlessClosed = (window, work) => work.catch((error) => { if (!window.isClosed() && !/has been closed/.test(error.message)) throw error; });
export const pressIn = (window, selector) => unlessClosed(window, window.click(selector));
export const keyIn = (window, key) => unlessClosed(window, window.keyboard.press(key));
