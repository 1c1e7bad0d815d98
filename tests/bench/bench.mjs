// make bench: the host against bare programs in one run, then the whole in a browser. Writes build/bench/host.json.
// Timings are never a reason to fail: it ends with 1 only when something did not run.
import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {cpus, loadavg} from 'node:os';
import {join} from 'node:path';
import {root} from '../world/world.mjs';
import {socket} from '../world/agent.mjs';
import {NAMES, THROUGH, measureBrowser} from './browser.mjs';
import {CARD, measureCard} from './card.mjs';

const out = join(root, 'build', 'bench');
const policy = join(out, 'policy.json');
const file = (name) => join(out, name);
const rounds = Number(process.env.ROUNDS ?? 200);
const run = (command, ...args) => execFileSync(command, args, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 24});

/** What is aimed at, by row; a function of the row and of all rows. Memory stands apart. */
const AIMS = {
  'start to hello: host': [['≤ 3 ms', (row) => row.median_ms <= 3], ['≤ 3 × bare Go', (row) => row.median_ms <= 3 * row.floor_median_ms]],
  'cold list: SoftHSM': [['≤ 1.8 × bare C', (row) => row.median_ms <= 1.8 * row.floor_median_ms]],
  'PIN to signature: SoftHSM': [['≤ bare C + 3 ms', (row) => row.median_ms <= row.floor_median_ms + 3]],
  "daemon's notice of a card to notification": [['≤ 500 ms', (row) => row.p95_ms <= 500]],
  "daemon's notice of a removal to notification": [['≤ 500 ms', (row) => row.p95_ms <= 500]],
  [CARD.in]: [['≤ 500 ms', (row) => row.p95_ms <= 500]],
  [CARD.out]: [['≤ 500 ms', (row) => row.p95_ms <= 500]],
  [NAMES.page]: [['≤ 25 ms', (row) => row.median_ms <= 25]],
  [NAMES.unguarded]: [['≤ 25 ms', (row) => row.median_ms <= 25]],
};
for (const who of ['agent', 'relay']) AIMS[`peak memory: ${who}`] = [['< 20 MiB', (row) => row.peak_rss_mib < 20]];
for (const who of ['host', 'scanner', 'signer']) AIMS[`peak memory: ${who}, SoftHSM`] = [['≤ 16 MiB', (row) => row.peak_rss_mib <= 16]];

function build() {
  mkdirSync(out, {recursive: true});
  chmodSync(out, 0o755); // whatever the umask: the host refuses a policy in a folder that others may write
  const path = 'github.com/cardbridge/cardbridge/host/internal/policy.devPath';
  // in size as released; the tag dev lets loopback portals in
  const flags = `-s -w -X main.version=0.0.1 -X ${path}=${policy}`;
  run('go', 'build', '-trimpath', '-tags', 'dev', '-ldflags', flags, '-o', file('cardbridge'), './host');
  // the same once more, which meets an agent
  const agent = 'github.com/cardbridge/cardbridge/host/internal/agent.devSocket';
  run('go', 'build', '-trimpath', '-tags', 'dev', '-ldflags', `${flags} -X ${agent}=${socket}`, '-o', file('relay'), './host');
  run('go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', file('echo'), './tests/bench/echo');
  run('go', 'build', '-o', file('measure'), './tests/bench/measure');
  const headers = run('go', 'list', '-m', '-f', '{{.Dir}}', 'github.com/miekg/pkcs11').trim();
  run('gcc', '-O2', '-Wall', '-Wextra', `-I${headers}`, '-o', file('floor'), 'tests/bench/floor/floor.c');
}

function quantile(times, q) {
  return times.toSorted((a, b) => a - b)[Math.round(q * (times.length - 1))];
}

function browserRow(name, times, floor) {
  return {
    name, median_ms: quantile(times, 0.5), p95_ms: quantile(times, 0.95), floor_median_ms: floor ? quantile(floor, 0.5) : null, peak_rss_mib: null,
  };
}

const rounded = (value) => (value === null ? null : Math.round(value * 100) / 100);

function print(rows) {
  const cell = (value) => (value === null ? '' : value.toFixed(2)).padStart(9);
  console.log(`${'row'.padEnd(84)}${['median', 'p95', 'floor', 'MiB'].map((head) => head.padStart(9)).join('')}  aim`);
  for (const row of rows) {
    const aims = (AIMS[row.name] ?? []).map(([text, met]) => `${text}: ${met(row) ? 'met' : 'missed'}`);
    console.log(`${row.name.padEnd(84)}${[row.median_ms, row.p95_ms, row.floor_median_ms, row.peak_rss_mib].map(cell).join('')}  ${aims.join('; ')}`);
  }
  for (const name of Object.keys(AIMS)) if (!rows.some((row) => row.name === name)) throw new Error(`no row ${name}: its aim was not measured`);
}

const began = performance.now();
build();
console.error('bench: the host and bare programs in turn, then a browser; about five minutes');
const {rows} = JSON.parse(run(file('measure'), '-host', file('cardbridge'), '-relay', file('relay'), '-agent', socket, '-policy', policy,
  '-echo', file('echo'), '-floor', file('floor'), '-rounds', String(rounds)));
const browsers = {policy, measure: file('measure'), rounds: Math.ceil(rounds * 0.6)};
const times = await measureBrowser({host: file('cardbridge'), ...browsers});
const through = await measureBrowser({host: file('relay'), agent: true, ...browsers});
// One login sees it all, and a login gives up after twenty cards that came and went.
const shown = await measureCard({host: file('cardbridge'), policy, rounds: Math.min(Math.ceil(rounds / 8), 12)});
rows.push(...Object.entries(times).map(([key, list]) => browserRow(NAMES[key], list)));
rows.push(...Object.entries(through).map(([key, list]) => browserRow(NAMES[key] + THROUGH, list, times[key])));
rows.push(...Object.entries(shown).map(([key, list]) => browserRow(CARD[key], list)));
for (const row of rows) for (const key of ['median_ms', 'p95_ms', 'floor_median_ms', 'peak_rss_mib']) row[key] = rounded(row[key]);
writeFileSync(file('host.json'), `${JSON.stringify({rows}, null, 2)}\n`);
print(rows);
console.log(`\n${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}, ${rounds} rounds in ${((performance.now() - began) / 1000).toFixed(0)} s;`
  + ' milliseconds; floor is the bare program of the same round, without the agent for what goes through it. build/bench/host.json has the same.');
