// Marionette, the remote protocol that Firefox itself brings: frames "length:[type, id, name, params]" over loopback TCP. No
// package is needed for it, and unlike WebDriver BiDi's clients it shows the extension's own windows too.
import {createConnection} from 'node:net';

const EOF = new Error('Firefox closed its Marionette connection');

export class Marionette {
  #socket;
  #buffer = Buffer.alloc(0);
  #next = 1;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #pending = new Map();
  /** Commands about one window follow each other undisturbed: Marionette has one current window. */
  #queue = Promise.resolve();

  /** @param {number} port */
  constructor(port) {
    this.#socket = createConnection({host: '127.0.0.1', port});
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      for (const {reject} of this.#pending.values()) reject(EOF);
      this.#pending.clear();
    });
  }

  /** @param {string} name @param {object} [params] @returns {Promise<any>} */
  send(name, params = {}) {
    if (this.#socket.destroyed) return Promise.reject(EOF);
    const id = this.#next++;
    const body = JSON.stringify([0, id, name, params]);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {resolve, reject});
      this.#socket.write(`${Buffer.byteLength(body)}:${body}`);
    });
  }

  /** @template T @param {() => Promise<T>} work several commands that nothing may come between @returns {Promise<T>} */
  exclusively(work) {
    const done = this.#queue.then(work);
    this.#queue = done.then(() => {}, () => {});
    return done;
  }

  end() {
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const colon = this.#buffer.indexOf(':');
      const end = colon + 1 + Number(this.#buffer.subarray(0, Math.max(colon, 0)).toString());
      if (colon < 0 || this.#buffer.length < end) return;
      const message = JSON.parse(this.#buffer.subarray(colon + 1, end).toString());
      this.#buffer = this.#buffer.subarray(end);
      if (Array.isArray(message)) this.#settle(message); // else the greeting
    }
  }

  /** @param {[number, number, {error: string, message: string} | null, any]} message */
  #settle([, id, error, result]) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) pending?.reject(Object.assign(new Error(`${error.error}: ${error.message}`), {code: error.error}));
    else pending?.resolve(result);
  }
}
