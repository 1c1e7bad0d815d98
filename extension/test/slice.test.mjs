// The way of a login through a real browser: SDK, content script, worker, native port, window and back.
import assert from 'node:assert/strict';
import test from 'node:test';
import {nonce, openPrompt, outcome, press, pressIn, start} from './browser.mjs';

test('a login goes through', async (t) => {
  const browser = await start();
  t.after(() => browser.stop());
  const page = await browser.open();
  await press(page, {method: 'status'});
  const {result} = await outcome(page);
  assert.deepEqual(result.extension, {version: '0.1.0'});
  assert.equal(result.allowed, true);

  const window = await openPrompt(browser.context, page, {method: 'authenticate', nonce: nonce('once')});
  await window.waitForSelector('body[data-state="pin"]');
  assert.equal(await window.textContent('#origin'), browser.origin);
  await window.fill('#pin', '123456');
  await pressIn(window, '#ok');
  assert.equal((await outcome(page)).result.format, 'web-eid:1.0');
  if (!window.isClosed()) await window.waitForEvent('close');
  assert.deepEqual(await page.evaluate(() => window.progress), ['verifying', 'signing']);
});
