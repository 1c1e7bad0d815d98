// The sites that the person added: the granted optional hosts, and the content script on them.
import {builtInPatterns} from '../shared/sites.js';

const SCRIPT = 'added-sites';
const FILES = ['content/content.js', 'content/webeid.js'];

export class Sites {
  #browser;
  /** @type {Promise<void>} */
  #queue = Promise.resolve();

  /** @param {typeof chrome} browser */
  constructor(browser) {
    this.#browser = browser;
  }

  /** @returns {Promise<string[]>} match patterns */
  async list() {
    const {origins = []} = await this.#browser.permissions.getAll();
    const known = new Set(builtInPatterns(this.#browser.runtime.getManifest()));
    return origins.filter((pattern) => !known.has(pattern)).sort();
  }

  /** Registers the content script on what is granted now; an update of the extension had dropped it. */
  sync() {
    this.#queue = this.#queue.then(() => this.#sync()).catch((error) => console.warn('CardBridge: sites:', String(error)));
    return this.#queue;
  }

  /** Pages of a new site that are open already need no reload. @param {string[]} patterns */
  async added(patterns) {
    await this.sync();
    for (const tab of await this.#browser.tabs.query({url: patterns})) {
      const target = {tabId: /** @type {number} */ (tab.id), allFrames: true};
      await this.#browser.scripting.executeScript({target, files: FILES}).catch(() => {});
    }
  }

  async #sync() {
    const {scripting} = this.#browser;
    const matches = await this.list();
    const registered = (await scripting.getRegisteredContentScripts({ids: [SCRIPT]})).length > 0;
    if (matches.length === 0) {
      if (registered) await scripting.unregisterContentScripts({ids: [SCRIPT]});
      return;
    }
    /** @type {chrome.scripting.RegisteredContentScript} */
    const script = {id: SCRIPT, matches, js: FILES, runAt: 'document_start', allFrames: true};
    if (registered) await scripting.updateContentScripts([script]);
    else await scripting.registerContentScripts([script]);
  }
}
