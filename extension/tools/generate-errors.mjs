// Writes the tables of errors from protocol/errors.json: shared/errors.js has all, sdk/texts.js those that need no extension.
// With --check it only compares, and fails when a file is stale.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const source = file('../../protocol/errors.json');

/** What SDK or content script finds by itself; the texts of all others come with the error. */
const IN_PAGE = [
  'invalidParams', 'internal', 'userTimeout', 'pageLeft', 'extensionReloaded', 'extensionMissing', 'extensionOutdated', 'originInvalid',
  'contextInsecure', 'tooManyRequests', 'cancelled', 'documentInvalid',
];

/** @param {Record<string, any>} row */
function checked(row) {
  const {code, number, who, 'zh-TW': zh, en} = row;
  if (!code || !number || !who || !zh?.message || !zh?.hint || !en?.message || !en?.hint) {
    throw new Error(`${source}: the entry ${code ?? JSON.stringify(number)} is incomplete`);
  }
  return row;
}

const HEAD = [
  '// Generated from protocol/errors.json by tools/generate-errors.mjs; edit the table, not this file.',
  '',
  '/** @typedef {{message: string, hint: string}} Text */',
  "/** @typedef {'person' | 'it' | 'developer' | 'us'} Who */",
  '',
];

/** @param {Record<string, any>[]} rows */
function all(rows) {
  return [
    ...HEAD,
    "/** @type {Readonly<Record<string, {number: number, who: Who, 'zh-TW': Text, en: Text}>>} */",
    'export const ERRORS = Object.freeze({',
    ...rows.map(({code, number, who, 'zh-TW': zh, en}) => `  ${code}: ${JSON.stringify({number, who, 'zh-TW': zh, en})},`),
    '});',
    '',
  ].join('\n');
}

/** @param {Record<string, any>[]} rows */
function inPage(rows) {
  const chosen = IN_PAGE.map((code) => rows.find((row) => row.code === code) ?? {code}).map(checked);
  return [
    ...HEAD,
    '/** who, then message and hint in zh-TW and in English. @type {Readonly<Record<string, [Who, string, string, string, string]>>} */',
    'export const TEXTS = Object.freeze({',
    ...chosen.map(({code, who, 'zh-TW': zh, en}) => `  ${code}: ${JSON.stringify([who, zh.message, zh.hint, en.message, en.hint])},`),
    '});',
    '',
  ].join('\n');
}

const rows = JSON.parse(readFileSync(source, 'utf8')).errors.map(checked);
for (const [target, fresh] of [['../shared/errors.js', all(rows)], ['../sdk/texts.js', inPage(rows)]]) {
  if (!process.argv.includes('--check')) {
    writeFileSync(file(target), fresh);
  } else if (readFileSync(file(target), {encoding: 'utf8', flag: 'a+'}) !== fresh) {
    console.error(`${target.slice(3)} is stale: run make generate`);
    process.exitCode = 1;
  }
}
