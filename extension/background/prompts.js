// The windows in which the host's prompts are shown; one for each operation, and the way back of its answers.
import {checkAnswer} from '../shared/envelope.js';
import {STATE_ACTIONS} from '../shared/messages.js';

const PAGE = 'prompt/prompt.html';
const SIZE = {width: 560, height: 720};
// A laptop of 1366 x 768 at 125 % has about this much.
const LEAST_HEIGHT = 560;
const SIZE_AT_ORIGIN = {left: 0, top: 0, ...SIZE};

/** @typedef {import('../shared/types').Prompt} Prompt */
/** @typedef {import('../shared/types').Answer} Answer */

/**
 * @typedef {object} Listener
 * @property {(prompt: string, answer: Answer) => void} onAnswer of the prompt that is open
 * @property {(prompt: string | null) => void} onDeclined the person closed the window; null while nothing was asked
 * @property {(prompt: string) => void} onFailed the window cannot be shown
 */

export class PromptWindow {
  /** Names the window to its worker: only this worker knows it, so one that restarted drops an old window. */
  token = crypto.randomUUID();
  /** @type {{id: string, prompt: Prompt} | null} the prompt that waits for its answer */
  #open = null;
  /** @type {import('../shared/types').ToWindow | null} what a window that connects later must show */
  #latest = null;
  /** @type {number | undefined} */
  #windowId;
  #opened = false;
  #closed = false;
  /** @type {chrome.runtime.Port | null} */
  #port = null;
  #windows;
  #over;
  #url;
  #listener;

  /**
   * @param {typeof chrome.windows} windows @param {string} url of the prompt page
   * @param {number | undefined} over the browser window that it belongs to @param {Listener} listener
   */
  constructor(windows, url, over, listener) {
    this.#windows = windows;
    this.#url = url;
    this.#over = over;
    this.#listener = listener;
  }

  /** Shows a prompt in place of whatever the window shows. @param {string} id @param {Prompt} prompt */
  show(id, prompt) {
    if (this.#open) this.#listener.onAnswer(this.#open.id, {action: 'replaced'});
    this.#open = {id, prompt};
    this.#tell({show: id, prompt});
    if (!this.#opened) this.#create().catch(() => this.#fail());
    else if (this.#windowId !== undefined) this.#windows.update(this.#windowId, {focused: true}).catch(() => {});
  }

  /** @param {import('../shared/types').Progress} state */
  progress(state) {
    if (this.#open || !this.#opened) return;
    this.#tell({progress: state});
  }

  /** The operation is over. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#open = null;
    this.#port?.disconnect();
    if (this.#windowId !== undefined) this.#windows.remove(this.#windowId).catch(() => {});
  }

  /** The window is there. @param {chrome.runtime.Port} port */
  connect(port) {
    if (this.#closed || this.#port) {
      port.disconnect();
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => this.#receive(message));
    port.onDisconnect.addListener(() => this.declined());
    if (this.#latest) port.postMessage(this.#latest);
  }

  /** @param {number} windowId */
  removed(windowId) {
    if (windowId === this.#windowId) this.declined();
  }

  declined() {
    if (this.#closed) return;
    const prompt = this.#open?.id ?? null;
    this.close();
    this.#listener.onDeclined(prompt);
  }

  /** @param {import('../shared/types').ToWindow} message */
  #tell(message) {
    // The host may still report progress when the person has closed the window already.
    if (this.#closed) return;
    this.#latest = message;
    this.#port?.postMessage(message);
  }

  /** @param {any} message of the prompt page */
  #receive(message) {
    const open = this.#open;
    // An answer to a prompt that was replaced meanwhile: the person saw another question.
    if (!open || message?.prompt !== open.id) return;
    const answer = checkAnswer(message.answer);
    if (![...STATE_ACTIONS[open.prompt.state], 'cancel', 'timeout'].includes(answer.action)) return;
    this.#open = null;
    this.#latest = {progress: 'reading'};
    this.#listener.onAnswer(open.id, answer);
  }

  #fail() {
    const prompt = this.#open?.id;
    this.close();
    if (prompt !== undefined) this.#listener.onFailed(prompt);
  }

  async #create() {
    this.#opened = true;
    const place = await this.#place();
    const created = await this.#windows.create({url: `${this.#url}?${this.token}`, type: 'popup', focused: true, ...place});
    if (created?.id === undefined) throw new Error('no window');
    this.#windowId = created.id;
    if (this.#closed) this.#windows.remove(created.id).catch(() => {});
  }

  /** The middle of the window of the page, so that it is not found behind it; no higher than that window on a small screen. */
  async #place() {
    if (this.#over === undefined) return SIZE;
    const {left = 0, top = 0, width = SIZE.width, height = SIZE.height} = await this.#windows.get(this.#over).catch(() => SIZE_AT_ORIGIN);
    const size = {...SIZE, height: Math.min(SIZE.height, Math.max(LEAST_HEIGHT, height))};
    return {
      ...size,
      left: Math.max(0, Math.round(left + (width - size.width) / 2)),
      top: Math.max(0, Math.round(top + (height - size.height) / 2)),
    };
  }
}

/** The prompt windows that are open. */
export class PromptWindows {
  /** @type {Map<string, PromptWindow>} by token */
  #all = new Map();
  #windows;
  #url;

  /** @param {{windows: typeof chrome.windows, getURL: (path: string) => string}} browser */
  constructor({windows, getURL}) {
    this.#windows = windows;
    this.#url = getURL(PAGE);
    windows?.onRemoved.addListener((id) => this.#all.forEach((window) => window.removed(id)));
  }

  /** @param {number | undefined} over @param {Listener} listener */
  create(over, listener) {
    const window = new PromptWindow(this.#windows, this.#url, over, listener);
    this.#all.set(window.token, window);
    return window;
  }

  /** @param {PromptWindow} window */
  forget(window) {
    window.close();
    this.#all.delete(window.token);
  }

  /** A prompt page asks for its prompt; one of an earlier worker is sent away. @param {chrome.runtime.Port} port */
  connect(port) {
    const url = port.sender?.url ?? '';
    const window = url.startsWith(`${this.#url}?`) ? this.#all.get(url.slice(this.#url.length + 1)) : undefined;
    if (window) window.connect(port);
    else port.disconnect();
  }
}
