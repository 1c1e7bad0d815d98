// A portal of Web eID's: its button makes the call that the test has laid ready; every message of Web eID's is kept.
import * as webeid from '/webeid.js';

window.heard = [];
window.addEventListener('message', ({data}) => {
  if (/^web-eid:.*-(ack|success|failure)$/.test(data?.action)) window.heard.push(data);
});

window.run = async ({call, args = []}) => {
  try {
    return {result: await webeid[call](...args)};
  } catch (error) {
    return {error: {...error, name: error.name, code: error.code, message: error.message}};
  }
};
// Once it is known that there is an answer, a busy machine may take its time; the real library's times are fixed.
window.patient = () => {
  if (!Object.isFrozen(webeid.config)) Object.assign(webeid.config, {EXTENSION_HANDSHAKE_TIMEOUT: 60_000, NATIVE_APP_HANDSHAKE_TIMEOUT: 60_000});
};
document.querySelector('#go')?.addEventListener('click', async () => {
  window.outcome = undefined;
  window.outcome = await window.run(window.next);
});
document.documentElement.dataset.ready = 'true';
