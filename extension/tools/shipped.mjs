// What of this folder is the extension; the rest builds or tests it.
import {createHash, createPublicKey} from 'node:crypto';
import {readFileSync, readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import yazl from 'yazl';

const LEFT_OUT = ['sdk', 'test', 'tools', 'README.md', 'tsconfig.json'];
// A ZIP says when a file was changed, without a time zone; of no use here, and it must not differ from one build to the next.
const THE_SAME_DAY = new Date(2025, 0, 1);

/** @param {string} folder the extension's @returns {string[]} paths below it, with /, in a stable order */
export function shippedFiles(folder) {
  return readdirSync(folder, {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((name) => !LEFT_OUT.includes(name.split('/')[0]) && !name.endsWith('.d.ts')).sort();
}

/**
 * The extension as a ZIP: the same bytes from the same files, wherever and whenever.
 * @param {string} folder @param {(manifest: any) => any} change  what a way of delivery needs in the manifest
 * @returns {NodeJS.ReadableStream}
 */
export function zip(folder, change = (manifest) => manifest) {
  const file = new yazl.ZipFile();
  for (const name of shippedFiles(folder)) {
    let content = readFileSync(join(folder, name));
    if (name === 'manifest.json') content = Buffer.from(`${JSON.stringify(change(JSON.parse(content.toString())), null, 2)}\n`);
    file.addBuffer(content, name, {mtime: THE_SAME_DAY, mode: 0o100644, compressionLevel: 9, forceDosTimestamp: true});
  }
  file.end();
  return file.outputStream;
}

/** The id that Chromium derives from the key that packs an extension: a to p instead of 0 to f. @param {string | Buffer} pem */
export function extensionId(pem) {
  const spki = createPublicKey(pem).export({type: 'spki', format: 'der'});
  const digest = createHash('sha256').update(spki).digest('hex').slice(0, 32);
  return [...digest].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('');
}
