// Programs that were built here, started and ended for tests.
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const bin = (name) => join(root, 'build', 'bin', name);

/** Starts a program that prints one line of JSON when it is ready; its standard error is kept for failures. */
export async function start(command, args, options = {}) {
  // also where this process is killed and stop() never runs
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {...options, stdio: ['pipe', 'pipe', 'pipe']});
  let errors = '';
  child.stderr.on('data', (chunk) => { errors = (errors + chunk).slice(-20000); });
  child.stdin.on('error', () => {});
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const line = await new Promise((resolve, reject) => {
    createInterface({input: child.stdout}).once('line', resolve);
    child.on('error', reject);
    ended.then((code) => reject(new Error(`${command} ended with ${code} before it was ready:\n${errors}`)));
  });
  return {
    ready: JSON.parse(line),
    pid: child.pid, // setpriv becomes the program
    errors: () => errors,
    ended,
    async stop() {
      child.stdin.end();
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(10000, undefined, {ref: false})]);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
    /** As a crash would. */
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a program to its end and gives what it printed. */
export async function run(command, args, env, cwd = root) {
  const child = spawn(command, args, {env, cwd, stdio: ['ignore', 'pipe', 'pipe']});
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  child.stderr.on('data', (chunk) => { errors += chunk; });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${errors || `ended with ${code}`}`);
  return output;
}
