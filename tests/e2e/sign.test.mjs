// Documents are signed from a page: what the window lists, what openssl says of the signatures.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {createWorld, root, typePIN} from '../world/world.mjs';

let world;
let page;
const shots = join(root, 'build', 'messages');

before(async () => {
  mkdirSync(shots, {recursive: true});
  world = await createWorld({cards: 'citizen'});
  await world.rig.ask('remove', {reader: 0}).catch(() => {});
  await world.rig.ask('insert', {reader: 0, card: 'citizen'});
  page = await world.browser.open(`${world.portal.origin}/?lang=zh-TW`);
  await page.waitForSelector('#submit:not([disabled])');
  await page.click('h1');
});
after(async () => { await world?.stop(); });

/** Sends a request as an SDK does; the answer is left in the page. */
async function ask(method, params) {
  await page.evaluate(([name, given]) => {
    const id = `t${Math.random().toString(36).slice(2)}`;
    globalThis.answer = new Promise((resolve) => {
      window.addEventListener('message', ({data}) => { if (data.id === id && data.cardbridge === 'response') resolve(data); });
    });
    window.postMessage({cardbridge: 'request', id, method: name, params: given}, location.origin);
  }, [method, params]);
  return {answer: () => page.evaluate(() => globalThis.answer)};
}

const base64 = (text) => Buffer.from(text).toString('base64');

function openssl(signature, certificate, content) {
  const write = (name, bytes) => { writeFileSync(join(world.folder, name), bytes); return join(world.folder, name); };
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
  const args = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', write('cms', Buffer.from(signature, 'base64')), '-purpose', 'any', '-partial_chain', '-CAfile', write('ca.pem', pem)];
  if (content !== undefined) args.push('-content', write('content', content));
  return execFileSync('openssl', args, {stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 29});
}

test('the window lists what the PIN would sign; openssl accepts what comes back', async () => {
  const request = await ask('sign', {
    language: 'zh-TW',
    documents: [
      {title: '115 年 11 月份差假申請單', content: base64('差假'), attached: true},
      {title: '<b>附件</b>：出差旅費報告表.pdf', size: 3_400_000, digest: createHash('sha256').update('pdf').digest('base64')},
    ],
  });
  const prompt = await world.browser.prompt('pin');
  assert.match(await prompt.textContent('#title'), /簽署/);
  const listed = await prompt.textContent('.documents');
  assert.match(listed, /差假申請單.*<b>附件<\/b>：出差旅費報告表\.pdf.*3\.2 MB/s);
  assert.ok(listed.includes(createHash('sha256').update('差假').digest('hex')), 'the digest is ours');
  await prompt.screenshot({path: join(shots, 'sign.zh-TW.png'), fullPage: true});
  await typePIN(prompt, '123456');
  const {result, error} = await request.answer();
  assert.equal(error, undefined);
  assert.equal(openssl(result.items[0].signature, result.certificate).toString(), '差假');
  openssl(result.items[1].signature, result.certificate, 'pdf');
  assert.throws(() => openssl(result.items[1].signature, result.certificate, 'other'));
  const {verifies, signatures, verified} = (await world.rig.ask('state')).cards.citizen;
  assert.deepEqual([verifies, signatures, verified], [1, 2, false]);
});

/** Calls the SDK in the page; what it gave or threw is left there. */
async function sdk(call) {
  await page.evaluate(async (source) => {
    const module = await import('/sdk/cardbridge.js');
    globalThis.progress = [];
    const work = {
      batch: () => module.signBatch(Array.from({length: 20}, (_, n) => ({title: `公文 ${n + 1}`, content: `第 ${n + 1} 號`}))),
      large: () => module.sign({title: '卷宗.zip', content: new Blob(Array(200).fill(new Uint8Array(1024 * 1024).fill(7)))}, {
        onProgress: (state, share) => globalThis.progress.push([state, share]),
      }),
    }[source];
    globalThis.answer = work().then((result) => ({result}), ({code, message}) => ({error: {code, message}}));
  }, call);
}

