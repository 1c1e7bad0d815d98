// docs/messages.md: every outcome and everything that the window can say stands in it, in both languages, and is fresh.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {fileURLToPath} from 'node:url';
import {TEXTS} from '../prompt/texts.js';
import {NOTICES, PROGRESS, REASONS, STATE_ACTIONS, TRIES, WAIT_REASONS} from '../shared/messages.js';
import {generate, sentByHost} from '../tools/generate-messages.mjs';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const {errors} = JSON.parse(read('protocol/errors.json'));
const page = read('docs/messages.md');
const chinese = /\p{Script=Han}/u;

/** The rows of the table under that heading, without head and rule: cells, the first without its marks. */
function rows(heading) {
  const part = page.split(/^#+ /m).find((text) => text.startsWith(heading));
  assert.ok(part, `no heading ${heading}`);
  return part.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.slice(2, -2).split(' | ').map((text) => text.replace(/^`(\w+)`$/, '$1')));
}

test('it is what the tables give', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../tools/generate-messages.mjs', import.meta.url)), '--check']);
  assert.equal(page, generate());
});

test('every code, those of the host with where its log has them', () => {
  const outcomes = rows('結果');
  assert.deepEqual(outcomes.map(([code]) => code), errors.map(({code}) => code));
  for (const [code, who, zh, en, script, log] of outcomes) {
    assert.match(zh, chinese, code);
    assert.match(en, /^\*\*[A-Z][^*]+\*\* \S/, code);
    assert.doesNotMatch(en.replaceAll(/「[^」]*」/g, ''), chinese, code);
    assert.match(who, /person|IT|developer|us/, code);
    assert.match(script, /`code`, `who: "\w+"`/, code);
    assert.equal(script.includes('reference'), log !== '—', `${code}: a reference is of use only where there is a line`);
  }
  const constants = read('protocol/errors.go').match(/Code = "/g).length;
  assert.equal(sentByHost.length, constants);
  assert.ok(constants > 30);
  for (const code of sentByHost) assert.ok(outcomes.some(([name]) => name === code), `${code} is sent by the host and stands nowhere`);
});

for (const [heading, names, texts] of [
  ['視窗', Object.keys(STATE_ACTIONS)], ['等候的原因', WAIT_REASONS], ['剛才發生的事', NOTICES, 'notices'], ['剩餘次數', TRIES, 'tries'],
  ['進度', PROGRESS, 'progress'], ['憑證不能使用的原因', REASONS, 'reasons'],
]) {
  test(`${heading}: each one, in both languages`, () => {
    const found = rows(heading);
    assert.deepEqual(found.map(([name]) => name), [...names]);
    for (const [name, zh, en] of found) {
      assert.match(zh, chinese, name);
      assert.match(en, /[a-z]{2}/, name);
      assert.doesNotMatch(en, chinese, name);
    }
    // Nothing that the window has words for is missing from the protocol's lists, and the other way round.
    if (texts) for (const language of Object.values(TEXTS)) assert.deepEqual(Object.keys(language[texts]).toSorted(), [...names].toSorted());
  });
}

test('what the protocol may send is what its document says', () => {
  const contract = read('protocol/PROTOCOL.md');
  for (const name of [...WAIT_REASONS, ...NOTICES, ...REASONS, ...Object.keys(STATE_ACTIONS)]) assert.ok(contract.includes(`\`${name}\``), name);
  for (const name of REASONS) assert.ok(read('extension/sdk/cardbridge.d.ts').includes(`'${name}'`), `the SDK's types lack ${name}`);
});

test('the locale files say who we are in both languages', () => {
  for (const [locale, language] of [['zh_TW', chinese], ['en', /[a-z]{3}/]]) {
    const messages = Object.values(JSON.parse(read(`extension/_locales/${locale}/messages.json`)));
    assert.ok(messages.length > 1);
    for (const {message} of messages) assert.match(message, language);
  }
});
