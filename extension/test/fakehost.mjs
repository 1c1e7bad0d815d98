#!/usr/bin/env node
// A native host for the tests: real frames over stdio; what it does is told by the first word of the challenge nonce.
// CARDBRIDGE_FAKE_WEBEID: policy turns the Web eID face on.
// CARDBRIDGE_FAKE_POLICY: what IT's policy adds to the status of the extension's own page, as JSON.
// CARDBRIDGE_FAKE_LOG: a file that receives every message of the extension, one JSON a line.
import {appendFileSync, readFileSync} from 'node:fs';

const log = process.env.CARDBRIDGE_FAKE_LOG;
const fails = process.env.CARDBRIDGE_FAKE_HELLO;
const OPERATION = '7d444840-9dc0-11d1-b245-5ffdce74fad2'; // the id in this host's log

function write(message) {
  const body = Buffer.from(typeof message === 'string' ? message : JSON.stringify({jsonrpc: '2.0', ...message}));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
}

const certificate = (id, change = {}) => ({
  id: id.repeat(64), certificate: 'MIIB', kind: 'citizen', holder: '王小明', issuer: '內政部憑證管理中心', serialNumber: '0000000000000000',
  notBefore: '2026-01-01T00:00:00Z', notAfter: '2031-01-01T00:00:00Z', keyType: 'RSA-2048', reader: 'Virtual PCD 00 00', usable: true, ...change,
});
const mine = certificate('a');
const agency = certificate('b', {kind: 'agency', holder: '範例機關', issuer: '政府憑證管理中心', reader: 'Virtual PCD 00 01'});
const unwanted = certificate('a', {usable: false, reason: 'wrongKind'});
const old = certificate('c', {holder: '陳大文', notAfter: '2026-02-01T00:00:00Z', usable: false, reason: 'expired'});
// What a real card holds beside the certificate that logs in.
const furniture = [
  certificate('e', {holder: 'Government Root Certification Authority', issuer: 'Government Root Certification Authority', usable: false, reason: 'ca'}),
  certificate('f', {holder: '內政部憑證管理中心', issuer: 'Government Root Certification Authority', usable: false, reason: 'ca'}),
  certificate('0', {usable: false, reason: 'encryptionOnly'}),
];
const foreign = certificate('a', {issuer: '範例憑證管理中心', usable: false, reason: 'wrongIssuer'});
const padless = certificate('a', {usable: false, reason: 'noPinPad'});
const help = {text: '資訊室 分機 1234', phone: '02-2345-6789', email: 'help@dgpa.gov.tw', url: 'https://help.example.gov.tw/cards'};
const hostile = certificate('d', {holder: '<img src=x onerror=alert(1)>\u202e文大陳', issuer: '<b>issuer</b>'});
const token = {unverifiedCertificate: 'MIIB', algorithm: 'RS256', signature: 'QUJD', format: 'web-eid:1.0', appVersion: 'https://cardbridge.tw/0.1.0'};
const pin = {state: 'pin', certificate: mine, reader: mine.reader, tries: {state: 'exactly', left: 3}, pinLength: {min: 6, max: 8}};
const number = {userCancelled: 1001, userTimeout: 1002, pinLocked: 1003, computerSlept: 1019, cancelled: 3014, promptFailed: 3015};
const who = (code) => (number[code] < 2000 ? 'person' : 'developer');

