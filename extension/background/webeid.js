// The Web eID face in the worker: whether it is on for an origin, and a call of Web eID's as a request of ours.
import {isRecord} from '../shared/schema.js';
import {languageOf, signatureAlgorithm, spokenVersion, supportedAlgorithms, versionFailure, webEIDError, webEIDFailure} from '../shared/webeid.js';
import {RequestError, failureOf} from './failures.js';
import {admit, checkOrigin} from './sender.js';

// A page waits one second for its acknowledgement. Where the host needs longer to say (a virus scanner looks at it first),
// an origin that had the face before is taken to have it still: what it then asks for, the host judges all the same.
const PATIENCE_MS = 400;
const KEY = 'webEIDOrigins';
const MAX_ORIGINS = 64;
// Web eID's time for the person, and the longest that a page may give.
const PERSON_MS = 120_000;
const MAX_PERSON_MS = 600_000;

/** @typedef {{result: object} | {error: import('../shared/webeid.js').WebEIDFailure}} Outcome */
/** @typedef {{method: string, params: object, read: (result: any) => object}} Translation */

/** A failure in Web eID's words. */
class WebEIDRefusal extends Error {
  /** @param {import('../shared/webeid.js').WebEIDFailure} failure */
  constructor(failure) {
    super(failure.code);
    this.failure = failure;
  }
}

export class WebEID {
  #host;
  #requests;
  #area;
  #version;
  #patience;
  /** @type {Promise<unknown>} writes follow each other */
  #writes = Promise.resolve();

  /**
   * @param {object} parts
   * @param {import('./hostlink.js').HostLink} parts.host
   * @param {import('./requests.js').Requests} parts.requests
   * @param {Pick<chrome.storage.StorageArea, 'get' | 'set'>} parts.area where origins that had the face are kept
   * @param {string} parts.version the extension's
   * @param {number} [parts.patienceMs]
   */
  constructor({host, requests, area, version, patienceMs = PATIENCE_MS}) {
    this.#host = host;
    this.#requests = requests;
    this.#area = area;
    this.#version = version;
    this.#patience = patienceMs;
  }

  /** Tells a content script whether its origin has the face, or hangs up when nobody can tell. @param {chrome.runtime.Port} port */
  async face(port) {
    let gone = false;
    port.onDisconnect.addListener(() => { gone = true; });
    const on = await this.#isOn(port.sender?.origin).catch(() => undefined);
    if (gone) return;
    if (on === undefined) port.disconnect();
    else port.postMessage({on});
  }

