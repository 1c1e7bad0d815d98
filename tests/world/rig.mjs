// The virtual readers and their cards.
import {request} from 'node:http';
import {bin, start} from './process.mjs';

const questions = ['state', 'cards', 'certificate'];

/**
 * ask('insert', {reader: 0, card: 'citizen'}) and so on: see testcard/cmd/cardrig.
 * @param {string} dir a folder of one's own  @param {string} [cards] in at the start: 'citizen,agency'
 */
export async function startRig(dir, cards) {
  const rig = await start(bin('cardrig'), ['-dir', dir, ...(cards ? ['-in', cards] : [])]);
  const ask = (path, parameters = {}) => new Promise((resolve, reject) => {
    const query = new URLSearchParams(parameters);
    const method = questions.includes(path) ? 'GET' : 'POST';
    request({socketPath: rig.ready.control, path: `/${path}?${query}`, method}, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { body += chunk; });
      response.on('end', () => {
        const answer = JSON.parse(body);
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`cardrig ${path}: ${answer.error}`));
      });
    }).on('error', reject).end();
  });
  return {...rig, ask, socket: rig.ready.pcscSocket, trust: rig.ready.trust};
}