/** Some of doctor's, in the words of the real one. */
const FINDINGS = [
  ['error', 'pcsc', 'pcscNotRunning', undefined, ['讀卡機服務（PC/SC）沒有執行。', '請啟動服務，例如 systemctl enable --now pcscd.socket（Windows：Smart Card 服務）。'], ['the PC/SC service is not running', 'start it, for instance: systemctl enable --now pcscd.socket (Windows: the service Smart Card)']],
  ['error', 'modules', 'moduleMissing', '/opt/hicos/\u202egnp.so', ['政策檔指定的模組不存在或無法讀取（no such file or directory）。', '請安裝模組，或更正政策檔的 modules。'], ['a module that the policy names is not there or not readable (no such file or directory)', 'install it, or correct modules in the policy']],
  ['warning', 'browsers.firefox', 'browserSandboxed', '/snap/firefox/current', ['Mozilla Firefox 是以 Snap 安裝的，通常不能啟動電腦上的其他程式。', '請改用瀏覽器廠商或系統提供的一般套件。'], ['Mozilla Firefox is a Snap package, which mostly cannot start programs of the computer', 'use the browser\'s ordinary package, from its maker or from the system']],
  ['info', 'agent', 'agentNone', undefined, ['代理程式沒有安裝，或已關閉；卡片由瀏覽器啟動的主程式自己使用。'], ['the OS service is not installed, or is switched off; the host that the browser starts uses the cards itself']],
  ['ok', 'binary', 'binary', '/usr/bin/cardbridge', ['CardBridge 0.1.0（linux/amd64）'], ['CardBridge 0.1.0 (linux/amd64)']],
  ['ok', 'policy', 'policy', '/etc/cardbridge/policy.json', ['政策有效。'], ['the policy is valid']],
  ['ok', 'browsers', 'browsers', undefined, ['已安裝的瀏覽器：Chromium 150.0.7871.100, <b>Firefox</b>'], ['browsers installed: Chromium 150.0.7871.100, <b>Firefox</b>']],
].map(([level, check, code, where, zh, en]) => {
  const text = ([finding, fix]) => ({finding, ...(fix && {fix})});
  return {check, code, level, ...(where && {where}), 'zh-TW': text(zh), en: text(en)};
});

let prompts = 0;
const waiting = new Map();

class Operation {
  over = false;
  constructor(id, params) {
    Object.assign(this, {id, params});
    this.cancelled = new Promise((resolve) => { this.cancel = resolve; });
  }
  answer(outcome) {
    if (this.over) return;
    this.over = true;
    write({id: this.id, ...outcome});
  }
  fail(code, facts) {
    this.answer({error: {code: number[code], message: code, data: {code, who: who(code), operation: OPERATION, ...(facts && {facts})}}});
  }
  progress(state) {
    write({method: 'progress', params: {operation: this.id, state}});
  }
  async ask(params) {
    const id = `p${++prompts}`;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    const {language, origin} = this.params;
    write({id, method: 'prompt', params: {operation: this.id, origin, ...(language && {language}), reference: OPERATION.slice(0, 8), timeoutSeconds: 120, ...params}});
    const answer = await Promise.race([answered, this.cancelled.then(() => ({action: 'stop'}))]);
    if (answer.action === 'cancel') this.fail('userCancelled');
    if (answer.action === 'timeout') this.fail('userTimeout');
    if (answer.action === 'stop') this.fail('cancelled');
    return answer;
  }
}

/** Something happens beside the computer's keyboard: another page's request for certificates stands for it. */
const happen = [];
const atPad = () => new Promise((resolve) => happen.push(() => resolve('typed')));

