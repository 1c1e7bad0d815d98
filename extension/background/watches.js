// Pages that hear of the readers: each is told all of them at first, and again after every change.
import {explain} from './explain.js';
import {RequestError, failureOf} from './failures.js';
import {admit} from './sender.js';

/** @typedef {import('../shared/types').Reader} Reader */
/** @typedef {import('../shared/types').ReaderChange} ReaderChange */

export class Watches {
  #host;

  /** @param {import('./hostlink.js').HostLink} host */
  constructor(host) {
    this.#host = host;
  }

  /** @param {chrome.runtime.Port} port of a content script; it carries one watch, until either side ends it */
  accept(port) {
    const watch = new Watch(port, this.#host);
    port.onMessage.addListener(() => watch.end(new RequestError('cancelled')));
    port.onDisconnect.addListener(() => watch.end(null));
    void watch.run();
  }
}

class Watch {
  /** @type {Map<string, Reader> | null} null before the host has told them all */
  #readers = null;
  /** What changed before that. @type {ReaderChange[]} */
  #early = [];
  #over = false;
  #release = () => {};
  #port;
  #host;

  /** @param {chrome.runtime.Port} port @param {import('./hostlink.js').HostLink} host */
  constructor(port, host) {
    this.#port = port;
    this.#host = host;
  }

  async run() {
    try {
      const {origin} = admit(this.#port.sender);
      // Before the readers are asked for, so that no change falls between.
      this.#release = this.#host.watch({onCard: (reader) => this.#changed(reader), onEnd: (error) => this.end(error)});
      const {readers, code} = await this.#host.begin('status', {origin}).done;
      if (!readers) throw new RequestError(code ?? 'originNotAllowed');
      if (this.#over) return;
      this.#readers = new Map(readers.map((/** @type {Reader} */ reader) => [reader.name, reader]));
      this.#early.forEach((reader) => this.#apply(reader));
      this.#tell();
    } catch (error) {
      this.end(error);
    }
  }

  /** @param {ReaderChange} reader */
  #changed(reader) {
    if (!this.#readers) {
      this.#early.push(reader);
      return;
    }
    this.#apply(reader);
    this.#tell();
  }

  /** @param {ReaderChange} reader */
  #apply({name, state}) {
    const readers = /** @type {Map<string, Reader>} */ (this.#readers);
    if (state === 'gone') readers.delete(name);
    else readers.set(name, {name, state});
  }

  #tell() {
    this.#port.postMessage({readers: [.../** @type {Map<string, Reader>} */ (this.#readers).values()]});
  }

  /** @param {unknown} error null: nobody is there to be told */
  end(error) {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    if (error) this.#port.postMessage({error: explain(failureOf(error))});
  }
}
