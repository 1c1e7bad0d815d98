// Packs the extension for those who deliver it.
//
//   node extension/tools/pack.mjs --out DIR [--key KEY.pem --update-url URL]
//   node extension/tools/pack.mjs --id --key KEY.pem
//
// DIR/cardbridge-extension-<version>.zip goes to the stores (Chrome, Edge, Firefox), which sign it and give it an id of their own.
// With a key, DIR/cardbridge-extension-<version>.crx (CRX3) and DIR/updates.xml, the update manifest, for an agency that delivers the
// extension itself: both lie in one folder of its web server, URL is where updates.xml is. The key is RSA in PEM; it decides the id,
// whoever has it can replace the extension on every desk: it belongs to the release, never into this tree. --id prints the id.
import {createWriteStream, existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {finished} from 'node:stream/promises';
import {parseArgs} from 'node:util';
import crx3 from 'crx3';
import {extensionId, zip} from './shipped.mjs';

const extension = join(import.meta.dirname, '..');

/** What stores refuse, since they decide the id; a CRX's own signature does. @param {any} manifest */
function withoutKey({key: _, ...manifest}) {
  return manifest;
}

/** @param {string} text */
function webAddress(text) {
  const url = new URL(text);
  const loopback = url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  if (url.protocol !== 'https:' && !loopback) throw new Error(`${text}: browsers take updates from https alone (http on loopback)`);
  if (url.username || url.search || url.hash) throw new Error(`${text}: a plain address, without a user, query or fragment`);
  return url;
}

/** @param {string} out @param {string} version */
async function forStores(out, version) {
  const file = createWriteStream(join(out, `cardbridge-extension-${version}.zip`));
  await finished(zip(extension, withoutKey).pipe(file));
}

/** @param {string} out @param {string} version @param {string} key @param {URL} updates @param {string} least Chrome's version */
async function forAgencies(out, version, key, updates, least) {
  const name = `cardbridge-extension-${version}.crx`;
  await crx3(zip(extension, (manifest) => ({...withoutKey(manifest), update_url: updates.href})), {
    keyPath: key, crxPath: join(out, name), xmlPath: join(out, 'updates.xml'), appVersion: version, crxURL: new URL(name, updates).href, browserVersion: least,
  });
}

const {values} = parseArgs({options: {out: {type: 'string'}, key: {type: 'string'}, 'update-url': {type: 'string'}, id: {type: 'boolean'}}});
const {key, out, 'update-url': updateURL, id: onlyId} = values;
try {
  if (key !== undefined && !existsSync(key)) throw new Error(`${key}: there is no such key`); // the library would make one
  if (onlyId) {
    if (!key) throw new Error('--id needs --key');
    console.log(extensionId(readFileSync(key)));
  } else {
    if (!out) throw new Error('--out names the folder');
    if (Boolean(key) !== Boolean(updateURL)) throw new Error('--key and --update-url go together');
    const {version, minimum_chrome_version: least} = JSON.parse(readFileSync(join(extension, 'manifest.json'), 'utf8'));
    mkdirSync(out, {recursive: true});
    await forStores(out, version);
    if (key && updateURL) await forAgencies(out, version, key, webAddress(updateURL), `${least}.0.0`);
  }
} catch (error) {
  console.error('pack:', error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
