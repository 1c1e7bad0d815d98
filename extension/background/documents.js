// What is remembered of a page load: that the person refused, that a PIN of the page's was wrong.

const LIMIT = 200;
const KEY = 'documents';

/** @typedef {{refusedAt?: number, pinSpent?: boolean, at: number}} Memory */

/** Kept in session storage (memory only), since the worker may stop between two requests of one page. */
export class Documents {
  #area;
  #now;
  /** @type {Promise<unknown>} writes follow each other */
  #queue = Promise.resolve();

  /** @param {Pick<chrome.storage.StorageArea, 'get' | 'set'>} area @param {() => number} [now] */
  constructor(area, now = Date.now) {
    this.#area = area;
    this.#now = now;
  }

  /** @param {string} document @returns {Promise<Memory>} */
  async recall(document) {
    await this.#queue;
    return (await this.#all())[document] ?? {at: 0};
  }

  /** @param {string} document */
  refused(document) {
    return this.#change(document, {refusedAt: this.#now()});
  }

  /** @param {string} document @param {boolean} spent true from the moment the card may see the page's PIN, false again after success */
  pinSpent(document, spent) {
    return this.#change(document, {pinSpent: spent});
  }

  /** @returns {Promise<Record<string, Memory>>} */
  async #all() {
    return /** @type {any} */ ((await this.#area.get(KEY))[KEY]) ?? {};
  }

  /** @param {string} document @param {Partial<Memory>} change @returns {Promise<void>} */
  #change(document, change) {
    const write = this.#queue.then(async () => {
      const all = await this.#all();
      all[document] = {...all[document], ...change, at: this.#now()};
      const oldest = Object.keys(all).sort((a, b) => all[a].at - all[b].at).slice(0, -LIMIT);
      for (const name of oldest) delete all[name];
      await this.#area.set({[KEY]: all});
    });
    this.#queue = write.catch(() => {});
    return write;
  }
}
