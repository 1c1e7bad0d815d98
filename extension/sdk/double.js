// A double of the SDK for a portal's own tests: no card, no extension, outcomes by script, the same names, classes and texts.
import {ERRORS} from '../shared/errors.js';
import {CardBridgeError, configure} from './cardbridge.js';
import {check, nonceText} from './documents.js';

/** @typedef {import('./double.js').Outcome} Outcome */

const METHODS = ['status', 'certificates', 'authenticate', 'sign', 'signBatch'];
const EVENTS = ['cardinserted', 'cardremoved', 'readerchange', 'error'];
const READER = 'Double Reader 00 00';

/** What a call gives without a script. No server must accept token or signature: nothing was signed. @type {Record<string, (given: any) => any>} */
const DEFAULTS = {
  status: ({readers}) => ({
    extension: {version: '0.1.0'}, host: {version: '0.1.0', protocol: 1}, allowed: true, operations: ['authenticate', 'certificates', 'sign'],
    pinFromPage: false, readers,
  }),
  certificates: ({readers}) => ({certificates: [CERTIFICATE], readers, problems: []}),
  authenticate: () => ({unverifiedCertificate: CERTIFICATE.certificate, algorithm: 'RS256', signature: 'ZG91Ymxl', format: 'web-eid:1.0', appVersion: 'https://cardbridge.tw/double'}),
  sign: () => ({certificate: CERTIFICATE.certificate, signature: 'ZG91Ymxl'}),
  signBatch: ({args: [documents]}) => ({certificate: CERTIFICATE.certificate, items: documents.map(() => ({signature: 'ZG91Ymxl'}))}),
};
const CERTIFICATE = {
  id: 'd0'.repeat(32), certificate: 'ZG91Ymxl', kind: 'citizen', holder: '王小明', issuer: '測試憑證管理中心', serialNumber: '0000000000000000',
  notBefore: '2026-01-01T00:00:00Z', notAfter: '2031-01-01T00:00:00Z', keyType: 'RSA-2048', reader: READER, usable: true,
};

/** Every code that a call can end with. */
export const CODES = Object.freeze(Object.keys(ERRORS));

/** An error as the SDK gives it. @param {string} code @param {{facts?: object, operation?: string}} [more] */
export function errorOf(code, more = {}) {
  if (!Object.hasOwn(ERRORS, code)) throw new TypeError(`CardBridge has no code ${code}`);
  const {who, 'zh-TW': zh, en} = ERRORS[code];
  return new CardBridgeError({code, who, texts: {'zh-TW': zh, en}, ...more});
}

export function createDouble() {
  const double = new Double();
  return double.outside();
}

class Double {
  /** @type {Map<string, Outcome[]>} */
  #scripts = new Map(METHODS.map((method) => [method, []]));
  /** @type {{method: string, args: unknown[]}[]} */
  #calls = [];
  /** @type {Map<string, string>} */
  #readers = new Map([[READER, 'present']]);
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map(EVENTS.map((type) => [type, new Set()]));

