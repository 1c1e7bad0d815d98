// The agent (the OS service) in a test's world: a development host meets it at the place that "make dev" gave it.
import {spawn} from 'node:child_process';
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {agentSocket} from './agentsocket.mjs';
import {keepText} from './logs.mjs';
import {bin, root, run} from './process.mjs';

export const socket = agentSocket(root);
const active = `${socket}.active`;

/** The agent of another release, which takes its time to build. @param {string} folder @param {string} version @returns {Promise<string>} */
export async function buildAgent(folder, version) {
  const binary = join(folder, `cardbridge-${version}`);
  const place = 'github.com/cardbridge/cardbridge/host/internal/agent.devSocket';
  await run('go', ['build', '-tags', 'dev', '-ldflags', `-X main.version=${version} -X ${place}=${socket}`, '-o', binary, join(root, 'host')],
    {...process.env, PWD: root}, root);
  return binary;
}

/**
 * An agent that listens; this process's uid counts as at the computer. It has a person's environment no more than a service has.
 * @param {{folder: string, rig: {socket: string}}} world  @param {{binary?: string, env?: Record<string, string>}} [options]
 */
export async function startAgent({folder, rig}, {binary = bin('cardbridge'), env: more = {}} = {}) {
  mkdirSync(dirname(socket), {recursive: true, mode: 0o755});
  writeFileSync(active, `${process.getuid?.()}\n`, {mode: 0o644});
  // readers' locks lie where a host of this world that has no agent puts them
  const env = {
    PATH: process.env.PATH, LANG: 'C.UTF-8', PCSCLITE_CSOCK_NAME: rig.socket, RUNTIME_DIRECTORY: join(folder, 'cardbridge'), TMPDIR: folder, ...more,
  };
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', binary, 'service', 'run'], {env, stdio: ['ignore', 'ignore', 'pipe']});
  let log = '';
  const ended = new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', (code, signal) => { keepText('agent', log); resolve(signal ?? code); });
  });
  await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      if (log.includes('the agent listens')) resolve(undefined);
    });
    ended.then((how) => reject(new Error(`the agent ended (${how}) before it listened:\n${log}`)));
  });
  const end = (signal) => { child.kill(signal); return ended; };
  return {
    pid: child.pid, // setpriv becomes the program
    log: () => log,
    /** The lines of operations that were judged: who, what, how it ended. @returns {Record<string, any>[]} */
    audit: () => log.split('\n').filter((line) => line.includes('"audit":true')).map((line) => JSON.parse(line)),
    /** What runs in its name now: scanner, signer. */
    children: () => children(child.pid),
    /** As the service manager ends it. @returns {Promise<number | string>} how it ended */
    terminate: () => end('SIGTERM'),
    /** As a crash would: its socket stays where it is. */
    kill: () => end('SIGKILL'),
    /** And nothing is left of it, as after cardbridge service uninstall. */
    async stop() {
      await Promise.race([end('SIGTERM'), sleep(10000, undefined, {ref: false})]);
      await end('SIGKILL');
      for (const path of [socket, active]) rmSync(path, {force: true});
    },
  };
}

/** The pids of a process's children. @param {number} pid @returns {string[]} */
export function children(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
}
