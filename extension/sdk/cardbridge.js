// The SDK of a portal: status, certificates, authenticate, sign over the CardBridge extension. No dependency, no eval, no inline style.
import {check, nonceText, prepare} from './documents.js';
import {CardBridgeError} from './failure.js';
import {call, send, within} from './request.js';

export {addEventListener, removeEventListener} from './events.js';
export {CardBridgeError, configure} from './failure.js';

const STATUS_MS = 30_000;
// The windows have their own limits and the host ends what takes too long; this one is for a host that is silent.
const PERSON_MS = 15 * 60_000;

/** @param {import('./cardbridge.js').CallOptions} [options] @returns {Promise<any>} */
export async function status(options) {
  const {result: {texts, who, ...result}, version} = await call('status', {}, options, STATUS_MS);
  return {extension: {version}, ...result, ...(result.code && {problem: new CardBridgeError({code: result.code, who, texts})})};
}

/** @param {import('./cardbridge.js').CallOptions} [options] @returns {Promise<boolean>} */
export async function isAvailable(options) {
  try {
    const {allowed, code} = await status(options);
    return allowed && !code;
  } catch (error) {
    if (error instanceof CardBridgeError) return false;
    throw error; // the caller's own abort
  }
}

/** @param {import('./cardbridge.js').CertificatesOptions} [options] @returns {Promise<any>} */
export async function certificates(options) {
  const {result} = await call('certificates', {kinds: options?.kinds}, options, PERSON_MS);
  return {...result, problems: result.problems?.map((/** @type {any} */ problem) => new CardBridgeError(problem))};
}

/** @param {string} challengeNonce @param {import('./cardbridge.js').AuthenticateOptions} [options] @returns {Promise<any>} */
export async function authenticate(challengeNonce, options) {
  const {pin, algorithm, kinds, certificate, lang} = options ?? {};
  const params = {challengeNonce, algorithm, kinds, certificate, language: lang, pin};
  return (await call('authenticate', params, options, PERSON_MS)).result;
}

/**
 * @param {import('./cardbridge.js').Document} document @param {import('./cardbridge.js').SignOptions} [options]
 * @returns {Promise<any>}
 */
export async function sign(document, options) {
  const {certificate, items: [{signature, error}]} = await signBatch([document], options);
  if (error) throw error;
  return {certificate, signature};
}

/**
 * @param {import('./cardbridge.js').Document[]} documents @param {import('./cardbridge.js').SignOptions} [options]
 * @returns {Promise<any>}
 */
export async function signBatch(documents, options) {
  const {hash, pss, nonce, cardNumber, kinds, certificate, lang, onProgress} = options ?? {};
  check(documents);
  const rest = {hash, pss, nonce: nonce === undefined ? undefined : nonceText(nonce), cardNumber, kinds, certificate, language: lang};
  const {result} = await within(options, PERSON_MS, async (signal) => {
    const prepared = await prepare(documents, {hash, signal, onHashed: (share) => onProgress?.('hashing', share)});
    signal.throwIfAborted();
    return send('sign', {documents: prepared, ...rest}, signal, {onProgress});
  });
  for (const item of result.items) if (item.error) item.error = new CardBridgeError(item.error);
  return result;
}
