// Web eID's page library as pages know it, written for these tests from its public description (version 2.1): the messages
// that it posts, how long it waits for what, how it reads the answers. Run the tests with WEB_EID_LIBRARY=<file> for the real one.
export const config = {VERSION: '2.1.0', EXTENSION_HANDSHAKE_TIMEOUT: 1000, NATIVE_APP_HANDSHAKE_TIMEOUT: 5000, DEFAULT_USER_INTERACTION_TIMEOUT: 120_000};

class WebEIDError extends Error {
  constructor(code, message = code) {
    super(message);
    this.code = code;
  }
}

const CODES = ['ACTION_TIMEOUT', 'USER_TIMEOUT', 'VERSION_MISMATCH', 'VERSION_INVALID', 'EXTENSION_UNAVAILABLE', 'NATIVE_UNAVAILABLE', 'UNKNOWN_ERROR',
  'CONTEXT_INSECURE', 'USER_CANCELLED', 'NATIVE_INVALID_ARGUMENT', 'NATIVE_FATAL', 'ACTION_PENDING', 'MISSING_PARAMETER'].map((name) => `ERR_WEBEID_${name}`);

/** An error without a known code and a message is an unknown one, whatever else it says. */
function readError(sent) {
  if (!CODES.includes(sent?.code) || typeof sent.message !== 'string') return new WebEIDError('ERR_WEBEID_UNKNOWN_ERROR');
  return Object.assign(new WebEIDError(sent.code), sent);
}

const pending = new Map();

window.addEventListener('message', ({data}) => {
  const [, action, kind] = /^(web-eid:.*?)-(ack|success|failure)$/.exec(data?.action) ?? [];
  const call = pending.get(action);
  if (!call) return;
  clearTimeout(call.ackTimer);
  if (kind === 'ack') return;
  call.end();
  if (kind === 'success') call.resolve(data);
  else call.reject(readError(data.error));
});

function send(name, members, personTimes, options) {
  const action = `web-eid:${name}`;
  if (pending.has(action)) return Promise.reject(new WebEIDError('ERR_WEBEID_ACTION_PENDING'));
  const {EXTENSION_HANDSHAKE_TIMEOUT: ack, NATIVE_APP_HANDSHAKE_TIMEOUT: native, DEFAULT_USER_INTERACTION_TIMEOUT: person} = config;
  return new Promise((resolve, reject) => {
    const fail = (code) => { call.end(); reject(new WebEIDError(code)); };
    const call = {
      resolve, reject,
      ackTimer: setTimeout(fail, ack, 'ERR_WEBEID_EXTENSION_UNAVAILABLE'),
      replyTimer: setTimeout(fail, ack + native + personTimes * (options?.userInteractionTimeout ?? person), 'ERR_WEBEID_ACTION_TIMEOUT'),
      end() { clearTimeout(call.ackTimer); clearTimeout(call.replyTimer); pending.delete(action); },
    };
    pending.set(action, call);
    // Left out options are there as undefined.
    window.postMessage({action, libraryVersion: config.VERSION, ...members, ...(name !== 'status' && {options})}, '*');
  });
}

const pick = (message, names) => Object.fromEntries(names.map((name) => [name, message[name]]));

export async function status() {
  return pick(await send('status', {}, 0), ['library', 'extension', 'nativeApp']);
}

export async function authenticate(challengeNonce, options) {
  if (!challengeNonce) throw new WebEIDError('ERR_WEBEID_MISSING_PARAMETER');
  return pick(await send('authenticate', {challengeNonce}, 1, options), ['unverifiedCertificate', 'algorithm', 'signature', 'format', 'appVersion']);
}

export async function getSigningCertificate(options) {
  return pick(await send('get-signing-certificate', {}, 2, options), ['certificate', 'supportedSignatureAlgorithms']);
}

export async function sign(certificate, hash, hashFunction, options) {
  if (!certificate || !hash || !hashFunction) throw new WebEIDError('ERR_WEBEID_MISSING_PARAMETER');
  return pick(await send('sign', {certificate, hash, hashFunction}, 2, options), ['signature', 'signatureAlgorithm']);
}
