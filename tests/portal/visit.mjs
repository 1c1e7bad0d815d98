// A person at the portal: the world of one test file, with what its tests do again and again.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createWorld, pressIn, root, typePIN} from '../world/world.mjs';
import {openDatabase, secretsIn} from './database.mjs';

export {pressIn, typePIN};
export const PIN = '123456';
export const WRONG = 'Wr0ng#xq'; // found again wherever it should not be

const pictures = join(root, 'build', 'portal');

/** A picture of the page, or of the window, as a person has it before them: build/portal/NN-name.png. */
export async function picture(page, name) {
  mkdirSync(pictures, {recursive: true});
  assert.match(name, /^\d\d[a-z]?-[a-z0-9-]+$/);
  await page.screenshot({path: join(pictures, `${name}.png`), fullPage: true});
}

/** @param {Parameters<typeof createWorld>[0]} options */
export async function startVisit(options = {}) {
  const world = await createWorld({cards: '', ...options});
  const database = openDatabase(world.portal.database);
  const {rig, browser, portal} = world;
  let before;
  let page;

  const visit = {
    world, rig, portal, database, context: browser.context,
    get page() { return page; },
    /** When begin() was, in ms. */
    get since() { return before.at; },

    /** A new person: no tab, no cookie, no card; what the database holds now is what changes are told from. */
    async begin() {
      for (const open of browser.context.pages().slice(1)) await open.close();
      await browser.context.clearCookies();
      await rig.ask('ocsp', {mode: 'good'});
      await rig.ask('crl', {mode: 'good'});
      await rig.ask('remove', {reader: 0});
      before = {at: Date.now(), event: await database.lastEvent(), bindings: await database.bindings(),
        tries: await database.tries(), taken: await database.count('challenges WHERE taken')};
    },

    /** A fresh copy of the card in the reader. */
    async put(card) {
      await rig.ask('remove', {reader: 0});
      await rig.ask('insert', {reader: 0, card});
      await rig.ask('reset-card', {card});
    },

    async open(path = '/?lang=zh-TW') {
      page = await browser.open(portal.origin + path);
      return page;
    },

    /** The login page, when its script has looked at the computer. */
    async atLogin(path) {
      await visit.open(path);
      await page.waitForSelector('#submit:not([disabled])');
      await page.waitForFunction(() => document.querySelector('#status').dataset.mood !== 'busy');
      return page;
    },

    /** 登入 with that card; gives the extension's window. */
    async press(card, path) {
      if (card) await visit.put(card);
      await visit.atLogin(path);
      await page.click('#submit');
      return browser.prompt();
    },

    /** 登入 with that card and its PIN. */
    async present(card, {pin = PIN, path} = {}) {
      await typePIN(await visit.press(card, path), pin);
    },

    /** Until the page with that path is there; gives all that it says. */
    async arrive(path) {
      await page.waitForURL((url) => url.pathname === path);
      return page.innerText('main');
    },

    /** The login is refused on the login page, or what was typed on a page of its own; gives what it says. */
    async refused(code) {
      await page.waitForSelector('#problem:not([hidden])');
      const text = await page.innerText('#problem');
      assert.match(text, new RegExp(`代碼 ${code}\\b|Code ${code}\\b`));
      return text;
    },

    /** Types an account, then 下一步. */
    async name(account) {
      await page.fill('#account', account);
      await page.click('#next');
    },

    /** 登出. */
    async leave() {
      await page.click('form[action="/logout"] button');
      await page.waitForURL((url) => url.pathname === '/');
    },

    cookie: async (name = 'session') => (await browser.context.cookies()).find((cookie) => cookie.name === name)?.value,

    /** Waits for what the portal writes after the browser has gone on. */
    async until(trail) {
      while ((await database.events(before.event)).length < trail.length) await sleep(50);
    },

    /**
     * What the database holds now, against begin().
     * @param {object} expected
     * @param {string[]} expected.trail "login ok", "bind notInFile": action and outcome
     * @param {string | null} expected.session of this browser: "person xiaoming.wang"; null: none
     * @param {string[]} [expected.bound] "+moica/… account", "-…"
     * @param {Record<string, number>} [expected.tries] wrong accounts by card, beside those of before
     * @param {number} [expected.loggedIn] how many logins are open; by default one if there is a session of this browser
     */
    async holds({trail, session, bound = [], tries = {}, loggedIn = session && session !== 'proved' ? 1 : 0}) {
      const events = await database.events(before.event);
      assert.deepEqual(events.map((event) => `${event.action} ${event.outcome}`), trail, 'the audit trail');
      assert.equal(await database.session(await visit.cookie()), session, 'this browser’s session');
      const bindings = await database.bindings();
      const gone = before.bindings.filter((line) => !bindings.includes(line)).map((line) => `-${line}`);
      const come = bindings.filter((line) => !before.bindings.includes(line)).map((line) => `+${line}`);
      assert.deepEqual([...gone, ...come], bound, 'the bindings');
      assert.deepEqual(await database.tries(), {...before.tries, ...tries}, 'the wrong tries');
      assert.equal(await database.loggedIn(before.at), loggedIn, 'logins that are open');
      const logins = trail.filter((line) => line.startsWith('login ')).length;
      assert.equal(await database.count('challenges WHERE taken') - before.taken, logins, 'each login took one challenge');
      for (const event of events.filter(({action}) => ['login', 'bind', 'logout'].includes(action))) {
        assert.equal(event.address, '127.0.0.1');
        assert.match(event.request, /^[0-9a-f-]{36}$/);
      }
      return events;
    },

    async stop() {
      const stored = await database.everything();
      const log = portal.errors();
      const host = browser.log();
      await world.stop();
      assert.ok(stored.length > 10000 && log.length > 0, 'there is something to search');
      for (const [where, text] of Object.entries({stored, log, host})) {
        assert.deepEqual(secretsIn(text, [WRONG, 'Abc123']), [], `no ID number, no PIN in clear: ${where}`);
      }
    },
  };
  return visit;
}
