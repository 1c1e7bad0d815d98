// One request over the page's window: repeated until the extension has it, ended by its answer, an abort or the time.
import {CardBridgeError} from './failure.js';

const ACK_MS = 1000;
const REPEAT_MS = [100, 300, 600];

const LONGEST_MS = 2 ** 31 - 1; // of a timer; a longer one would be over at once

/**
 * @typedef {{onProgress?: (state: any, share?: number) => void, onReaders?: (readers: any[]) => void}} Events
 * @typedef {import('./cardbridge.js').CallOptions & Events} Options
 */

/**
 * @param {string} method @param {object} params @param {Options | null | undefined} options @param {number} [defaultMs]
 * @returns {Promise<{result: any, version: string}>}
 */
export function call(method, params, options, defaultMs) {
  return within(options, defaultMs, (signal) => send(method, params, signal, options ?? {}));
}

/**
 * Work that the caller's signal or the time ends; it has a signal of its own, which tells it so.
 * @template T @param {import('./cardbridge.js').CallOptions | null | undefined} options @param {number | undefined} defaultMs none: for ever
 * @param {(signal: AbortSignal) => Promise<T>} work @returns {Promise<T>}
 */
export async function within(options, defaultMs, work) {
  const {signal, timeoutMs} = options ?? {};
  signal?.throwIfAborted();
  const own = new AbortController();
  const onAbort = () => own.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  const ms = timeoutMs ?? defaultMs;
  const timer = ms !== undefined && setTimeout(() => own.abort(new CardBridgeError({code: 'userTimeout'})), Math.min(ms, LONGEST_MS));
  try {
    return await Promise.race([
      work(own.signal), new Promise((_, reject) => { own.signal.addEventListener('abort', () => reject(own.signal.reason)); }),
    ]);
  } finally {
    if (timer) clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    own.abort();
  }
}

/**
 * @param {string} method @param {object} params @param {AbortSignal} signal @param {Events} events
 * @returns {Promise<{result: any, version: string}>}
 */
export function send(method, params, signal, events) {
  return new Promise((resolve, reject) => {
    const request = new Request(method, plain(params), events, (error, outcome) => {
      if (outcome) resolve(outcome);
      else reject(error);
    });
    signal.addEventListener('abort', () => request.cancel(signal.reason));
    request.start();
  });
}

/** Without members that are undefined, and nothing that cannot be posted, as a framework's proxy. @param {object} params */
function plain(params) {
  try {
    return JSON.parse(JSON.stringify(params));
  } catch (cause) {
    throw new CardBridgeError({code: 'invalidParams'}, {cause});
  }
}

class Request {
  #id = newId();
  #version = '';
  #ended = false;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  #method;
  #params;
  #events;
  #onEnd;
  #listener = (/** @type {MessageEvent} */ event) => this.#receive(event);

  /**
   * @param {string} method @param {Record<string, unknown>} params @param {Events} events
   * @param {(error: unknown, outcome?: {result: any, version: string}) => void} onEnd
   */
  constructor(method, params, events, onEnd) {
    this.#method = method;
    this.#params = params;
    this.#events = events;
    this.#onEnd = onEnd;
  }

  start() {
    window.addEventListener('message', this.#listener);
    // On a page that is still loading the bridge may come after us: the message is repeated until it is acknowledged.
    for (const delay of REPEAT_MS) this.#later(delay, () => this.#send());
    this.#later(ACK_MS, () => this.#missing());
    this.#send();
  }

  /** @param {unknown} reason what the caller is told */
  cancel(reason) {
    if (this.#ended) return;
    post({cardbridge: 'request', id: newId(), method: 'cancel', params: {id: this.#id}});
    this.#end(reason);
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
