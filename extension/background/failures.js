// What went wrong -> {code, who}: the browser's words about a native port, and codes of our own.
import {ERRORS} from '../shared/errors.js';

/** @typedef {import('../shared/types').Failure} Failure */

/** A request that ends with a code of protocol/errors.json. */
export class RequestError extends Error {
  /** @param {Failure | string} failure */
  constructor(failure) {
    const data = typeof failure === 'string' ? {code: failure, who: ERRORS[failure].who} : failure;
    super(data.code);
    this.name = 'RequestError';
    this.failure = data;
  }

  get code() {
    return this.failure.code;
  }
}

/**
 * The words of Chromium and Firefox, in part; the rest of a text may hold a name or a path.
 * Firefox says "No such native application" also when the host's manifest does not list the add-on.
 * @type {ReadonlyArray<[RegExp, string]>}
 */
const TEXTS = [
  [/disabled by the system administrator/i, 'hostDisabled'],
  [/access to the specified native messaging host is forbidden|does not have permission to use native/i, 'hostForbidden'],
  [/host not found|is not registered|no such native application|failed to start native|does not exist|not executable|host name specified/i, 'hostMissing'],
  [/error when communicating|exceeds the limit|unexpected token|JSON|serializ/i, 'hostGarbled'],
  [/native host has exited/i, 'hostExited'],
];

/** Firefox's for a program that is not there or cannot be executed, though its manifest is in place. */
const NOT_STARTED = /an unexpected error occurred/i;

/**
 * @param {string} text lastError's or port.error's, empty when the browser gave none
 * @param {boolean} hostSeen whether the host ever answered in this profile
 * @param {boolean} greeted whether it answered on this port
 * @returns {string} code
 */
export function portFailure(text, hostSeen, greeted) {
  const known = !greeted && NOT_STARTED.test(text) ? 'hostMissing' : TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  const code = known ?? 'hostExited';
  return code === 'hostMissing' && !hostSeen ? 'hostNotInstalled' : code;
}

/** @param {unknown} error @returns {Failure} */
export function failureOf(error) {
  if (error instanceof RequestError) return error.failure;
  const code = /** @type {{code?: unknown}} */ (error ?? {}).code;
  const known = typeof code === 'string' && Object.hasOwn(ERRORS, code) ? code : 'internal';
  return {code: known, who: ERRORS[known].who};
}
