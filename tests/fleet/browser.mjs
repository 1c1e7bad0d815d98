// A person at a browser inside the box, for the fleet's tests: Chromium as the wrapper starts it, driven from outside.
//
//   node browser.mjs WRAPPER PORTAL PROFILE
//
// Each line of standard input is one order {"do": …}, answered by one line {"ok": true, …} or {"error": …}.
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {chromium} from 'playwright-core';
import {pressIn, typePIN} from '../world/world.mjs';

const [wrapper, portal, profile] = process.argv.slice(2);
const patience = 120_000;

const context = await chromium.launchPersistentContext(profile, {
  executablePath: wrapper, headless: true, viewport: null, timeout: patience, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
  // what a forced extension needs is off in Playwright's own list
  ignoreDefaultArgs: ['--disable-extensions', '--disable-background-networking', '--disable-component-extensions-with-background-pages'],
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-component-update', '--disable-sync', '--password-store=basic', '--lang=zh-TW',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost'],
});
context.setDefaultTimeout(patience);
let page;

const isPrompt = (window) => window.url().includes('/prompt/prompt.html') && !window.isClosed();

/** The login page, when its script has found the extension and looked at the computer; a forced extension comes a while after the browser. */
async function atLogin() {
  await context.clearCookies();
  for (let end = Date.now() + patience; ;) {
    await page?.close();
    page = await context.newPage();
    await page.goto(`${portal}/?lang=zh-TW`);
    const mood = page.waitForFunction(() => document.querySelector('#status')?.dataset.mood === 'good', undefined, {timeout: 5000});
    if (await mood.then(() => true, () => false)) return;
    if (Date.now() > end) throw new Error(`the portal says: ${await page.innerText('body')}`);
    await sleep(200);
  }
}

async function press() {
  await atLogin();
  await page.click('#submit');
  const window = context.pages().find(isPrompt) ?? await context.waitForEvent('page', {predicate: isPrompt});
  await window.waitForSelector('body[data-state="pin"] #pin');
  return window;
}

async function problem() {
  await page.waitForSelector('#problem:not([hidden])');
  return page.innerText('#problem');
}

const orders = {
  /** A whole login; gives the welcome page's text. */
  async login({pin}) {
    await typePIN(await press(), pin);
    await page.waitForURL((url) => url.pathname === '/welcome');
    return page.innerText('main');
  },
  /** A login up to the PIN's window, which stays open. */
  async begin() {
    const window = await press();
    return window.innerText('main');
  },
  /** What the page says of the login that was begun. */
  problem,
  /** What a fresh page says, without a login, when host or extension cannot be reached. */
  async refused() {
    await context.clearCookies();
    await page?.close();
    page = await context.newPage();
    await page.goto(`${portal}/?lang=zh-TW`);
    return problem();
  },
  /** Closes the PIN's window. */
  async decline() {
    for (const window of context.pages().filter(isPrompt)) await pressIn(window, '#cancel');
    return problem();
  },
};

console.log(JSON.stringify({ok: true, said: context.browser()?.version() ?? ''}));
for await (const line of createInterface({input: process.stdin})) {
  const order = JSON.parse(line);
  try {
    console.log(JSON.stringify({ok: true, said: await orders[order.do](order)}));
  } catch (error) {
    console.log(JSON.stringify({error: String(error)}));
  }
}
await context.close();
