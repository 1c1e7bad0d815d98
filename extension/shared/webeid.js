// Web eID's words (its page library, major version 2) for ours: errors, algorithms, versions.
import {ERRORS} from './errors.js';

/** The version of Web eID's interface that is spoken here; what speaks it stands behind the plus (SemVer's build metadata). */
export const INTERFACE = '2.1.0';

/** Every error of Web eID's with the name of its class in the page library. */
export const NAMES = Object.freeze({
  ERR_WEBEID_ACTION_TIMEOUT: 'ActionTimeoutError',
  ERR_WEBEID_USER_TIMEOUT: 'UserTimeoutError',
  ERR_WEBEID_VERSION_MISMATCH: 'VersionMismatchError',
  ERR_WEBEID_VERSION_INVALID: 'VersionInvalidError',
  ERR_WEBEID_EXTENSION_UNAVAILABLE: 'ExtensionUnavailableError',
  ERR_WEBEID_NATIVE_UNAVAILABLE: 'NativeUnavailableError',
  ERR_WEBEID_UNKNOWN_ERROR: 'UnknownError',
  ERR_WEBEID_CONTEXT_INSECURE: 'ContextInsecureError',
  ERR_WEBEID_USER_CANCELLED: 'UserCancelledError',
  ERR_WEBEID_NATIVE_INVALID_ARGUMENT: 'NativeInvalidArgumentError',
  ERR_WEBEID_NATIVE_FATAL: 'NativeFatalError',
  ERR_WEBEID_ACTION_PENDING: 'ActionPendingError',
  ERR_WEBEID_MISSING_PARAMETER: 'MissingParameterError',
});

/** Our codes under what a page of Web eID's would do about them. A test holds them against protocol/errors.json. */
const GROUPS = /** @type {const} */ ({
  // Pressing the button again is all that it takes.
  ERR_WEBEID_USER_CANCELLED: ['userCancelled', 'cancelled', 'pageLeft', 'touchRequired'],
  ERR_WEBEID_USER_TIMEOUT: ['userTimeout', 'computerSlept'],
  ERR_WEBEID_ACTION_PENDING: ['promptOpen', 'windowBusy', 'tooManyRequests'],
  ERR_WEBEID_EXTENSION_UNAVAILABLE: ['extensionMissing', 'extensionReloaded'],
  // Something is to be installed, enabled or updated.
  ERR_WEBEID_NATIVE_UNAVAILABLE: ['hostNotInstalled', 'hostMissing', 'hostForbidden', 'hostDisabled', 'hostSilent'],
  ERR_WEBEID_VERSION_MISMATCH: ['hostOutdated', 'extensionOutdated'],
  ERR_WEBEID_CONTEXT_INSECURE: ['contextInsecure', 'originInvalid', 'notTopFrame', 'documentNotActive'],
  ERR_WEBEID_NATIVE_INVALID_ARGUMENT: ['invalidParams', 'nonceInvalid', 'algorithmUnsupported', 'documentInvalid', 'messageTooLarge', 'pinFromPageNotAllowed'],
  // The card, its reader, its software, or IT's policy: the message says which.
  ERR_WEBEID_NATIVE_FATAL: [
    'pinLocked', 'cardRemoved', 'cardChanged', 'cardNotReset', 'cardNotRecognised', 'cardNumberMissing', 'cardBusy', 'noReader', 'noCard', 'wrongCard',
    'noUsableCertificate', 'otherCertificate', 'wrongIssuer', 'pinPadRequired', 'sessionInactive', 'pinOutcomeUnknown', 'pcscNotRunning', 'pcscMissing', 'noModule', 'moduleInvalid', 'moduleFailed', 'moduleTimeout',
    'hostExited', 'hostGarbled', 'originNotAllowed', 'operationNotAllowed', 'policyInvalid',
  ],
  ERR_WEBEID_UNKNOWN_ERROR: ['parseError', 'invalidRequest', 'unknownMethod', 'internal', 'duplicateId', 'helloRequired', 'promptFailed'],
});

/** @type {ReadonlyMap<string, keyof typeof NAMES>} */
export const CODES = new Map(Object.entries(GROUPS).flatMap(([code, ours]) => ours.map((our) => [our, /** @type {keyof typeof NAMES} */ (code)])));

/** @typedef {{code: keyof typeof NAMES, name: string, message: string, [more: string]: unknown}} WebEIDFailure */

/** @param {keyof typeof NAMES} code @param {string} message @param {Record<string, unknown>} [more] @returns {WebEIDFailure} */
export function webEIDError(code, message, more = {}) {
  return {...more, code, name: NAMES[code], message};
}

/**
 * Our error as the page library makes one of its own of it; what ours was stands in `cardbridge`.
 * @param {import('./types').Failure} failure @returns {WebEIDFailure}
 */
export function webEIDFailure({code, who, operation}) {
  const text = Object.hasOwn(ERRORS, code) ? ERRORS[code].en : {message: code, hint: ''};
  const more = {cardbridge: {code, who, ...(operation && {operation})}};
  const requiresUpdate = {requiresUpdate: {extension: code === 'extensionOutdated', nativeApp: code === 'hostOutdated'}};
  const webEID = CODES.get(code) ?? 'ERR_WEBEID_UNKNOWN_ERROR';
  return webEIDError(webEID, `${text.message} ${text.hint}`.trim(), {...more, ...(webEID === 'ERR_WEBEID_VERSION_MISMATCH' && requiresUpdate)});
}

/** @param {string} version of ours @returns {string} SemVer */
export function spokenVersion(version) {
  return `${INTERFACE}+cardbridge.${version.replace(/[^0-9A-Za-z.-]/g, '-')}`;
}

/**
 * What keeps a page's library from being served: too new, or no version. Older ones send the same messages.
 * @param {unknown} libraryVersion @returns {WebEIDFailure | null}
 */
export function versionFailure(libraryVersion) {
  const parts = typeof libraryVersion === 'string' && libraryVersion.length <= 64 ? /^(\d{1,9})\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.exec(libraryVersion) : null;
  if (!parts) return webEIDError('ERR_WEBEID_VERSION_INVALID', 'libraryVersion is no version string');
  if (Number(parts[1]) <= Number.parseInt(INTERFACE, 10)) return null;
  return webEIDError('ERR_WEBEID_VERSION_MISMATCH', 'Update required for Web-eID extension', {
    library: libraryVersion, requiresUpdate: {extension: true, nativeApp: false},
  });
}

const HASHES = /** @type {const} */ (['SHA-256', 'SHA-384', 'SHA-512']);

/** @param {boolean} rsa @param {string} hashFunction */
function algorithm(rsa, hashFunction) {
  return {cryptoAlgorithm: rsa ? 'RSA' : 'ECC', hashFunction, paddingScheme: rsa ? 'PKCS1.5' : 'NONE'};
}

/** What signRaw can do with a key. @param {string} keyType RSA-2048, P-256, … */
export function supportedAlgorithms(keyType) {
  return HASHES.map((hash) => algorithm(keyType.startsWith('RSA'), hash));
}

/** @param {{algorithm: string, hash: string}} result of signRaw */
export function signatureAlgorithm(result) {
  return algorithm(result.algorithm === 'RSASSA-PKCS1-v1_5', result.hash);
}

/** The language of the window, by Web eID's two letters; undefined: the browser's. @param {unknown} lang */
export function languageOf(lang) {
  if (typeof lang !== 'string') return undefined;
  return /^zh\b/i.test(lang) ? 'zh-TW' : /^en\b/i.test(lang) ? 'en' : undefined;
}