const scenarios = {
  async once(op) {
    if ((await op.ask(pin)).action !== 'pin') return;
    op.progress('verifying');
    op.progress('signing');
    op.answer({result: token});
  },
  // Every wait, one after the other; each goes on with its retry.
  async waits(op) {
    const reasons = ['noReader', 'noCard', 'cardNotRecognised', 'cardBusy', 'windowBusy', 'wrongCard', 'wrongIssuer', 'pinPadRequired', 'noUsableCertificate', 'otherCertificate',
      'sessionInactive', 'pcscNotRunning', 'pcscMissing', 'noModule', 'moduleFailed', 'moduleTimeout', 'moduleInvalid'];
    for (const reason of reasons) {
      const more = {wrongIssuer: {certificates: [foreign, ...furniture], issuers: ['內政部憑證管理中心', '政府憑證管理中心']}, pinPadRequired: {certificates: [padless, ...furniture]}, wrongCard: {kinds: ['agency', 'organisation'], certificates: [unwanted, ...furniture]}, noUsableCertificate: {certificates: [old, ...furniture]}, otherCertificate: {certificates: [mine]}}[reason];
      if ((await op.ask({state: 'wait', reason, ...more})).action !== 'retry') return;
    }
    op.answer({result: token});
  },
  // The same with what IT's policy says of installing and of the help desk.
  async help(op) {
    const install = {noReader: 'https://help.example.gov.tw/reader', noModule: 'https://help.example.gov.tw/hicos', pcscMissing: 'https://help.example.gov.tw/pcsc'};
    for (const [reason, installURL] of Object.entries({...install, cardBusy: undefined})) {
      if ((await op.ask({state: 'wait', reason, helpDesk: help, ...(installURL && {installURL})})).action !== 'retry') return;
    }
    const answer = await op.ask({...pin, state: 'locked', tries: {state: 'locked'}, unlockURL: 'https://moica.example.gov.tw/unlock', helpDesk: {text: '<b>資訊室\u202e</b>'}});
    if (answer.action === 'close') op.fail('pinLocked', {helpDesk: help});
  },
  async states(op) {
    const chosen = await op.ask({state: 'choose', certificates: [...furniture, old, hostile, agency, mine]});
    if (chosen.action !== 'choose') return;
    if ((await op.ask(pin)).action !== 'pin') return;
    op.progress('verifying');
    if ((await op.ask({...pin, notice: 'wrongPIN', tries: {state: 'exactly', left: 2}})).action !== 'pin') return;
    if ((await op.ask({...pin, state: 'lastTry', notice: 'wrongPIN', tries: {state: 'last'}})).action !== 'confirm') return;
    if ((await op.ask({...pin, tries: {state: 'last'}})).action !== 'pin') return;
    const answer = await op.ask({...pin, state: 'locked', notice: 'wrongPIN', tries: {state: 'locked'}, unlockURL: 'https://moica.example.gov.tw/unlock'});
    if (answer.action === 'close') op.fail('pinLocked');
  },
  // The PIN is typed at the reader: wrong, then right.
  async pad(op) {
    if (await Promise.race([op.ask({...pin, state: 'pinPad'}), atPad()]) !== 'typed') return;
    op.progress('verifying');
    const again = {...pin, state: 'pinPad', notice: 'wrongPIN', tries: {state: 'exactly', left: 2}};
    if (await Promise.race([op.ask(again), atPad()]) !== 'typed') return;
    op.progress('signing');
    op.answer({result: token});
  },
  // Any state, by the second word of the nonce, until it is ended from outside.
  async in(op) {
    const state = op.params.challengeNonce.split('-')[1];
    if (state === 'progress') {
      if ((await op.ask(pin)).action === 'pin') op.progress('signing');
      await op.cancelled;
      op.fail('cancelled');
      return;
    }
    await op.ask({...pin, state, ...{choose: {certificates: [mine, agency]}, wait: {reason: 'noCard'}}[state]});
  },
  // Wrong once; wrong, and the next one would be the last.
  async wrong(op) {
    if ((await op.ask(pin)).action !== 'pin') return;
    op.progress('verifying');
    if ((await op.ask({...pin, notice: 'wrongPIN', tries: {state: 'exactly', left: 2}})).action === 'pin') op.answer({result: token});
  },
  async last(op) {
    if ((await op.ask(pin)).action !== 'pin') return;
    op.progress('verifying');
    if ((await op.ask({...pin, state: 'lastTry', notice: 'wrongPIN', tries: {state: 'last'}})).action !== 'confirm') return;
    if ((await op.ask({...pin, tries: {state: 'last'}})).action === 'pin') op.answer({result: token});
  },
  async slept(op) {
    void op.ask(pin);
    await atPad();
    op.fail('computerSlept');
  },
  async work(op) {
    if ((await op.ask(pin)).action !== 'pin') return;
    for (const state of (process.env.CARDBRIDGE_FAKE_PROGRESS ?? 'signing').split(',')) op.progress(state);
    await op.cancelled;
    op.fail('cancelled');
  },
  async replace(op) {
    const first = op.ask({...pin, state: 'wait', reason: 'noCard'});
    const second = op.ask(pin);
    const answer = await first;
    if (answer.action !== 'replaced') op.fail('promptFailed');
    if ((await second).action === 'pin') op.answer({result: token});
  },
  async short(op) {
    await op.ask({...pin, timeoutSeconds: 6});
  },
  // A PIN that the page sent was wrong: the window asks.
  async page(op) {
    if (op.params.pin === undefined || op.params.pin === '000000') {
      const notice = op.params.pin === undefined ? {} : {notice: 'wrongPIN'};
      op.progress('verifying');
      if ((await op.ask({...pin, ...notice})).action !== 'pin') return;
    }
    op.answer({result: token});
  },
  async exit(op) {
    if ((await op.ask(pin)).action === 'pin') process.exit(3);
  },
  async garble(op) {
    void op.ask(pin);
    write({id: op.id, result: {...token, surprise: 1}});
  },
  async noise() {
    process.stdout.write('Welcome to the card middleware!\n');
  },
};

