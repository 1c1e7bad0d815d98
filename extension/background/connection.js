// One native port from hello to its end: requests out, answers checked, the host's prompts and progress handed on.
import {ERRORS} from '../shared/errors.js';
import {fromHost} from '../shared/envelope.js';
import {RESULTS} from '../shared/messages.js';
import {RequestError} from './failures.js';

/**
 * @typedef {object} Handlers
 * @property {(prompt: string, params: import('../shared/types').Prompt) => void} [onPrompt]
 * @property {(state: import('../shared/types').Progress) => void} [onProgress]
 *
 * @typedef {object} Pending
 * @property {string} method
 * @property {number | undefined} documents how many a sign has
 * @property {Handlers} handlers
 * @property {(result: any) => void} resolve
 * @property {(error: RequestError) => void} reject
 */

export class Connection {
  /** @type {Map<string, Pending>} */
  #pending = new Map();
  /** @type {Set<string>} the host's requests that are not answered yet */
  #prompts = new Set();
  #port;
  #onEnd;
  #onCard;
  /** @type {RequestError | null} why it ended, for those who come late */
  #failure = null;
  ended = false;

  /**
   * @param {chrome.runtime.Port} port
   * @param {{explain: (port: chrome.runtime.Port) => Promise<string>, onEnd: (error: RequestError) => void,
   *   onCard?: (reader: import('../shared/types').ReaderChange) => void}} events
   *   explain: why the browser closed the port, as a code; called inside onDisconnect, where lastError still stands
   */
  constructor(port, {explain, onEnd, onCard = () => {}}) {
    this.#port = port;
    this.#onEnd = onEnd;
    this.#onCard = onCard;
    port.onMessage.addListener((message) => this.#receive(message));
    port.onDisconnect.addListener(async () => {
      if (this.ended) return;
      this.ended = true;
      const code = await explain(port);
      this.#finish(new RequestError(code));
    });
  }

  /** @param {string} id @param {string} method @param {object} params @param {Handlers} [handlers] @returns {Promise<any>} */
  request(id, method, params, handlers = {}) {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const {documents} = /** @type {{documents?: unknown[]}} */ (params);
      this.#pending.set(id, {method, documents: documents?.length, handlers, resolve, reject});
      this.#send({id, method, params});
    });
  }

  /** @param {string} id */
  cancel(id) {
    if (this.#pending.has(id)) this.#send({method: 'cancel', params: {id}});
  }

  /** @param {string} prompt @param {import('../shared/types').Answer} answer */
  answer(prompt, answer) {
    if (this.#prompts.delete(prompt)) this.#send({id: prompt, result: answer});
  }

  /** @param {string | null} id @param {string} code */
  refuse(id, code) {
    if (id !== null && !this.#prompts.delete(id)) return;
    const {number, who, en} = ERRORS[code];
    this.#send({id, error: {code: number, message: en.message, data: {code, who}}});
  }

  /** Ends the port from our side. @param {string} code for those who still wait */
  close(code) {
    if (this.ended) return;
    this.ended = true;
    this.#port.disconnect();
    this.#finish(new RequestError(code));
  }

  /** @param {RequestError} error */
  #finish(error) {
    this.#failure = error;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#prompts.clear();
    this.#onEnd(error);
    for (const {reject} of waiting) reject(error);
  }

  /** @param {object} message */
  #send(message) {
    if (this.ended) return;
    this.#port.postMessage({jsonrpc: '2.0', ...message});
  }

  /** @param {unknown} message */
  #receive(message) {
    if (this.ended) return;
    try {
      const envelope = fromHost(message);
      if (envelope.type === 'result') this.#onResult(envelope.id, envelope.result);
      else if (envelope.type === 'error') this.#onError(envelope.id, envelope.error.data);
      else if (envelope.method === 'prompt') this.#onPrompt(String(envelope.id), envelope.params);
      else if (envelope.method === 'card') this.#onCard({name: envelope.params.reader, state: envelope.params.state});
      else if (envelope.method === 'progress') this.#pending.get(envelope.params.operation)?.handlers.onProgress?.(envelope.params.state);
    } catch (error) {
      // Only the place is told, never a value.
      console.warn('CardBridge: the host sent a message that does not follow the protocol:', /** @type {Error} */ (error).message);
      this.close('hostGarbled');
    }
  }

  /** @param {string} id */
  #take(id) {
    const pending = this.#pending.get(id);
    if (!pending) throw new Error('an answer to nothing');
    return pending;
  }

  /** @param {string} id @param {unknown} result */
  #onResult(id, result) {
    const pending = this.#take(id);
    RESULTS[pending.method](result, `${pending.method} result`);
    if (/** @type {any} */ (result).items?.length !== pending.documents) throw new Error('not one item for each document');
    this.#pending.delete(id);
    pending.resolve(result);
  }

  /** @param {string | null} id @param {import('../shared/types').Failure} data */
  #onError(id, data) {
    if (id === null) {
      // The host could not read something of ours; whose answer it is nobody can tell.
      console.warn('CardBridge: the host refused a message:', data.code);
      this.close(Object.hasOwn(ERRORS, data.code) ? data.code : 'internal');
      return;
    }
    const pending = this.#take(id);
    this.#pending.delete(id);
    pending.reject(new RequestError(data));
  }

  /** @param {string} id @param {import('../shared/types').Prompt} params */
  #onPrompt(id, params) {
    if (this.#prompts.has(id)) {
      this.refuse(null, 'duplicateId');
      return;
    }
    this.#prompts.add(id);
    const onPrompt = this.#pending.get(params.operation)?.handlers.onPrompt;
    if (onPrompt) onPrompt(id, params);
    else this.refuse(id, 'promptFailed');
  }
}
