// The card drawer: a page beside the portal on which a person puts cards into the virtual readers, takes them out, swaps them.
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {drawerOf} from './cards.mjs';
import {pageOf} from './page.mjs';

const asset = (name, type) => [`/${name}`, {type, body: readFileSync(new URL(`web/${name}`, import.meta.url))}];
const assets = new Map([asset('drawer.css', 'text/css; charset=utf-8'), asset('drawer.js', 'text/javascript; charset=utf-8'), asset('chip.svg', 'image/svg+xml')]);
const headers = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store', 'Cross-Origin-Resource-Policy': 'same-origin',
};
const longestBody = 1024; // bytes
const pause = 250; // ms between two looks at the readers while a page is open; what a page does itself is told at once

/** A request that is not served, with its HTTP status. */
class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * Serves the drawer on the loopback interface.
 * @param {{ask: (path: string, parameters?: object) => Promise<any>}} rig of startRig
 * @param {{portal?: string}} options portal: the origin to link to
 */
export async function startDrawer(rig, {portal} = {}) {
  const drawer = drawerOf((await rig.ask('cards')).cards);
  const names = new Set(drawer.flatMap((group) => group.cards.map((card) => card.card)));
  const page = pageOf(drawer, portal);
  const live = liveState(rig);
  let queue = Promise.resolve(); // one hand at the readers at a time
  const act = (action) => {
    const done = queue.then(() => perform(rig, action));
    queue = done.then(() => live.look(), () => live.look());
    return done;
  };
  const server = createServer((request, response) => {
    answer(request).then((reply) => reply && send(response, 200, reply.type, reply.body), (error) => {
      send(response, error.status ?? 500, 'application/json; charset=utf-8', JSON.stringify({error: error.message}));
    });

    async function answer({method, url, headers: given}) {
      // another name for this address: a page elsewhere has had its own name resolved to it
      if (given.host !== here()) throw new Refusal(403, `this is http://${here()}; open that address`);
      if (method === 'POST' && url === '/do') {
        const action = await readAction(request, `http://${here()}`, names);
        return {type: 'application/json; charset=utf-8', body: JSON.stringify(await act(action))};
      }
      if (method !== 'GET') throw new Refusal(405, 'only GET, and POST to /do');
      if (url === '/events') return live.follow(response);
      if (url === '/') return {type: 'text/html; charset=utf-8', body: page};
      if (assets.has(url)) return assets.get(url);
      throw new Refusal(404, 'the drawer has no such page');
    }
  });
  const here = () => `127.0.0.1:${server.address().port}`;
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://${here()}/`,
    async stop() {
      live.stop();
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

function send(response, status, type, body) {
  response.writeHead(status, {...headers, 'Content-Type': type});
  response.end(body);
}

/** What a page may ask for: {do: 'insert', reader, card}, {do: 'remove', reader}, {do: 'renew', card}. */
async function readAction(request, origin, names) {
  // any page in this browser can reach the loopback interface; only its own page says where it comes from with this origin
  if (request.headers.origin !== origin) throw new Refusal(403, 'only the drawer’s own page may move cards');
  if (request.headers['content-type'] !== 'application/json') throw new Refusal(415, 'send application/json');
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += chunk;
    if (body.length > longestBody) throw new Refusal(413, `send at most ${longestBody} bytes`);
  }
  let action;
  try {
    action = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
  const reader = [0, 1].includes(action?.reader);
  const card = names.has(action?.card);
  if (!(action?.do === 'insert' ? reader && card : action?.do === 'remove' ? reader : action?.do === 'renew' && card)) {
    throw new Refusal(400, 'say do: insert with reader and card, remove with reader, or renew with card');
  }
  return action;
}

async function perform(rig, {do: what, reader, card}) {
  const {readers} = await rig.ask('state');
  const at = readers.findIndex((each) => each.card === card);
  switch (what) {
    case 'remove':
      return rig.ask('remove', {reader});
    case 'insert':
      if (at === reader) return undefined;
      if (at >= 0) await rig.ask('remove', {reader: at});
      return rig.ask('swap', {reader, card});
    default: // another copy of the card: whoever watches the reader sees the old one leave
      if (at < 0) return rig.ask('reset-card', {card});
      await rig.ask('remove', {reader: at});
      await rig.ask('reset-card', {card});
      return rig.ask('insert', {reader: at, card});
  }
}

/** Tells every open page how the readers are, as server-sent events, whenever that changes. */
function liveState(rig) {
  const pages = new Set();
  let last = '';
  let timer;
  let stopped = false;
  async function look() {
    const now = await rig.ask('state').then(seen, () => ({gone: true}));
    const text = JSON.stringify(now);
    if (text === last) return;
    last = text;
    for (const page of pages) page.write(`data: ${text}\n\n`);
  }
  async function watch() {
    await look();
    timer = !stopped && pages.size > 0 ? setTimeout(watch, pause) : undefined;
  }
  return {
    look,
    follow(response) {
      response.writeHead(200, {...headers, 'Content-Type': 'text/event-stream'});
      response.write(`retry: 1000\n\n${last && `data: ${last}\n\n`}`);
      pages.add(response);
      response.on('close', () => pages.delete(response));
      if (!timer) watch();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** What a page needs of the rig's state. */
function seen({readers, cards, daemon}) {
  return {
    daemon,
    readers: readers.map(({card, noticed, clients}) => ({card: card ?? null, noticed, busy: clients !== 0})),
    tries: Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, card.pinTries])),
  };
}