const operations = new Map();
const methods = {
  hello(id) {
    if (fails === 'exit') process.exit(2);
    if (fails) return write({id, error: {code: 2017, message: fails, data: {code: fails, who: 'it'}}});
    const host = {name: 'tw.cardbridge.host', version: '0.1.0', os: 'linux', arch: 'amd64', build: 'dev'};
    write({id, result: {protocol: 1, host, maxMessageBytes: 1048576}});
  },
  status(id, params) {
    const full = params.origin ? {} : {...JSON.parse(process.env.CARDBRIDGE_FAKE_POLICY ?? '{}'), policy: {source: 'built-in'}, modules: [{path: '/usr/lib/opensc-pkcs11.so', state: 'found'}, {path: '/opt/hicos/hicos_p11.so', state: 'missing'}]};
    const readers = [{name: 'Virtual PCD 00 00', state: 'present'}, {name: 'Virtual PCD 00 01', state: 'empty'}];
    write({id, result: {host: {version: '0.1.0', protocol: 1}, allowed: true, operations: ['authenticate', 'certificates'], pinFromPage: true, readers, ...full, ...(process.env.CARDBRIDGE_FAKE_WEBEID && {webEID: true})}});
  },
  // CARDBRIDGE_FAKE_DOCTOR: a file with the level of what is found, read at each question; unknown: a host of before.
  doctor(id) {
    const mood = process.env.CARDBRIDGE_FAKE_DOCTOR ? readFileSync(process.env.CARDBRIDGE_FAKE_DOCTOR, 'utf8') : 'ok';
    if (mood === 'wait') return;
    if (mood === 'exit') process.exit(4);
    if (mood === 'unknown') return write({id, error: {code: -32601, message: mood, data: {code: 'unknownMethod', who: 'us'}}});
    const findings = FINDINGS.filter(({level}) => mood === 'error' || level === 'ok' || level === 'info');
    if (mood === 'garbage') findings[0] = {...findings[0], level: 'terrible'};
    write({id, result: {version: '0.1.0', build: 'dev', system: 'linux/amd64', level: findings[0].level, findings}});
  },
  async certificates(id, params) {
    happen.splice(0).forEach((tell) => tell());
    if (params.choose) {
      const op = new Operation(id, params);
      operations.set(id, op);
      const {action} = await op.ask({state: 'choose', certificates: [agency, mine]});
      if (action === 'choose') op.answer({result: {certificates: [mine], readers: [], problems: []}});
      return;
    }
    write({id, result: {certificates: [mine, old], readers: [{name: 'Virtual PCD 00 00', state: 'present'}], problems: []}});
  },
  authenticate(id, params) {
    const op = new Operation(id, params);
    operations.set(id, op);
    scenarios[params.challengeNonce.split('-')[0]](op);
  },
  async signRaw(id, params) {
    const op = new Operation(id, params);
    operations.set(id, op);
    const {action} = await op.ask({...pin, documents: [{title: '', size: 0, digest: Buffer.from(params.digest, 'base64').toString('hex'), hash: params.hash}]});
    if (action === 'pin') op.answer({result: {signature: 'QUJD', algorithm: 'RSASSA-PKCS1-v1_5', hash: params.hash}});
  },
  cancel(_, params) {
    operations.get(params.id)?.cancel();
  },
};

function receive(message) {
  if (log) appendFileSync(log, `${JSON.stringify(message)}\n`);
  if (message.method) methods[message.method](message.id, message.params ?? {});
  else waiting.get(message.id)?.(message.result ?? {action: 'failed'});
}

let buffer = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE(0)) {
    const end = 4 + buffer.readUInt32LE(0);
    receive(JSON.parse(buffer.subarray(4, end).toString()));
    buffer = buffer.subarray(end);
  }
});
process.stdin.on('end', () => process.exit(0));