  /** What tests and pages see. */
  outside() {
    const sdk = {
      CardBridgeError, configure,
      ...Object.fromEntries(METHODS.map((method) => [method, (/** @type {unknown[]} */ ...args) => this.#call(method, args)])),
      isAvailable: (/** @type {any} */ options) => this.#isAvailable(options),
      addEventListener: (/** @type {string} */ type, /** @type {any} */ listener, /** @type {any} */ options) => this.#add(type, listener, options),
      removeEventListener: (/** @type {string} */ type, /** @type {any} */ listener) => { this.#listeners.get(type)?.delete(listener); },
    };
    return {
      sdk,
      calls: this.#calls,
      script: (/** @type {string} */ method, /** @type {Outcome[]} */ ...outcomes) => this.#script(method, outcomes),
      reader: (/** @type {string} */ state, name = READER) => this.#reader(name, state),
      fail: (/** @type {string} */ code) => this.#emit('error', {error: errorOf(code)}),
    };
  }

  /** @param {string} method @param {Outcome[]} outcomes */
  #script(method, outcomes) {
    const script = this.#scripts.get(method);
    if (!script) throw new TypeError(`the SDK has no ${method} to script`);
    for (const {error} of outcomes) if (typeof error === 'string') errorOf(error); // a misspelt code fails here, not in the page
    script.push(...outcomes);
  }

  /** @param {string} method @param {any[]} args */
  async #call(method, args) {
    this.#calls.push({method, args});
    const options = args[method === 'status' || method === 'certificates' ? 0 : 1] ?? {};
    options.signal?.throwIfAborted();
    if (method === 'sign' || method === 'signBatch') {
      check(method === 'sign' ? [args[0]] : args[0]);
      if (options.nonce !== undefined) nonceText(options.nonce);
    }
    const {progress = [], pending, error, facts, result} = this.#scripts.get(method)?.shift() ?? {};
    for (const state of progress) options.onProgress?.(state);
    if (pending) await ended(options);
    await Promise.resolve();
    options.signal?.throwIfAborted();
    if (error !== undefined) throw typeof error === 'string' ? errorOf(error, {facts}) : error;
    return asGiven(result ?? DEFAULTS[method]({args, readers: this.#list()}));
  }

  /** @param {any} options */
  async #isAvailable(options) {
    try {
      const {allowed, code} = await this.#call('status', [options]);
      return allowed && !code;
    } catch (error) {
      if (error instanceof CardBridgeError) return false;
      throw error;
    }
  }

  #list() {
    return [...this.#readers].map(([name, state]) => ({name, state}));
  }

  /** @param {string} type @param {(event: any) => void} listener @param {{signal?: AbortSignal}} [options] */
  #add(type, listener, {signal} = {}) {
    const all = this.#listeners.get(type);
    if (!all) throw new TypeError(`CardBridge has no event ${type}`);
    if (signal?.aborted) return;
    all.add(listener);
    signal?.addEventListener('abort', () => all.delete(listener), {once: true});
    // As the SDK tells of what is there at first.
    for (const [reader, state] of this.#readers) {
      if (type === 'readerchange' || (type === 'cardinserted' && state !== 'empty')) queueMicrotask(() => { if (all.has(listener)) listener({type, reader, state}); });
    }
  }

  /** @param {string} name @param {string} state */
  #reader(name, state) {
    const holds = (/** @type {string | undefined} */ is) => is !== undefined && is !== 'empty' && is !== 'gone';
    const was = this.#readers.get(name);
    if (state === 'gone') this.#readers.delete(name);
    else this.#readers.set(name, state);
    const event = {reader: name, state};
    if (holds(state) && !holds(was)) this.#emit('cardinserted', event);
    if (holds(was) && !holds(state)) this.#emit('cardremoved', event);
    if (was !== state) this.#emit('readerchange', event);
  }

  /** @param {string} type @param {object} event */
  #emit(type, event) {
    for (const listener of [.../** @type {Set<(event: any) => void>} */ (this.#listeners.get(type))]) listener({type, ...event});
  }
}

/** A scripted result with its codes as the errors that the SDK makes of them. @param {any} result */
function asGiven(result) {
  const {code, items} = Object(result);
  if (code) return {...result, problem: errorOf(code)};
  if (!Array.isArray(items)) return result;
  return {...result, items: items.map(({error, ...item}) => (error ? {error: error instanceof Error ? error : errorOf(error.code ?? error)} : item))};
}

/** Never resolves: until the page aborts, or its time is over. @param {{signal?: AbortSignal, timeoutMs?: number}} options */
function ended({signal, timeoutMs}) {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
    if (timeoutMs !== undefined) setTimeout(() => reject(errorOf('userTimeout')), timeoutMs);
  });
}
