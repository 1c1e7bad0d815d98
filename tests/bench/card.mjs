// From the PC/SC daemon's own notice to the prompt window: real card events, real Chromium, the host, OpenSC.
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {root, startBrowser, startPortal, startRig} from '../world/world.mjs';

export const CARD = {
  in: "daemon's notice of a card to PIN field shown",
  out: "daemon's notice of a removal to waiting window shown",
};

/** Reports each state of the prompt window with the time at which it stood there. Runs in that window. */
function watcher() {
  if (!location.pathname.endsWith('/prompt/prompt.html')) return;
  let last = '';
  new MutationObserver(() => {
    const {state = ''} = document.body?.dataset ?? {};
    if (state === last) return;
    last = state;
    console.log(`card ${JSON.stringify({state, at: performance.timeOrigin + performance.now()})}`);
  }).observe(document, {subtree: true, childList: true, attributes: true});
}

/** @returns {Promise<Record<string, number[]>>} milliseconds by CARD's keys */
export async function measureCard({host, policy, rounds}) {
  const worlds = join(root, 'build', 'worlds');
  mkdirSync(worlds, {recursive: true});
  const dir = mkdtempSync(join(worlds, 'c'));
  const ends = [() => rmSync(dir, {recursive: true, force: true, maxRetries: 10})];
  try {
    const rig = await startRig(dir, '');
    ends.push(() => rig.stop());
    const portal = await startPortal();
    ends.push(() => portal.stop());
    writeFileSync(policy, JSON.stringify({portals: [{origin: portal.origin, operations: ['authenticate', 'certificates']}]}), {mode: 0o644});
    ends.push(() => rmSync(policy, {force: true}));
    const browser = await startBrowser(dir, {register: false, env: {PCSCLITE_CSOCK_NAME: rig.socket}});
    ends.push(() => browser.context.close());
    execFileSync(host, ['register', '--browser=chromium'], {
      env: {HOME: browser.home, XDG_CONFIG_HOME: join(browser.home, '.config'), XDG_STATE_HOME: join(browser.home, 'state')},
    });
    await browser.context.addInitScript(watcher);
    const page = await browser.open(portal.origin);
    await page.waitForSelector('#submit:not([disabled])');
    await page.click('#submit');
    await browser.prompt('wait');
    return await rows(browser, rig, rounds);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function rows(browser, rig, rounds) {
  const times = {in: [], out: []};
  const until = (state) => browser.context.waitForEvent('console', {
    predicate: (message) => message.text().startsWith('card ') && JSON.parse(message.text().slice('card '.length)).state === state, timeout: 20000,
  });
  for (let i = -2; i < rounds; i++) { // two rounds to warm up
    for (const [key, state, parameters] of [['in', 'pin', {card: 'citizen'}], ['out', 'wait', {}]]) {
      const [message, {at}] = await Promise.all([until(state), rig.ask('notice', {reader: 0, ...parameters})]);
      if (i >= 0) times[key].push(JSON.parse(message.text().slice('card '.length)).at - at);
    }
  }
  return times;
}
