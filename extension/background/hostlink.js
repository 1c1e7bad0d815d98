// The shared way to the host: opened at the first request, greeted with hello, closed when it has been idle for a while.
import {Connection} from './connection.js';
import {RequestError, portFailure} from './failures.js';

export const HOST = 'tw.cardbridge.host';
export const PROTOCOLS = [1];
const IDLE_MS = 30_000;
// A host that a virus scanner looks at first may take seconds; one that says nothing for this long is not ours.
const HELLO_MS = 20_000;
// How long a second start is listened to for the reason of the first one's end.
const LISTEN_MS = 2_000;

/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {Promise<any>} done the result, or a RequestError
 * @property {() => void} cancel asks the host to end it; done then settles with what the host says
 * @property {(prompt: string, answer: import('../shared/types').Answer) => void} answer
 * @property {(prompt: string, code: string) => void} refuse
 *
 * @typedef {object} Watcher
 * @property {(reader: import('../shared/types').ReaderChange) => void} onCard a reader as it is now; state gone: unplugged
 * @property {(error: RequestError) => void} onEnd the host ended, nothing more is heard
 */

export class HostLink {
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Promise<import('../shared/types').HelloResult> | null} */
  #hello = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idle;
  #waiting = 0;
  /** @type {Set<Watcher>} */
  #watchers = new Set();
  #connect;
  #lastError;
  #greeting;
  #memory;
  #times;

  /**
   * @param {object} parts
   * @param {() => chrome.runtime.Port} parts.connect
   * @param {() => string | undefined} parts.lastError read inside onDisconnect
   * @param {{version: string, language: import('../shared/types').Language, local?: boolean}} parts.greeting local: the session is to
   *   run in the host's own process
   * @param {{seen: () => Promise<boolean>, remember: () => Promise<void>}} parts.memory whether the host ever answered here
   * @param {{idleMs?: number, helloMs?: number, listenMs?: number}} [parts.times]
   */
  constructor({connect, lastError, greeting, memory, times = {}}) {
    this.#connect = connect;
    this.#lastError = lastError;
    this.#greeting = greeting;
    this.#memory = memory;
    this.#times = {idleMs: times.idleMs ?? IDLE_MS, helloMs: times.helloMs ?? HELLO_MS, listenMs: times.listenMs ?? LISTEN_MS};
  }

  /** Opens the port if needed. @returns {Promise<import('../shared/types').HelloResult>} */
  hello() {
    return this.#use(() => /** @type {Promise<any>} */ (this.#hello));
  }

  /** @param {string} method @param {object} params @param {import('./connection.js').Handlers} [handlers] @returns {Operation} */
  begin(method, params, handlers) {
    const id = crypto.randomUUID();
    let cancelled = false;
    /** @type {Connection | null} */
    let connection = null;
    const done = this.#use(async () => {
      connection = this.#connection;
      await this.#hello;
      if (cancelled) throw new RequestError('cancelled');
      return /** @type {Connection} */ (connection).request(id, method, params, handlers);
    });
    return {
      id,
      done,
      cancel: () => {
        cancelled = true;
        connection?.cancel(id);
      },
      answer: (prompt, answer) => connection?.answer(prompt, answer),
      refuse: (prompt, code) => connection?.refuse(prompt, code),
    };
  }

  /** Keeps a port that the next request opens, and hears of the readers through it. @param {Watcher} watcher @returns {() => void} ends it */
  watch(watcher) {
    this.#watchers.add(watcher);
    this.#hold();
    return () => { if (this.#watchers.delete(watcher)) this.#letGo(); };
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #use(work) {
    this.#hold();
    try {
      this.#open();
      return await work();
    } finally {
      this.#letGo();
    }
  }

  #hold() {
    clearTimeout(this.#idle);
    this.#waiting++;
  }

  #letGo() {
    if (--this.#waiting > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#connection?.close('hostExited'), this.#times.idleMs);
  }

  #open() {
    if (this.#connection) return;
    /** @type {chrome.runtime.Port} */
    let port;
    try {
      port = this.#connect();
    } catch {
      throw new RequestError('internal');
    }
    let greeted = false;
    const connection = new Connection(port, {
      explain: (ended) => this.#explain(ended, greeted),
      onEnd: (error) => {
        if (this.#connection === connection) this.#connection = this.#hello = null;
        for (const watcher of [...this.#watchers]) watcher.onEnd(error);
      },
      onCard: (reader) => { for (const watcher of [...this.#watchers]) watcher.onCard(reader); },
    });
    this.#connection = connection;
    this.#hello = this.#greet(connection);
    this.#hello.then(() => { greeted = true; }, () => {});
    // Each request awaits it and tells its own page; without anybody waiting it is nobody's error.
    this.#hello.catch(() => {});
  }

  /** @param {Connection} connection @returns {Promise<import('../shared/types').HelloResult>} */
  async #greet(connection) {
    const timer = setTimeout(() => connection.close('hostSilent'), this.#times.helloMs);
    try {
      const {version, language, local} = this.#greeting;
      const params = {protocols: PROTOCOLS, extension: {version}, language, ...(local && {local})};
      const hello = await connection.request(crypto.randomUUID(), 'hello', params);
      if (!PROTOCOLS.includes(hello.protocol)) {
        connection.close('hostGarbled');
        throw new RequestError('hostGarbled');
      }
      await this.#memory.remember();
      return hello;
    } catch (error) {
      // A host that refused hello has nothing more to say on this port.
      connection.close(error instanceof RequestError ? error.code : 'internal');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {chrome.runtime.Port} port @param {boolean} greeted */
  async #explain(port, greeted) {
    const text = this.#words(port);
    const code = portFailure(text, await this.#memory.seen(), greeted);
    // Chromium says the same of a host that prints what is no message and of one that ended before hello was written to it.
    return code === 'hostGarbled' && !greeted && await this.#endsByItself() ? 'hostExited' : code;
  }

  /**
   * Chromium gives lastError, Firefox port.error; both must be read before anything is awaited.
   * @param {chrome.runtime.Port} port
   */
  #words(port) {
    const firefox = /** @type {{error?: {message?: string}}} */ (/** @type {unknown} */ (port)).error?.message;
    return this.#lastError() ?? firefox ?? '';
  }

  /** Starts the host once more and writes nothing to it: whether it ends without a word. @returns {Promise<boolean>} */
  async #endsByItself() {
    /** @type {chrome.runtime.Port} */
    let port;
    try {
      port = this.#connect();
    } catch {
      return false; // whoever waits for the first port's reason must have an answer
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        port.disconnect();
        resolve(false);
      }, this.#times.listenMs);
      port.onDisconnect.addListener(() => {
        clearTimeout(timer);
        resolve(portFailure(this.#words(port), true, false) === 'hostExited');
      });
    });
  }
}
