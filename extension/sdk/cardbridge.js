// The SDK of a portal: status, certificates, authenticate, sign over the CardBridge extension. No dependency, no eval, no inline style.
import {base64, prepare} from './documents.js';
import {ERRORS} from './errors.js';

const ACK_MS = 1000;
const REPEAT_MS = [100, 300, 600];
const STATUS_MS = 30_000;
// The windows have their own limits and the host ends what takes too long; this one is for a host that is silent.
const PERSON_MS = 15 * 60_000;
// As many digits of an operation's id as a person can read out; the window shows the same.
const REFERENCE_LENGTH = 8;

export class CardBridgeError extends Error {
  /** @param {{code: string, who?: string, facts?: object, operation?: string}} failure */
  constructor({code, who, facts, operation}) {
    // A newer host may know codes that this SDK does not.
    const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : ERRORS.internal;
    super(known['zh-TW'].message);
    this.name = 'CardBridgeError';
    this.code = code;
    this.who = who ?? known.who;
    this.texts = {'zh-TW': known['zh-TW'], en: known.en};
    this.hint = {'zh-TW': known['zh-TW'].hint, en: known.en.hint};
    this.facts = facts;
    this.operation = operation;
    // An error that no host had a part in has no operation, so nothing to look for in a log.
    this.reference = operation?.slice(0, REFERENCE_LENGTH);
  }
}

/** @param {import('./cardbridge.js').CallOptions} [options] @returns {Promise<any>} */
export async function status(options = {}) {
  const {result, version} = await call('status', {}, {timeoutMs: STATUS_MS, ...options});
  return {extension: {version}, ...result};
}

/** @param {import('./cardbridge.js').CertificatesOptions} [options] @returns {Promise<any>} */
export async function certificates({kinds, ...options} = {}) {
  return (await call('certificates', {kinds}, {timeoutMs: PERSON_MS, ...options})).result;
}

/** @param {string} challengeNonce @param {import('./cardbridge.js').AuthenticateOptions} [options] @returns {Promise<any>} */
export async function authenticate(challengeNonce, {pin, algorithm, kinds, certificate, lang, ...options} = {}) {
  const params = {challengeNonce, algorithm, kinds, certificate, language: lang, pin};
  return (await call('authenticate', params, {timeoutMs: PERSON_MS, ...options})).result;
}

/**
 * @param {import('./cardbridge.js').Document} document @param {import('./cardbridge.js').SignOptions} [options]
 * @returns {Promise<any>}
 */
export async function sign(document, options = {}) {
  const {certificate, items: [{signature, error}]} = await signBatch([document], options);
  if (error) throw error;
  return {certificate, signature};
}

/**
 * @param {import('./cardbridge.js').Document[]} documents @param {import('./cardbridge.js').SignOptions} [options]
 * @returns {Promise<any>}
 */
export async function signBatch(documents, {hash, pss, nonce, cardNumber, kinds, certificate, lang, ...options} = {}) {
  const {signal, onProgress} = options;
  const prepared = await prepare(documents, {hash, signal, onHashed: (share) => onProgress?.('hashing', share)});
  if (!prepared) throw new CardBridgeError({code: 'documentInvalid'});
  const params = {documents: prepared, hash, pss, nonce: nonce && base64(nonce), cardNumber, kinds, certificate, language: lang};
  const {result} = await call('sign', params, {timeoutMs: PERSON_MS, ...options});
  for (const item of result.items) if (item.error) item.error = new CardBridgeError(item.error);
  return result;
}

/**
 * @param {string} method @param {Record<string, unknown>} params members that are undefined are left out
 * @param {import('./cardbridge.js').CallOptions & {onProgress?: (state: any, share?: number) => void}} options
 * @returns {Promise<{result: any, version: string}>}
 */
function call(method, params, {signal, timeoutMs, onProgress}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    for (const name of Object.keys(params)) if (params[name] === undefined) delete params[name];
    const request = new Request(method, params, {
      onProgress,
      onEnd: (error, outcome) => {
        signal?.removeEventListener('abort', onAbort);
        if (outcome) resolve(outcome);
        else reject(error);
      },
    });
    const onAbort = () => request.cancel(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    request.start(timeoutMs);
  });
}

class Request {
  #id = newId();
  #version = '';
  #ended = false;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timeout;
  #method;
  #params;
  #onProgress;
  #onEnd;
  #listener = (/** @type {MessageEvent} */ event) => this.#receive(event);

  /**
   * @param {string} method @param {Record<string, unknown>} params
   * @param {{onProgress?: (state: any) => void, onEnd: (error: unknown, outcome?: {result: any, version: string}) => void}} events
   */
  constructor(method, params, {onProgress, onEnd}) {
    this.#method = method;
    this.#params = params;
    this.#onProgress = onProgress;
    this.#onEnd = onEnd;
  }

  /** @param {number | undefined} timeoutMs */
  start(timeoutMs) {
    window.addEventListener('message', this.#listener);
    // On a page that is still loading the bridge may come after us: the message is repeated until it is acknowledged.
    for (const delay of REPEAT_MS) this.#later(delay, () => this.#send());
    this.#later(ACK_MS, () => this.#missing());
    if (timeoutMs !== undefined) {
      this.#timeout = setTimeout(() => this.cancel(new CardBridgeError({code: 'userTimeout'})), timeoutMs);
    }
    this.#send();
  }

  /** @param {unknown} reason what the caller is told */
  cancel(reason) {
    if (this.#ended) return;
    post({cardbridge: 'request', id: newId(), method: 'cancel', params: {id: this.#id}});
    this.#end(reason ?? new CardBridgeError({code: 'cancelled'}));
  }

  /** @param {number} delay @param {() => void} work only done while there is no ack */
  #later(delay, work) {
    this.#timers.push(setTimeout(work, delay));
  }

  #send() {
    post({cardbridge: 'request', id: this.#id, method: this.#method, params: this.#params});
  }

  #missing() {
    if (document.readyState === 'loading') this.#later(ACK_MS, () => this.#missing());
    else this.#end(new CardBridgeError({code: whyMissing()}));
  }

  #acknowledged() {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    // The message is on its way; nothing here needs the PIN any more.
    delete this.#params.pin;
  }

  /** @param {MessageEvent} event */
  #receive(event) {
    const message = event.data;
    if (event.source !== window || event.origin !== self.origin || message?.id !== this.#id) return;
    if (message.cardbridge === 'ack') {
      this.#version = String(message.version);
      this.#acknowledged();
    } else if (message.cardbridge === 'progress') {
      this.#onProgress?.(message.state);
    } else if (message.cardbridge === 'response') {
      if (message.error) this.#end(new CardBridgeError(message.error));
      else this.#end(undefined, {result: message.result, version: this.#version});
    }
  }

  /** @param {unknown} error @param {{result: any, version: string}} [outcome] */
  #end(error, outcome) {
    if (this.#ended) return;
    this.#ended = true;
    this.#acknowledged();
    clearTimeout(this.#timeout);
    window.removeEventListener('message', this.#listener);
    this.#onEnd(error, outcome);
  }
}

/** No extension serves such pages, so the page is at fault, whether there is an extension or not. */
function whyMissing() {
  if (self.origin === 'null') return 'originInvalid';
  return self.isSecureContext === false ? 'contextInsecure' : 'extensionMissing';
}

/** @param {object} message */
function post(message) {
  window.postMessage(message, self.origin === 'null' ? '*' : self.origin);
}

function newId() {
  // Not crypto.randomUUID: a page that is not secure lacks it, and must be told so by the extension.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
