// Packs the extension for those who deliver it.
//
//   node extension/tools/pack.mjs --out DIR [--key KEY.pem --update-url URL]
//   node extension/tools/pack.mjs --id --key KEY.pem
//
// DIR/cardbridge-extension-<version>.zip goes to the stores (Chrome, Edge, Firefox), which sign it and give it an id of their own.
// With a key, DIR/cardbridge-extension-<version>.crx (CRX3) and DIR/updates.xml, the update manifest, for an agency that delivers the
// extension itself: both lie in one folder of its web server, URL is where updates.xml is. The key is RSA in PEM; it decides the id,
// whoever has it can replace the extension on every desk: it belongs to the release, never into this tree. --id prints the id.
import {createPrivateKey} from 'node:crypto';
import {cpSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {finished} from 'node:stream/promises';
import {parseArgs} from 'node:util';
import crx3 from 'crx3';
import {updateAddress} from './address.mjs';
import {extensionId, zip} from './shipped.mjs';

const extension = join(import.meta.dirname, '..');

/** What stores refuse, since they decide the id; a CRX's own signature does. @param {any} manifest */
function withoutKey({key: _, ...manifest}) {
  return manifest;
}

/** @param {string} path @returns {import('node:crypto').KeyObject} CRX3 as browsers take it has RSA signatures */
function packingKey(path) {
  let key;
  try {
    key = createPrivateKey(readFileSync(path));
  } catch (error) {
    throw new Error(`${path}: no private key in PEM without a password (${/** @type {any} */ (error).code})`);
  }
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw new Error(`${path}: an RSA key of 2048 bits or more is needed`);
  return key;
}

/** @param {string} out @param {string} version */
async function forStores(out, version) {
  const file = createWriteStream(join(out, `cardbridge-extension-${version}.zip`));
  await finished(zip(extension, withoutKey).pipe(file));
}

/** @param {string} out @param {string} version @param {string} key its path @param {URL} updates @param {string} least Chrome's version */
async function forAgencies(out, version, key, updates, least) {
  const name = `cardbridge-extension-${version}.crx`;
  await crx3(zip(extension, (manifest) => ({...withoutKey(manifest), update_url: updates.href})), {
    keyPath: key, crxPath: join(out, name), xmlPath: join(out, 'updates.xml'), appVersion: version, crxURL: new URL(name, updates).href, browserVersion: least,
  });
}

/** All or nothing: what failed half-way is not there. @param {string} out @param {string | undefined} key @param {string | undefined} updateURL */
async function pack(out, key, updateURL) {
  if (Boolean(key) !== Boolean(updateURL)) throw new Error('--key and --update-url go together');
  const updates = updateURL && updateAddress(updateURL);
  if (key) packingKey(key);
  const {version, minimum_chrome_version: least} = JSON.parse(readFileSync(join(extension, 'manifest.json'), 'utf8'));
  const made = mkdtempSync(join(tmpdir(), 'cardbridge-pack-'));
  try {
    await forStores(made, version);
    if (key && updates) await forAgencies(made, version, key, updates, `${least}.0.0`);
    mkdirSync(out, {recursive: true});
    cpSync(made, out, {recursive: true});
  } finally {
    rmSync(made, {recursive: true, force: true});
  }
}

try {
  const {values} = parseArgs({options: {out: {type: 'string'}, key: {type: 'string'}, 'update-url': {type: 'string'}, id: {type: 'boolean'}}});
  if (values.id) {
    if (!values.key) throw new Error('--id needs --key');
    console.log(extensionId(packingKey(values.key)));
  } else {
    if (!values.out) throw new Error('--out names the folder');
    await pack(values.out, values.key, values['update-url']);
  }
} catch (error) {
  console.error('pack:', error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
