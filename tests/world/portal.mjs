// The reference portal with a database of its own, filled with the people of tests/people.
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {keepText} from './logs.mjs';
import {bin, root, run, start} from './process.mjs';

/** What a portal imports unless it is told otherwise, in this order. */
export const people = Object.freeze(Object.fromEntries(
  ['personnel', 'agencies', 'bindings'].map((kind) => [kind, join(root, 'tests', 'people', `${kind}.csv`)]),
));

/**
 * @typedef {object} PortalOptions
 * @property {string} [trust] folder of CA certificates; none: trust nobody
 * @property {boolean} [pinInPage] the portal's own PIN field
 * @property {string} [revocation]
 * @property {string} [origin] as browsers see it, where something stands before the portal
 * @property {string} [database] a file or postgres://…; a fresh SQLite file by default
 * @property {string} [secret] file; must be that of the database
 * @property {false | {personnel?: string | null, agencies?: string | null, bindings?: string | null}} [files] CSV files in
 *   place of tests/people; null leaves one out, false all
 * @property {string} [dir] folder for database and secret, kept at stop(); else one of its own that stop() removes
 * @property {string[]} [args] more flags for serve
 */

/** @param {PortalOptions} options */
export async function startPortal({trust, pinInPage, revocation, origin, database, secret, files = {}, dir, args = []} = {}) {
  const folder = dir ?? freshFolder();
  const store = ['-database', database ?? join(folder, 'portal.db'), '-secret', secret ?? join(folder, 'portal.secret')];
  const command = (words, ...rest) => run(bin('portal'), [...words, ...store, ...rest], process.env);
  const importFile = (kind, file, ...flags) => command(['import', kind], ...flags, file);
  const clean = () => { if (!dir) rmSync(folder, {recursive: true, force: true}); };
  try {
    for (const [kind, file] of Object.entries(files === false ? {} : {...people, ...files})) if (file) await importFile(kind, file);
    const flags = [...store, '-sdk', join(root, 'extension', 'sdk'), '-listen', '127.0.0.1:0'];
    for (const [flag, value] of Object.entries({trust, revocation, origin})) if (value) flags.push(`-${flag}`, value);
    if (pinInPage) flags.push('-pin-in-page');
    const portal = await start(bin('portal'), ['serve', ...flags, ...args]);
    return {
      ...portal, origin: portal.ready.origin, database: store[1], secret: store[3], importFile,
      /** Another of the portal's commands on this database: command(['unbind'], 'xiaoming.wang'). */
      command,
      /** The audit trail, oldest first. */
      audit: async () => (await command(['audit'], '-since', '0', '-json')).trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)),
      async stop() {
        await portal.stop();
        keepText('portal', portal.errors());
        clean();
      },
    };
  } catch (error) {
    clean();
    throw error;
  }
}

/**
 * Several processes on one database, which only the first one fills. Give a database that bears it.
 * @param {number} count  @param {PortalOptions} options
 */
export async function startPortals(count, options) {
  const portals = [await startPortal(options)];
  const {database, secret} = portals[0];
  try {
    while (portals.length < count) portals.push(await startPortal({...options, database, secret, files: false}));
  } catch (error) {
    for (const portal of portals.reverse()) await portal.stop();
    throw error;
  }
  return portals;
}

function freshFolder() {
  const parent = join(root, 'build', 'worlds');
  mkdirSync(parent, {recursive: true});
  return mkdtempSync(join(parent, 'p'));
}
