// A portal as small as can be: its button makes the call that the test has laid ready.
import {authenticate, certificates, status} from '/sdk/cardbridge.js';

const controllers = [];
window.abort = (reason) => controllers.at(-1).abort(reason);
window.progress = [];

export async function run({method, nonce, options}) {
  const controller = new AbortController();
  controllers.push(controller);
  const all = {...options, signal: controller.signal, onProgress: (state) => window.progress.push(state)};
  try {
    const result = method === 'status' ? await status() : method === 'certificates' ? await certificates() : await authenticate(nonce, all);
    return {result};
  } catch (error) {
    const {name, code, who, message, hint, texts, facts, operation, reference} = error;
    return {error: {name, code, who, message, hint, texts, facts, operation, reference, text: String(error)}};
  }
}
window.run = run;

document.getElementById('go')?.addEventListener('click', async () => {
  window.outcome = await run(window.next);
});
document.documentElement.dataset.ready = 'true';
