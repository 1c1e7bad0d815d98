// @ts-check
// The Web eID face of the bridge: answers the messages of Web eID's page library, where IT's policy turns that on for the
// origin. Elsewhere it is silent: another extension may be the one that answers.
'use strict';

(() => {
  const world = /** @type {{cardbridgeWebEID?: boolean, cardbridgeTouch?: {at: number}}} */ (globalThis);
  // As in content.js: two would answer twice.
  if (world.cardbridgeWebEID) return;
  world.cardbridgeWebEID = true;

  const ACTIONS = ['web-eid:status', 'web-eid:authenticate', 'web-eid:get-signing-certificate', 'web-eid:sign'];
  const MEMBERS = ['libraryVersion', 'challengeNonce', 'certificate', 'hash', 'hashFunction', 'options'];
  // A certificate of 64 KiB in base64, with the rest.
  const MAX_MESSAGE = 100_000;
  // The library waits this long for an acknowledgement; then it has told its page that there is no extension.
  const ACK_MS = 1000;
  /** The errors that begin here, of which the worker cannot tell. */
  const RELOADED = {
    code: 'ERR_WEBEID_EXTENSION_UNAVAILABLE', name: 'ExtensionUnavailableError', message: 'The extension was just updated or restarted. Reload this page and try again.',
  };
  const LEFT = {
    code: 'ERR_WEBEID_USER_CANCELLED', name: 'UserCancelledError', message: 'The page was left or closed, so the operation ended.',
  };

  /** What policy says of this origin, for the life of the page. @type {'unknown' | 'asking' | 'on' | 'off'} */
  let face = 'unknown';
  /** What came while the answer was not known. @type {Map<string, {message: Record<string, unknown>, at: number}>} */
  const waiting = new Map();
  /** One call of each action at most: Web eID's answers carry no id. @type {Map<string, chrome.runtime.Port>} */
  const open = new Map();

  /** @param {Record<string, unknown>} message */
  function tell(message) {
    window.postMessage(message, self.origin);
  }

  /** @param {string} action @param {{result: object} | {error: object}} outcome */
  function answer(action, outcome) {
    if ('error' in outcome) tell({action: `${action}-failure`, error: outcome.error});
    else tell({...outcome.result, action: `${action}-success`});
  }

  /** @param {string} name @returns {chrome.runtime.Port | null} */
  function connect(name) {
    try {
      return chrome.runtime.connect({name});
    } catch {
      return null; // "Extension context invalidated.": this script outlived its extension
    }
  }

  /** Asks once; a worker that cannot tell (no host yet) is asked again at the next message. */
  function askForFace() {
    if (face === 'asking') return;
    const port = connect('webeid-face');
    if (!port) return;
    face = 'asking';
    port.onMessage.addListener((told) => {
      face = told.on === true ? 'on' : 'off';
      port.disconnect();
      const calls = [...waiting];
      waiting.clear();
      if (face !== 'on') return;
      // Who waited too long has given up: a window now would be nobody's.
      for (const [action, {message, at}] of calls) if (performance.now() - at < ACK_MS) begin(action, message);
    });
    port.onDisconnect.addListener(() => {
      void chrome.runtime?.lastError;
      if (face === 'asking') face = 'unknown';
      waiting.clear();
    });
  }

  /** The members that Web eID knows, as plain JSON of bounded size. @param {Record<string, unknown>} message */
  function bounded(message) {
    const known = Object.fromEntries(MEMBERS.filter((name) => Object.hasOwn(message, name)).map((name) => [name, message[name]]));
    try {
      const text = JSON.stringify(known);
      return text.length <= MAX_MESSAGE ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  /** @param {string} action @param {Record<string, unknown>} message */
  function begin(action, message) {
    tell({action: `${action}-ack`});
    // The answer to the first is the answer to all: a failure of the second would end the first one too.
    if (open.has(action)) return;
    const port = connect('webeid');
    if (!port) return answer(action, {error: RELOADED});
    open.set(action, port);
    port.onMessage.addListener((outcome) => {
      open.delete(action);
      port.disconnect();
      answer(action, outcome);
    });
    port.onDisconnect.addListener(() => {
      void chrome.runtime?.lastError;
      if (open.delete(action)) answer(action, {error: RELOADED});
    });
    const touchedAt = world.cardbridgeTouch?.at ?? 0;
    port.postMessage({action, message: bounded(message), touched: touchedAt > 0 || navigator.userActivation?.hasBeenActive === true, touchedAt});
  }

  window.addEventListener('message', (event) => {
    if (face === 'off' || event.source !== window || event.origin !== self.origin) return;
    const message = event.data;
    // By its tag: in Firefox the prototype is the page's, not ours.
    if (Object.prototype.toString.call(message) !== '[object Object]' || !Object.hasOwn(message, 'action')) return;
    const {action} = message;
    if (!ACTIONS.includes(action)) return;
    if (face === 'on') begin(action, message);
    else {
      waiting.set(action, {message, at: performance.now()});
      askForFace();
    }
  });

  window.addEventListener('pagehide', () => {
    for (const [action, port] of [...open]) {
      open.delete(action);
      port.disconnect();
      // A page that comes back from the back/forward cache still waits for its answer.
      answer(action, {error: LEFT});
    }
  });
})();
