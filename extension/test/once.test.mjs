// A PIN is sent once, whatever is pressed; what was typed is gone with its prompt, and so is the window. Pictures: build/messages.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import test, {after, before, describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import {keyIn, nonce, openPrompt, outcome, press, pressIn, start} from './browser.mjs';

const pictures = fileURLToPath(new URL('../../build/messages/', import.meta.url));
mkdirSync(pictures, {recursive: true});
let browser;
let page;
let from;
before(async () => { browser = await start(); });
after(() => browser?.stop());

/** A fresh page of the portal, and the window of the scenario in its state. */
async function open(scenario, state = 'pin') {
  page = await browser.open();
  from = browser.received().length;
  const window = await openPrompt(browser.context, page, {method: 'authenticate', nonce: nonce(scenario), options: {lang: 'zh-TW'}});
  await window.waitForSelector(`body[data-state="${state}"]`);
  await window.waitForSelector('#ok:not([disabled])', {state: 'attached'});
  return window;
}
const answers = (action) => browser.received().slice(from).filter(({result}) => result?.action === action);
const gone = (window) => (window.isClosed() ? undefined : window.waitForEvent('close'));
/** What happens beside the keyboard: a card's reader, a clock. */
async function happens() {
  const other = await browser.open();
  await press(other, {method: 'certificates'});
  await outcome(other);
  await other.close();
}
const enter = {key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r'};
async function keyboard(window) {
  const cdp = await browser.context.newCDPSession(window);
  return {
    down: (repeat = false) => cdp.send('Input.dispatchKeyEvent', {type: 'keyDown', autoRepeat: repeat, ...enter}),
    up: () => cdp.send('Input.dispatchKeyEvent', {type: 'keyUp', ...enter}),
  };
}
/** Enter goes down and stays down until the next prompt has been there for longer than its guard. */
async function hold(window, next) {
  const {down, up} = await keyboard(window);
  await down();
  for (let count = 0; count < 5; count++) await down(true);
  await window.waitForSelector(`${next} #ok:not([disabled])`);
  for (let count = 0; count < 5; count++) await down(true);
  await up();
}

describe('a PIN is sent once', () => {
  const next = 'body[data-state="pin"][data-notice="wrongPIN"]';
  for (const [name, gesture] of Object.entries({
    'double click on OK': (window) => window.dblclick('#ok'),
    'five clicks': (window) => window.click('#ok', {clickCount: 5}),
    'Enter, then a click on OK': async (window) => {
      await window.focus('#pin');
      await Promise.all([window.keyboard.press('Enter'), window.evaluate(() => document.getElementById('ok').click())]);
    },
    'two events in one turn of the page': (window) => window.evaluate(() => {
      document.getElementById('ok').click();
      document.getElementById('form').requestSubmit();
    }),
    'Enter held down': async (window) => {
      await window.focus('#pin');
      await hold(window, next);
    },
  })) {
    test(name, async () => {
      const window = await open('wrong');
      await window.fill('#pin', '111111');
      await gesture(window);
      await window.waitForSelector(`${next} #ok:not([disabled])`);
      assert.equal(await window.inputValue('#pin'), '');
      assert.deepEqual(answers('pin').map(({result}) => result.pin), ['111111']);
      await window.fill('#pin', '222222');
      await pressIn(window, '#ok');
      assert.equal((await outcome(page)).result.format, 'web-eid:1.0');
      assert.deepEqual(answers('pin').map(({result}) => result.pin), ['111111', '222222'], 'one for each prompt');
      await page.close();
    });
  }

  test('Enter held down neither confirms the last try nor declines it', async () => {
    const window = await open('last');
    await window.fill('#pin', '111111');
    await window.focus('#pin');
    await hold(window, 'body[data-state="lastTry"]');
    assert.equal(await window.getAttribute('body', 'data-state'), 'lastTry');
    assert.deepEqual([answers('pin').length, answers('confirm').length, answers('cancel').length], [1, 0, 0]);
    await pressIn(window, '#cancel');
    assert.equal((await outcome(page)).error.code, 'userCancelled');
    await page.close();
  });

  test('the window is loaded anew: before the PIN, declined; after it, taken back; the PIN is not sent again', async () => {
    const early = await open('wrong');
    await early.fill('#pin', '111111');
    await early.reload().catch(() => {}); // closed while it loads
    await gone(early);
    assert.equal((await outcome(page)).error.code, 'userCancelled');
    assert.equal(answers('pin').length, 0);
    await page.close();

    const late = await open('work');
    await late.fill('#pin', '111111');
    await pressIn(late, '#ok');
    await late.waitForSelector('body[data-progress="signing"]');
    await late.reload().catch(() => {});
    await gone(late);
    assert.equal((await outcome(page)).error.code, 'userCancelled');
    assert.equal(answers('pin').length, 1);
    await page.close();
  });

  test('a second window of the same address shows nothing and answers nothing', async () => {
    const window = await open('wrong');
    const twin = await browser.context.newPage();
    await twin.goto(window.url()).catch(() => {}); // may close itself while it loads
    await gone(twin);
    assert.equal(answers('cancel').length, 0);
    await window.fill('#pin', '111111');
    await pressIn(window, '#ok');
    await window.waitForSelector(`${next} #ok:not([disabled])`);
    assert.equal(answers('pin').length, 1);
    await pressIn(window, '#cancel');
    await outcome(page);
    await page.close();
  });
});

describe('before a try is spent', () => {
  test('Caps Lock and full-width characters are told while they are typed', async () => {
    const window = await open('wrong');
    const key = (on) => window.evaluate((modifierCapsLock) => {
      document.getElementById('pin').dispatchEvent(new KeyboardEvent('keydown', {key: 'A', modifierCapsLock, bubbles: true}));
    }, on);
    assert.ok(await window.locator('#pin-caps').isHidden());
    await key(true);
    assert.match(await window.innerText('#pin-caps'), /大寫鎖定（Caps Lock）已開啟/);
    await key(false);
    assert.ok(await window.locator('#pin-caps').isHidden());
    await window.focus('#pin');
    await window.keyboard.insertText('１２３'); // as an input method does
    assert.match(await window.innerText('#pin-fault'), /全形[^]*沒有送出，次數沒有減少/);
    await window.fill('#pin', '123456');
    assert.ok(await window.locator('#pin-fault').isHidden());
    await pressIn(window, '#cancel');
    await outcome(page);
    assert.equal(answers('pin').length, 0);
    await page.close();
  });
});

describe('a PIN pad', () => {
  test('nothing is typed here: no field, no OK, Enter answers nothing; wrong at the pad, then right', async () => {
    const window = await open('pad', 'pinPad');
    assert.match(await window.innerText('main'), /請在讀卡機的按鍵上輸入 PIN 碼[^]*這台電腦上不必輸入任何東西[^]*王小明[^]*還可以試 3 次/);
    assert.equal(await window.locator('input').count(), 0);
    await keyIn(window, 'Enter');
    await window.screenshot({path: join(pictures, 'pin-pad-zh-TW.png')});
    await window.click('#language');
    assert.match(await window.innerText('main'), /Type the PIN on the card reader[^]*Nothing is typed on this computer/);
    await window.screenshot({path: join(pictures, 'pin-pad-en.png')});
    await window.click('#language');
    assert.ok(await window.locator('#ok').isHidden());
    await happens();
    await window.waitForSelector('body[data-state="pinPad"][data-notice="wrongPIN"]');
    assert.match(await window.innerText('main'), /PIN 碼錯誤[^]*還可以試 2 次/);
    await happens();
    assert.equal((await outcome(page)).result.format, 'web-eid:1.0');
    await gone(window);
    assert.deepEqual([answers('pin').length, answers('cancel').length], [0, 0]);
    await page.close();
  });
  test('cancel works', async () => {
    const window = await open('pad', 'pinPad');
    await pressIn(window, '#cancel');
    assert.equal((await outcome(page)).error.code, 'userCancelled');
    await gone(window);
    await page.close();
  });
});

describe('leaving', () => {
  for (const state of ['choose', 'wait', 'pin', 'pinPad', 'lastTry', 'locked', 'progress']) {
    test(`the page is left while the window is at ${state}: it closes, the host hears of it`, async () => {
      const window = await open(`in-${state}`, state === 'progress' ? 'pin' : state);
      if (state === 'progress') {
        await window.fill('#pin', '123456');
        await pressIn(window, '#ok');
        await window.waitForSelector('body[data-progress="signing"]');
      }
      const closed = gone(window);
      await page.goto('about:blank');
      await closed;
      await page.close();
      assert.equal(browser.received().slice(from).filter(({method}) => method === 'cancel').length, 1);
    });
  }

  for (const [name, scenario, leave] of [
    ['the page is left', 'wrong', () => page.goto('about:blank')],
    ['the tab is closed', 'wrong', () => page.close()],
    ['the page takes its request back', 'wrong', () => page.evaluate(() => window.abort())],
    ['the computer slept', 'slept', () => happens()],
  ]) {
    test(`${name}: what was typed is wiped, not only hidden`, async () => {
      const window = await open(scenario);
      await window.fill('#pin', '123456');
      // The window would be gone before anybody could look: here it cannot go.
      await window.evaluate(() => { globalThis.close = () => {}; });
      await browser.worker.evaluate(() => {
        globalThis.keptRemove = chrome.windows.remove;
        chrome.windows.remove = async () => {};
      });
      await leave();
      await window.waitForFunction(() => document.getElementById('pin').value === '');
      await browser.worker.evaluate(() => { chrome.windows.remove = globalThis.keptRemove; });
      await window.close();
      assert.equal(answers('pin').length, 0);
      if (!page.isClosed()) await page.close();
    });
  }

  test('the computer slept: the window closes, the page reads it', async () => {
    const window = await open('slept');
    await happens();
    const {error} = await outcome(page);
    assert.deepEqual([error.code, error.who, error.reference], ['computerSlept', 'person', '7d444840']);
    assert.match(error.message, /睡眠/);
    await gone(window);
    await page.close();
  });
});
