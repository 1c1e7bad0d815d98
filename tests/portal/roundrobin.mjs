// A plain proxy: each request goes to the next portal, whoever sent it.
import {createServer, request} from 'node:http';

/** The origin is known before its portals are, which must be told of it. */
export async function startRoundRobin() {
  const served = []; // "POST /api/login 1": which request went to which portal
  let targets = [];
  let next = 0;
  const server = createServer((incoming, response) => {
    const at = next++ % targets.length;
    served.push(`${incoming.method} ${new URL(incoming.url, 'http://proxy').pathname} ${at}`);
    const outgoing = request({host: '127.0.0.1', port: targets[at], method: incoming.method, path: incoming.url, headers: incoming.headers, agent: false}, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on('error', () => { if (response.headersSent) response.destroy(); else response.writeHead(502).end(); });
    incoming.pipe(outgoing);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    served,
    /** @param {number[]} ports of the portals */
    spreadOver(ports) { targets = ports; },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}
