// Where the logs of a test run are kept, to be searched when it is over (tests/redaction): below build/test-logs.
import {copyFileSync, existsSync, lstatSync, mkdirSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {root} from './process.mjs';

// A host's log is smaller; of what is larger the beginning would not be the whole.
const MOST = 8 * 1024 * 1024;
let count = 0;

/** A name in the folder of this test file; the next run of it replaces what it left. @param {string} name */
function place(name) {
  const folder = join(root, 'build', 'test-logs', basename(process.argv[1] ?? 'node'));
  mkdirSync(folder, {recursive: true});
  return join(folder, `${++count}-${name}`);
}

/** What the hosts of a browser logged, once it is over. @param {string} home */
export function keepHostLogs(home) {
  for (const name of ['host.log', 'host.log.1']) {
    const file = join(home, 'state', 'cardbridge', name);
    if (existsSync(file) && lstatSync(file).isFile() && lstatSync(file).size <= MOST) copyFileSync(file, place(name));
  }
}

/** What a program wrote to its standard error. @param {string} program @param {string} text */
export function keepText(program, text) {
  if (text) writeFileSync(place(`${program}.log`), text);
}