test('twenty documents, one PIN, through the SDK', async () => {
  const before = (await world.rig.ask('state')).cards.citizen;
  await sdk('batch');
  const prompt = await world.browser.prompt('pin');
  assert.equal(await prompt.locator('.document').count(), 20);
  await typePIN(prompt, '123456');
  const {result} = await page.evaluate(() => globalThis.answer);
  assert.equal(result.items.length, 20);
  for (const [at, {signature}] of result.items.entries()) openssl(signature, result.certificate, `第 ${at + 1} 號`);
  const state = (await world.rig.ask('state')).cards.citizen;
  assert.deepEqual([state.verifies - before.verifies, state.signatures - before.signatures, state.verified], [1, 20, false]);
});

test('a file of 200 MiB is digested in the page, in little memory, and signed detached', async () => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Performance.getMetrics')).metrics.find(({name}) => name === 'JSHeapUsedSize').value;
  };
  const before = await heap();
  await sdk('large');
  await page.waitForFunction(() => globalThis.progress.at(-1)?.[1] === 1, null, {timeout: 300_000}); // as long as a busy machine needs
  const prompt = await world.browser.prompt('pin');
  assert.match(await prompt.textContent('.documents'), /卷宗\.zip.*200 MB/);
  const grown = await heap() - before;
  assert.ok(grown < 20 * 1024 * 1024, `the page's memory grew by ${grown} bytes`);
  await typePIN(prompt, '123456');
  const {result} = await page.evaluate(() => globalThis.answer);
  openssl(result.signature, result.certificate, Buffer.alloc(200 * 1024 * 1024, 7));
  const shares = (await page.evaluate(() => globalThis.progress)).filter(([state]) => state === 'hashing').map(([, share]) => share);
  assert.equal(shares.length, 200);
  assert.ok(shares.every((share, at) => at === 0 || share > shares[at - 1]) && shares.at(-1) === 1);
});

test('who has several certificates sees the documents before the choice; a wrong PIN signs nothing, and says so', async () => {
  await world.rig.ask('remove', {reader: 0});
  await world.rig.ask('insert', {reader: 0, card: 'citizen-two'});
  const request = await ask('sign', {language: 'zh-TW', documents: [{title: '115 年 11 月份差假申請單', content: base64('差假')}, {title: '<b>附件\u202e</b>', content: base64('附')}]});
  let prompt = await world.browser.prompt('choose');
  assert.equal(await prompt.textContent('#title'), '請選擇用來簽署的憑證');
  assert.match(await prompt.textContent('.documents'), /差假申請單.*<b>附件<\/b>/s);
  assert.equal(await prompt.locator('.documents b').count(), 0, 'a title became markup');
  await prompt.screenshot({path: join(shots, 'sign-choose.zh-TW.png'), fullPage: true});
  await prompt.click('#ok:not([disabled])');
  prompt = await world.browser.prompt('pin');
  await typePIN(prompt, '654321');
  await prompt.waitForSelector('body[data-notice="wrongPIN"]');
  assert.equal(await prompt.textContent('#notice'), 'PIN 碼錯誤，沒有簽署。');
  await prompt.click('#language');
  assert.equal(await prompt.textContent('#notice'), 'The PIN was wrong. Nothing was signed.');
  await typePIN(prompt, '123456');
  const {result, error} = await request.answer();
  assert.equal(error, undefined);
  openssl(result.items[0].signature, result.certificate, '差假');
});

test('what may not be signed is refused by code, without a window', async () => {
  for (const [method, params, code] of [
    ['sign', {documents: []}, 'documentInvalid'],
    ['sign', {documents: Array(21).fill({title: 'x', content: ''})}, 'documentInvalid'],
    ['sign', {documents: Array(22).fill({title: 'x', content: ''})}, 'invalidParams'],
    ['sign', {documents: [{title: 'x', content: 'A'.repeat(800_000)}]}, 'invalidParams'],
    ['sign', {documents: [{title: 'x', content: ''}], origin: 'https://ecpa.dgpa.gov.tw'}, 'invalidParams'],
    ['signRaw', {certificate: 'a'.repeat(64), digest: base64('x'.repeat(32)), hash: 'SHA-256'}, 'operationNotAllowed'],
  ]) {
    const {error} = await (await ask(method, params)).answer();
    assert.equal(error?.code, code, `${method} ${JSON.stringify(params).slice(0, 80)}`);
  }
});
