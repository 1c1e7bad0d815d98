// A small web site under any host name: https with a certificate of its own, or plain http, on loopback.
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {createServer as createPlain} from 'node:http';
import {createServer as createSecure} from 'node:https';
import {join} from 'node:path';
import {root} from '../world/world.mjs';

const PAGE = (body) => `<!doctype html><meta charset="utf-8"><title>site</title><button id="go">go</button><script type="module" src="/page.js"></script>${body}`;

// Calls the SDK at a click; a page that may not wait for one (an iframe, a prerendered page) calls at once and reports.
const SCRIPT = `
import {status, certificates, authenticate, sign} from '/sdk/cardbridge.js';
const call = async () => {
  const {method, options = {}} = window.next ?? {method: 'authenticate'};
  try {
    if (method === 'authenticate') return {result: await authenticate('A'.repeat(44), options)};
    if (method === 'sign') return {result: await sign(options.document, {lang: options.lang})};
    return {result: await ({status, certificates})[method](options)};
  } catch (error) { return {code: error.code, who: error.who, message: error.message, facts: error.facts}; }
};
document.querySelector('#go').addEventListener('click', async () => { window.outcome = undefined; window.outcome = await call(); });
if (new URLSearchParams(location.search).has('now')) {
  const outcome = await call();
  window.outcome = outcome;
  await fetch('/report', {method: 'POST', mode: 'no-cors', body: JSON.stringify({at: location.search, prerendering: document.prerendering, ...outcome})});
}
window.ready = true;`;

/** @param {string} folder for the certificate */
export async function startSite(folder) {
  mkdirSync(folder, {recursive: true});
  const key = join(folder, 'site.key');
  const cert = join(folder, 'site.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
    '-subj', '/CN=test', '-addext', 'subjectAltName=DNS:*.gov.tw,DNS:*.dgpa.gov.tw,DNS:localhost'], {stdio: 'ignore'});
  const reports = [];
  const listeners = [];
  const serve = (request, response) => {
    const {pathname, searchParams} = new URL(request.url, 'http://site');
    const send = (type, body) => { response.writeHead(200, {'content-type': type, 'access-control-allow-origin': '*'}); response.end(body); };
    if (pathname === '/report') {
      let body = '';
      request.on('data', (chunk) => { body += chunk; });
      request.on('end', () => { const report = JSON.parse(body); reports.push(report); listeners.forEach((listener) => listener(report)); send('text/plain', ''); });
    } else if (pathname.startsWith('/sdk/')) send('text/javascript', readFileSync(join(root, 'extension', pathname)));
    else if (pathname === '/page.js') send('text/javascript', SCRIPT);
    else if (pathname === '/') {
      const frame = searchParams.get('frame');
      const rules = {prerender: [{source: 'list', urls: ['/?now=prerendered'], eagerness: 'immediate'}]};
      send('text/html; charset=utf-8', PAGE(frame ? `<iframe ${frame === 'sandboxed' ? 'sandbox="allow-scripts"' : ''} src="/?now=${frame}"></iframe>`
        : searchParams.has('prerender') ? `<script type="speculationrules">${JSON.stringify(rules)}</script>` : ''));
    } else { response.writeHead(404); response.end(); }
  };
  const secure = createSecure({key: readFileSync(key), cert: readFileSync(cert)}, serve);
  const plain = createPlain(serve);
  for (const server of [secure, plain]) await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    securePort: secure.address().port,
    plainPort: plain.address().port,
    /** The report of a page that called at once. */
    report: (at) => new Promise((resolve) => {
      const known = reports.find((report) => report.at === `?now=${at}`);
      if (known) resolve(known);
      else listeners.push((report) => { if (report.at === `?now=${at}`) resolve(report); });
    }),
    stop() { for (const server of [secure, plain]) { server.closeAllConnections(); server.close(); } },
  };
}
