// Where the agent of a development build listens: "make dev" links this path into the host, tests start an agent there.
// Prints it when it is run.
import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The address of a socket has room for this many bytes, with the 0 at its end one more (unix(7)). */
const MOST = 107;

/** @param {string} checkout */
export function agentSocket(checkout) {
  const path = join(checkout, 'build', 'dev', 'agent.sock');
  if (Buffer.byteLength(path) <= MOST) return path;
  // a deep clone: a short folder of this checkout's own. Whatever somebody else puts there, the host takes for an impostor's.
  const name = createHash('sha256').update(checkout).digest('hex').slice(0, 16);
  return `/tmp/cardbridge-${process.getuid?.() ?? 0}-${name}/agent.sock`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(agentSocket(fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')));
