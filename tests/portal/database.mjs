// What a portal's database holds, seen with the database's own tool and not through the portal.
import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {people} from '../world/portal.mjs';
import {run} from '../world/process.mjs';

const hashOf = (id) => createHash('sha256').update(id).digest('hex');

/** @param {string} address a file of SQLite, or postgres://… */
export function openDatabase(address) {
  const server = address.includes('://');
  const hex = (column) => (server ? `encode(${column}, 'hex')` : `lower(hex(${column}))`);

  /** The rows of a SELECT as objects. */
  async function rows(select) {
    const output = server
      ? await run('psql', [address, '-X', '-A', '-t', '-c', `SELECT coalesce(json_agg(r), '[]') FROM (${select}) r`], process.env)
      : await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', address, select], process.env);
    return JSON.parse(output || '[]'); // sqlite3 prints nothing for no row
  }
  const count = async (what) => (await rows(`SELECT count(*) AS n FROM ${what}`))[0].n;

  return {
    server, rows, count,
    /** "moica/0000000000000001 xiaoming.wang" for each binding: the account, else the name. */
    bindings: async () => (await rows(`SELECT b.family || '/' || b.serial || ' ' || coalesce(p.account, p.name, '(nobody)') AS line
      FROM bindings b LEFT JOIN persons p ON p.id = b.person ORDER BY b.serial`)).map((row) => row.line),
    /** "person xiaoming.wang", "agency 2.16.…", "proved"; null if there is no session of that cookie. */
    async session(cookie) {
      const [row] = cookie ? await rows(`SELECT s.state, s.agency, coalesce(p.account, p.name) AS account FROM sessions s
        LEFT JOIN persons p ON p.id = s.person WHERE ${hex('s.key')} = '${hashOf(cookie)}'`) : [];
      return row ? [row.state, row.account ?? row.agency].filter(Boolean).join(' ') : null;
    },
    /** How many of the logins since then (ms) are open; a card that was only proved is none. */
    loggedIn: (since) => count(`sessions WHERE state <> 'proved' AND since >= ${since}`),
    /** Today's wrong accounts, by card. */
    tries: async () => Object.fromEntries((await rows(`SELECT bucket, tries FROM counters WHERE bucket LIKE 'bind %'`))
      .filter((row) => row.tries > 0).map((row) => [row.bucket.slice('bind '.length), row.tries])),
    lastEvent: async () => (await rows('SELECT coalesce(max(number), 0) AS n FROM events'))[0].n,
    /** The audit trail after that event, oldest first. */
    events: (after) => rows(`SELECT * FROM events WHERE number > ${after} ORDER BY number`),
    /** Every byte that is stored, as Latin-1. */
    async everything() {
      if (server) return run('pg_dump', ['--inserts', '--dbname', address], process.env);
      return [address, `${address}-wal`].filter(existsSync).map((file) => readFileSync(file, 'latin1')).join('\n');
    },
  };
}

/**
 * ID numbers and PINs that a text betrays: in clear, in any case, in hex. An ID number's form alone is enough, so that one
 * counts which no file of ours has.
 */
export function secretsIn(text, pins) {
  const known = readFileSync(people.personnel, 'utf8').match(/[A-Z]\d{9}/g);
  if (known.length < 10) throw new Error('the personnel file has no ID numbers to look for');
  const folded = text.toUpperCase();
  const found = [...known, ...pins].filter((secret) => folded.includes(secret.toUpperCase()) || folded.includes(Buffer.from(secret).toString('hex').toUpperCase()));
  return [...found, ...(text.match(/\b[A-Z][1289]\d{8}\b/g) ?? [])];
}
