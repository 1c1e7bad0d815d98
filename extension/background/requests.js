// One request of a page: admitted, sent to the host, its prompts shown, its answer taken back.
import {PAGE_PARAMS} from '../shared/messages.js';
import {checkParams} from '../shared/envelope.js';
import {isRecord} from '../shared/schema.js';
import {explain, explainResult} from './explain.js';
import {RequestError, failureOf} from './failures.js';
import {admit} from './sender.js';

// They open a window: one for each tab.
const WITH_WINDOW = new Set(['authenticate', 'sign', 'signRaw']);
const REFUSALS = new Set(['userCancelled', 'userTimeout']);
// Notices of a prompt and codes of an error that tell of a PIN that was not right, or may not have been.
const SPENT = new Set(['wrongPIN', 'outcomeUnknown', 'pinLocked', 'pinOutcomeUnknown']);

/**
 * @typedef {object} Rooms
 * @property {import('./hostlink.js').HostLink} host
 * @property {import('./prompts.js').PromptWindows} prompts
 * @property {import('./documents.js').Documents} documents
 */

export class Requests {
  /** @type {Map<number, Request>} the request with a window that runs in a tab */
  #running = new Map();
  #rooms;

  /** @param {Rooms} rooms */
  constructor(rooms) {
    this.#rooms = rooms;
  }

  /** @param {chrome.runtime.Port} port of a content script; it carries one request */
  accept(port) {
    const request = new Request(port, this.#rooms);
    port.onMessage.addListener((message) => {
      if (isRecord(message) && message.cancel === true) request.cancelled();
      else if (!request.started) this.#run(request, message);
    });
    port.onDisconnect.addListener(() => request.left());
  }

  /** @param {Request} request @param {unknown} message */
  async #run(request, message) {
    request.started = true;
    /** @type {number | undefined} */
    let tab;
    try {
      const asker = admit(request.port.sender);
      const {method, params, touched, touchedAt} = readMessage(message);
      if (WITH_WINDOW.has(method) || params.choose === true) {
        // One that was taken back is over for the person, though the host has still to say so.
        if (this.#running.get(asker.tabId)?.active) throw new RequestError('promptOpen');
        this.#running.set(tab = asker.tabId, request);
      }
      const memory = await this.#rooms.documents.recall(asker.document);
      if (method !== 'status' && (!touched || touchedAt <= (memory.refusedAt ?? -1))) throw new RequestError('touchRequired');
      if (memory.pinSpent) delete params.pin;
      request.finish({result: explainResult(await request.perform(asker, method, params))});
    } catch (error) {
      request.finish({error: explain(failureOf(error))});
    } finally {
      if (tab !== undefined && this.#running.get(tab) === request) this.#running.delete(tab);
    }
  }
}

/** @param {unknown} message of the content script */
function readMessage(message) {
  if (!isRecord(message) || typeof message.method !== 'string') throw new RequestError('invalidParams');
  const {method, params, touched, touchedAt} = message;
  if (!Object.hasOwn(PAGE_PARAMS, method)) throw new RequestError('unknownMethod');
  checkParams(PAGE_PARAMS, method, params);
  return {
    method,
    params: /** @type {Record<string, unknown>} */ ({.../** @type {object} */ (params)}),
    touched: touched === true,
    touchedAt: typeof touchedAt === 'number' ? touchedAt : 0,
  };
}

class Request {
  started = false;
  /** @type {import('./hostlink.js').Operation | null} */
  #operation = null;
  /** @type {import('./prompts.js').PromptWindow | null} */
  #window = null;
  /** @type {'cancelled' | 'userCancelled' | null} who ended it on our side */
  #ending = null;
  #gone = false;
  #rooms;

  /** @param {chrome.runtime.Port} port @param {Rooms} rooms */
  constructor(port, rooms) {
    this.port = port;
    this.#rooms = rooms;
  }

  get active() {
    return !this.#ending && !this.#gone;
  }

  /**
   * @param {import('./sender.js').Asker} asker @param {string} method @param {Record<string, unknown>} params
   * @returns {Promise<unknown>}
   */
  async perform(asker, method, params) {
    if (!this.active) throw new RequestError(this.#ending ?? 'pageLeft');
    const {host, documents} = this.#rooms;
    const fromPage = Object.hasOwn(params, 'pin');
    // Stays so when the person then types the right one.
    let wrong = false;
    const operation = host.begin(method, {...params, origin: asker.origin}, {
      onPrompt: (id, prompt) => {
        if (SPENT.has(prompt.notice ?? '')) {
          wrong = true;
          void documents.pinSpent(asker.document, true);
        }
        this.#ask(asker, id, prompt);
      },
      onProgress: (state) => {
        // From here on the card may have seen the PIN: it is not passed again unless this succeeds.
        if (fromPage && state === 'verifying') void documents.pinSpent(asker.document, true);
        this.#window?.progress(state);
        if (!this.#gone) this.port.postMessage({progress: state});
      },
    });
    // The host has the PIN now; what is left of it here goes with the message.
    delete params.pin;
    this.#operation = operation;
    try {
      const result = await operation.done;
      if (fromPage && !wrong) await documents.pinSpent(asker.document, false);
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'cancelled' && this.#ending) failure.code = this.#ending;
      if (failure.code === 'userCancelled') failure.who = 'person';
      if (REFUSALS.has(failure.code)) await documents.refused(asker.document);
      if (SPENT.has(failure.code)) await documents.pinSpent(asker.document, true);
      throw new RequestError(failure);
    }
  }

  /** @param {import('./sender.js').Asker} asker @param {string} id @param {import('../shared/types').Prompt} prompt */
  #ask(asker, id, prompt) {
    const operation = /** @type {import('./hostlink.js').Operation} */ (this.#operation);
    // A prompt that crossed our cancel; the host will hear of that next.
    if (!this.active) return operation.answer(id, {action: 'cancel'});
    if (prompt.origin !== asker.origin) return operation.refuse(id, 'promptFailed');
    this.#window ??= this.#rooms.prompts.create(asker.windowId, {
      onAnswer: (open, answer) => operation.answer(open, answer),
      onDeclined: (open) => {
        // Before this request counts as over: the page's next one must already meet the refusal.
        void this.#rooms.documents.refused(asker.document);
        this.#ending = 'userCancelled';
        if (open !== null) operation.answer(open, {action: 'cancel'});
        else operation.cancel();
      },
      onFailed: (open) => operation.refuse(open, 'promptFailed'),
    });
    this.#window.show(id, prompt);
  }

  /** The page took its request back. */
  cancelled() {
    this.#ending ??= 'cancelled';
    this.#end();
  }

  /** The page went away, or its content script has its answer. */
  left() {
    this.#gone = true;
    this.#end();
  }

  #end() {
    this.#operation?.cancel();
    this.#closeWindow();
  }

  #closeWindow() {
    if (this.#window) this.#rooms.prompts.forget(this.#window);
  }

  /** @param {{result: unknown} | {error: import('../shared/types').Failure}} outcome */
  finish(outcome) {
    this.#closeWindow();
    if (!this.#gone) this.port.postMessage(outcome);
  }
}
