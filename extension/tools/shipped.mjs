// What of this folder is the extension; the rest builds or tests it.
import {createHash, createPublicKey} from 'node:crypto';
import {readFileSync, readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import yazl from 'yazl';

// Of these the extension consists, whatever else lies about: an editor's copy, a key. types.d.ts is for tsc alone.
const TOP = ['_locales', 'background', 'content', 'icons', 'managed.schema.json', 'manifest.json', 'options', 'popup', 'prompt', 'shared'];
const KINDS = /\.(js|css|html|json|png|svg)$/;
const LEFT_OUT = /^(README\.md|tsconfig\.json)$|^(sdk|test|tools)\/|\.d\.ts$/;

// A ZIP says when a file was changed, without a time zone; of no use here, and it must not differ from one build to the next.
const THE_SAME_DAY = new Date(2025, 0, 1);

/** @param {string} folder the extension's @returns {string[]} paths below it, with /, in a stable order */
export function shippedFiles(folder) {
  const files = readdirSync(folder, {recursive: true, withFileTypes: true}).filter((entry) => !entry.isDirectory())
    .map((entry) => ({entry, name: relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/')}))
    .filter(({name}) => !LEFT_OUT.test(name));
  for (const {entry, name} of files) {
    if (!entry.isFile() || !TOP.includes(name.split('/')[0]) || !KINDS.test(name)) throw new Error(`${name} does not belong to the extension; move it away`);
  }
  return files.map(({name}) => name).sort();
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

/** The id that Chromium derives from the key that packs an extension: a to p instead of 0 to f. @param {import('node:crypto').KeyObject} key */
export function extensionId(key) {
  const spki = createPublicKey(key).export({type: 'spki', format: 'der'});
  const digest = createHash('sha256').update(spki).digest('hex').slice(0, 32);
  return [...digest].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('');
}
