// One request over the page's window: repeated until the extension has it, ended by its answer, an abort or the time.
import {CardBridgeError} from './failure.js';

const ACK_MS = 1000;
const REPEAT_MS = [100, 300, 600];

/**
 * @typedef {import('./cardbridge.js').CallOptions & {
 *   onProgress?: (state: any, share?: number) => void, onReaders?: (readers: any[]) => void}} Options
 */

/**
 * @param {string} method @param {Record<string, unknown>} params members that are undefined are left out
 * @param {Options} options
 * @returns {Promise<{result: any, version: string}>}
 */
export function call(method, params, {signal, timeoutMs, ...events}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    for (const name of Object.keys(params)) if (params[name] === undefined) delete params[name];
    const request = new Request(method, params, events, (error, outcome) => {
      signal?.removeEventListener('abort', onAbort);
      if (outcome) resolve(outcome);
      else reject(error);
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
  #events;
  #onEnd;
  #listener = (/** @type {MessageEvent} */ event) => this.#receive(event);

  /**
   * @param {string} method @param {Record<string, unknown>} params @param {Options} events
   * @param {(error: unknown, outcome?: {result: any, version: string}) => void} onEnd
   */
  constructor(method, params, events, onEnd) {
    this.#method = method;
    this.#params = params;
    this.#events = events;
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
      this.#events.onProgress?.(message.state);
    } else if (message.cardbridge === 'readers') {
      this.#events.onReaders?.(message.readers);
    } else if (message.cardbridge === 'response') {
      const {error, result} = message;
      // This SDK knows no method that a newer extension lacks.
      if (error) this.#end(new CardBridgeError(error.code === 'unknownMethod' ? {code: 'extensionOutdated'} : error));
      else this.#end(undefined, {result, version: this.#version});
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