  /** @param {string | undefined} sender @returns {Promise<boolean | undefined>} undefined: unknown */
  async #isOn(sender) {
    const origin = checkOrigin(sender);
    const asked = this.#ask(origin)
      // One that ended while it was idle says nothing of the next.
      .catch((error) => (failureOf(error).code === 'hostExited' ? this.#ask(origin) : undefined))
      .catch(() => undefined);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const patience = new Promise((resolve) => { timer = setTimeout(resolve, this.#patience); });
    const soon = await Promise.race([asked, patience]);
    clearTimeout(timer);
    if (typeof soon === 'boolean') return soon;
    return (await this.#origins()).includes(origin) ? true : asked;
  }

  /** The host's word, remembered. @param {string} origin */
  async #ask(origin) {
    const {webEID = false} = await this.#host.begin('status', {origin, grant: true}).done;
    await this.#remember(origin, webEID);
    return webEID;
  }

  /** @returns {Promise<string[]>} */
  async #origins() {
    const kept = (await this.#area.get(KEY))[KEY];
    return Array.isArray(kept) ? kept : [];
  }

  /** @param {string} origin @param {boolean} on */
  #remember(origin, on) {
    this.#writes = this.#writes.then(async () => {
      const kept = await this.#origins();
      if (kept.includes(origin) === on) return;
      const rest = kept.filter((other) => other !== origin);
      await this.#area.set({[KEY]: on ? [...rest, origin].slice(-MAX_ORIGINS) : rest});
    }).catch(() => {});
    return this.#writes;
  }

  /** @param {chrome.runtime.Port} port of a content script; it carries one call */
  accept(port) {
    let started = false;
    port.onMessage.addListener((call) => {
      if (started || !isRecord(call)) return;
      started = true;
      void this.#serve(port, call);
    });
  }

  /** @param {chrome.runtime.Port} port @param {Record<string, unknown>} call */
  async #serve(port, call) {
    let gone = false;
    port.onDisconnect.addListener(() => { gone = true; });
    /** @type {Outcome} */
    let outcome;
    try {
      outcome = {result: await this.#perform(port, call, () => gone)};
    } catch (error) {
      const failure = error instanceof WebEIDRefusal ? error.failure : webEIDFailure(failureOf(error));
      outcome = {error: {...failure, extension: spokenVersion(this.#version)}};
    }
    if (!gone) port.postMessage(outcome);
  }

  /**
   * @param {chrome.runtime.Port} port @param {Record<string, unknown>} call @param {() => boolean} gone whether the page has left
   * @returns {Promise<object>}
   */
  async #perform(port, {action, message, touched, touchedAt}, gone) {
    if (!isRecord(message)) throw new WebEIDRefusal(webEIDError('ERR_WEBEID_NATIVE_INVALID_ARGUMENT', 'the message is too large'));
    if (action === 'web-eid:status') return this.#status(port, message);
    const {method, params, read} = await translate(action, message);
    if (gone()) throw new RequestError('pageLeft'); // before a listener of the request's could hear of it
    const person = isRecord(message.options) ? message.options.userInteractionTimeout : undefined;
    return read(await this.#request(port, {method, params, touched, touchedAt}, personTime(person)));
  }

  /** @param {chrome.runtime.Port} port @param {Record<string, unknown>} message */
  async #status(port, {libraryVersion}) {
    admit(port.sender);
    const failure = versionFailure(libraryVersion);
    if (failure) throw new WebEIDRefusal(failure);
    const {host} = await this.#host.hello();
    return {library: libraryVersion, extension: spokenVersion(this.#version), nativeApp: spokenVersion(host.version)};
  }

  /**
   * Has it done as a page's own request, under the same rules.
   * @param {chrome.runtime.Port} port @param {object} request @param {number} personMs @returns {Promise<unknown>}
   */
  #request(port, request, personMs) {
    return new Promise((resolve, reject) => {
      /** @type {((message: unknown) => void)[]} */
      const listeners = [];
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        listeners.forEach((hear) => hear({cancel: true}));
      }, personMs);
      port.onDisconnect.addListener(() => clearTimeout(timer));
      this.#requests.accept(/** @type {chrome.runtime.Port} */ (/** @type {unknown} */ ({
        sender: port.sender,
        onMessage: {addListener: (/** @type {(message: unknown) => void} */ hear) => listeners.push(hear)},
        onDisconnect: port.onDisconnect,
        postMessage: (/** @type {any} */ told) => {
          if ('progress' in told) return;
          clearTimeout(timer);
          if (!('error' in told)) resolve(told.result);
          else if (late) reject(new WebEIDRefusal(webEIDFailure({code: 'userTimeout', who: 'person'})));
          else reject(new WebEIDRefusal(webEIDFailure(told.error)));
        },
      })));
      listeners.forEach((hear) => hear(request));
    });
  }
}

/** @param {unknown} wanted milliseconds */
function personTime(wanted) {
  return typeof wanted === 'number' && wanted > 0 ? Math.min(wanted, MAX_PERSON_MS) : PERSON_MS;
}

/** @param {unknown} action @param {Record<string, unknown>} message @returns {Promise<Translation>} */
async function translate(action, message) {
  const language = languageOf(isRecord(message.options) ? message.options.lang : undefined);
  if (action === 'web-eid:authenticate') {
    const [challengeNonce] = demand(message, 'challengeNonce');
    return {method: 'authenticate', params: {challengeNonce, language}, read: (token) => token};
  }
  if (action === 'web-eid:get-signing-certificate') {
    return {
      method: 'certificates', params: {choose: true, language},
      read: ({certificates: [chosen]}) => ({certificate: chosen.certificate, supportedSignatureAlgorithms: supportedAlgorithms(chosen.keyType)}),
    };
  }
  const [certificate, hash, hashFunction] = demand(message, 'certificate', 'hash', 'hashFunction');
  return {
    method: 'signRaw', params: {certificate: await fingerprint(certificate), digest: hash, hash: hashFunction, language},
    read: (result) => ({signature: result.signature, signatureAlgorithm: signatureAlgorithm(result)}),
  };
}

/** @param {Record<string, unknown>} message @param {string[]} names @returns {string[]} */
function demand(message, ...names) {
  return names.map((name) => {
    const value = message[name];
    if (value === undefined || value === null || value === '') throw new WebEIDRefusal(webEIDError('ERR_WEBEID_MISSING_PARAMETER', `${name} is missing`));
    if (typeof value !== 'string') throw new WebEIDRefusal(webEIDError('ERR_WEBEID_NATIVE_INVALID_ARGUMENT', `${name} is not a string`));
    return value;
  });
}

/** The id by which the host knows a certificate. @param {string} certificate DER in base64 */
async function fingerprint(certificate) {
  let der;
  try {
    der = Uint8Array.from(atob(certificate), (character) => character.charCodeAt(0));
  } catch {
    throw new WebEIDRefusal(webEIDError('ERR_WEBEID_NATIVE_INVALID_ARGUMENT', 'certificate is not base64'));
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
