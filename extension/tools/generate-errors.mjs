// Writes sdk/errors.js from protocol/errors.json; with --check it only compares, and fails when the file is stale.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const source = fileURLToPath(new URL('../../protocol/errors.json', import.meta.url));
const target = fileURLToPath(new URL('../sdk/errors.js', import.meta.url));

/** @param {{errors: Array<Record<string, any>>}} table */
function generate(table) {
  if (!table.errors?.length) throw new Error(`${source} holds no errors`);
  const rows = table.errors.map(({code, number, who, 'zh-TW': zh, en}) => {
    if (!code || !number || !who || !zh?.message || !zh?.hint || !en?.message || !en?.hint) {
      throw new Error(`${source}: the entry ${code ?? JSON.stringify(number)} is incomplete`);
    }
    return `  ${code}: ${JSON.stringify({number, who, 'zh-TW': zh, en})},`;
  });
  return [
    '// Generated from protocol/errors.json by tools/generate-errors.mjs; edit the table, not this file.',
    '',
    "/** @typedef {{message: string, hint: string}} Text */",
    "/** @typedef {'person' | 'it' | 'developer' | 'us'} Who */",
    '',
    "/** @type {Readonly<Record<string, {number: number, who: Who, 'zh-TW': Text, en: Text}>>} */",
    'export const ERRORS = Object.freeze({',
    ...rows,
    '});',
    '',
  ].join('\n');
}

const fresh = generate(JSON.parse(readFileSync(source, 'utf8')));
if (process.argv.includes('--check')) {
  let present = '';
  try {
    present = readFileSync(target, 'utf8');
  } catch {
    // A missing file is stale, too.
  }
  if (present !== fresh) {
    console.error('extension/sdk/errors.js is stale: run node extension/tools/generate-errors.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, fresh);
}
