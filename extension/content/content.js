// @ts-check
// The bridge between a page's SDK and the service worker: it acknowledges, bounds and passes on; every decision is the worker's.
'use strict';

(() => {
  const world = /** @type {{cardbridgeBridge?: boolean, cardbridgeTouch?: {at: number}}} */ (globalThis);
  // The person may add a site whose pages hold the bridge already; two would answer twice.
  if (world.cardbridgeBridge) return;
  world.cardbridgeBridge = true;

  const MAX_REQUESTS = 32;
  const MAX_PARAMS = 16384;
  // Documents by value, 512 KiB in base64, with their titles.
  const MAX_SIGN_PARAMS = 720_000;
  const MAX_REMEMBERED = 256;
  const ID = /^[A-Za-z0-9_-]{1,64}$/;
  const METHODS = ['status', 'certificates', 'authenticate', 'sign', 'signRaw', 'watch'];
  const MEMBERS = ['cardbridge', 'id', 'method', 'params'];
  /** The errors that begin here; a test holds them against protocol/errors.json. @type {Record<string, string>} */
  const WHO = {
    invalidParams: 'developer', unknownMethod: 'developer', tooManyRequests: 'developer', pageLeft: 'person', extensionReloaded: 'person',
  };

  const version = chrome.runtime.getManifest().version;
  /** @type {Map<string, chrome.runtime.Port>} */
  const open = new Map();
  /** The request that hears of the readers; one for a page. */
  let watching = '';
  /** Ids that were answered: the SDK repeats a message until it is acknowledged. @type {Set<string>} */
  const answered = new Set();
  // Also webeid.js's, which is loaded after this file.
  const touch = world.cardbridgeTouch = {at: 0};

  /** @param {Record<string, unknown>} message */
  function tell(message) {
    // An opaque origin has no name to address; the message stays in this window all the same.
    window.postMessage(message, self.origin === 'null' ? '*' : self.origin);
  }

  /** @param {string} id @param {Record<string, unknown>} outcome {result} or {error} */
  function answer(id, outcome) {
    answered.add(id);
    if (answered.size > MAX_REMEMBERED) answered.delete(/** @type {string} */ (answered.values().next().value));
    tell({cardbridge: 'response', id, ...outcome});
  }

  /** @param {string} id @param {string} code */
  function refuse(id, code) {
    answer(id, {error: {code, who: WHO[code]}});
  }

  /** @param {unknown} value @returns {value is Record<string, unknown>} */
  function isRecord(value) {
    // By its tag: in Firefox the prototype is the page's, not ours.
    return Object.prototype.toString.call(value) === '[object Object]';
  }

  /** A copy that is plain JSON and of bounded size. @param {unknown} params @param {number} max @returns {Record<string, unknown> | null} */
  function bounded(params, max) {
    if (!isRecord(params)) return null;
    try {
      const text = JSON.stringify(params);
      return text.length <= max ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  /** @param {string} id @param {chrome.runtime.Port} port @param {any} message from the worker */
  function onWorkerMessage(id, port, message) {
    if ('progress' in message) {
      tell({cardbridge: 'progress', id, state: message.progress});
      return;
    }
    if ('readers' in message) {
      tell({cardbridge: 'readers', id, readers: message.readers});
      return;
    }
    open.delete(id);
    port.disconnect();
    answer(id, 'error' in message ? {error: message.error} : {result: message.result});
  }

  /** @param {string} id @param {string} method @param {Record<string, unknown>} params */
  function forward(id, method, params) {
    let port;
    try {
      // One port for each request: the browser then names the sender as it is now, not as it was when the page began.
      port = chrome.runtime.connect({name: method === 'watch' ? 'watch' : 'request'});
    } catch {
      // "Extension context invalidated.": this script outlived its extension.
      refuse(id, 'extensionReloaded');
      return;
    }
    open.set(id, port);
    port.onMessage.addListener((message) => onWorkerMessage(id, port, message));
    port.onDisconnect.addListener(() => {
      void chrome.runtime?.lastError;
      if (open.delete(id)) refuse(id, 'extensionReloaded');
    });
    if (method === 'watch') return;
    const activation = navigator.userActivation;
    port.postMessage({method, params, touched: touch.at > 0 || activation?.hasBeenActive === true, touchedAt: touch.at});
  }

  /** Hears of the readers while the page is seen. @param {string} id @param {Record<string, unknown>} params */
  function watch(id, params) {
    if (Object.keys(params).length > 0) refuse(id, 'invalidParams');
    else if (open.has(watching)) refuse(id, 'tooManyRequests');
    else if (document.visibilityState !== 'visible') answer(id, {result: {}});
    else {
      watching = id;
      forward(id, 'watch', params);
    }
  }

  document.addEventListener('visibilitychange', () => {
    const port = open.get(watching);
    if (!port || document.visibilityState === 'visible') return;
    open.delete(watching);
    port.disconnect();
    answer(watching, {result: {}});
  });

  /** @param {string} id @param {Record<string, unknown>} params */
  function cancel(id, params) {
    const target = Object.hasOwn(params, 'id') ? params.id : undefined;
    if (typeof target !== 'string' || !ID.test(target) || Object.keys(params).length !== 1) {
      refuse(id, 'invalidParams');
      return;
    }
    open.get(target)?.postMessage({cancel: true});
    answer(id, {result: {}});
  }

  /** @param {string} id @param {Record<string, unknown>} message */
  function receive(id, message) {
    const {method} = message;
    const params = bounded(message.params ?? {}, method === 'sign' ? MAX_SIGN_PARAMS : MAX_PARAMS);
    if (Object.keys(message).some((name) => !MEMBERS.includes(name)) || !params) refuse(id, 'invalidParams');
    else if (method === 'cancel') cancel(id, params);
    else if (typeof method !== 'string' || !METHODS.includes(method)) refuse(id, 'unknownMethod');
    else if (open.size >= MAX_REQUESTS) refuse(id, 'tooManyRequests');
    else if (method === 'watch') watch(id, params);
    else forward(id, method, params);
  }

  window.addEventListener('message', (event) => {
    if (event.source !== window || event.origin !== self.origin || !isRecord(event.data)) return;
    const message = event.data;
    if (!Object.hasOwn(message, 'cardbridge') || message.cardbridge !== 'request') return;
    const id = Object.hasOwn(message, 'id') ? message.id : undefined;
    if (typeof id !== 'string' || !ID.test(id)) return;
    tell({cardbridge: 'ack', id, version});
    if (!open.has(id) && !answered.has(id)) receive(id, message);
  });

  for (const type of ['pointerdown', 'keydown', 'click']) {
    window.addEventListener(type, (event) => {
      const closing = event instanceof KeyboardEvent && event.key === 'Escape';
      if (event.isTrusted && !closing) touch.at = Date.now();
    }, {capture: true, passive: true});
  }

  window.addEventListener('pagehide', () => {
    for (const [id, port] of [...open]) {
      open.delete(id);
      port.disconnect();
      // A page that comes back from the back/forward cache still waits for its answer.
      refuse(id, 'pageLeft');
    }
  });
})();
