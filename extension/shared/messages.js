// The messages of the contract (protocol/PROTOCOL.md) as closed shapes.
import {CheckError, boolean, bytes, integer, json, list, object, oneOf, text} from './schema.js';

/** @typedef {import('./schema.js').Check} Check */

export const KINDS = /** @type {const} */ (['citizen', 'agency', 'organisation', 'business', 'test', 'other']);
/** Why a certificate cannot be used. */
export const REASONS = /** @type {const} */ ([
  'expired', 'notYetValid', 'encryptionOnly', 'otherPurpose', 'wrongKind', 'wrongIssuer', 'noPinPad', 'keyUnsupported', 'ca',
]);
export const PROGRESS = /** @type {const} */ (['reading', 'verifying', 'signing', 'resetting']);
export const TRIES = /** @type {const} */ (['unknown', 'atLeastTwo', 'exactly', 'last', 'locked']);
export const LANGUAGES = /** @type {const} */ (['zh-TW', 'en']);
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];

export const messageId = text(1, 64, /^[A-Za-z0-9_-]+$/);
export const language = oneOf(...LANGUAGES);
const kinds = list(0, KINDS.length, oneOf(...KINDS));
const fingerprint = text(64, 64, /^[0-9a-f]+$/);
const base64 = (/** @type {number} */ max) => text(4, max, /^[A-Za-z0-9+/]+={0,2}$/);
const origin = text(8, 300, /^https?:\/\/[^\s/?#@]+$/);
const name = text(0, 1024);
const time = text(20, 35, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const version = text(1, 64, /^[\x20-\x7e]+$/);

const reader = object({name, state: oneOf('empty', 'present', 'inUse', 'mute')});
const module = object({path: text(1, 4096), state: oneOf('found', 'missing')});
const certificate = object({
  id: fingerprint, certificate: base64(65536), kind: oneOf(...KINDS), holder: name, issuer: name, serialNumber: name,
  notBefore: time, notAfter: time, keyType: text(1, 32, /^[\x20-\x7e]+$/), reader: name, usable: boolean,
  'reason?': oneOf(...REASONS),
});
// An address that goes into a link: never javascript:, data: or another scheme.
export const link = text(9, 2048, /^https:\/\/[^\s/?#@\\]+([/?#][^\s\\]*)?$/);
export const helpDesk = object({
  'text?': text(1, 240), 'phone?': text(2, 40, /^[0-9 +()#*,;./-]+$/), 'url?': link, 'email?': text(3, 254, /^[A-Za-z0-9._%+-]+@[a-z0-9._-]+$/),
});
const code = text(1, 64, /^[a-z][A-Za-z0-9]*$/);
const facts = json(16384);

export const errorData = object({
  code, who: oneOf('person', 'it', 'developer', 'us'), 'operation?': text(1, 64, /^[A-Za-z0-9_-]+$/), 'facts?': facts,
});
export const errorObject = object({code: integer(-32768, 32767), message: text(1, 1024), data: errorData});

// A content of 512 KiB in base64; what is larger is signed by its digest.
const MAX_CONTENT = 4 * Math.ceil((512 * 1024) / 3);
const HASHES = ['SHA-256', 'SHA-384', 'SHA-512'];
const blob = (/** @type {number} */ max) => text(0, max, /^[A-Za-z0-9+/]*={0,2}$/);
const document_ = object({
  title: text(1, 400), 'size?': integer(0, 2 ** 50), 'content?': blob(MAX_CONTENT), 'digest?': base64(88), 'attached?': boolean,
});
const signMembers = {
  // One more than may be signed at once: the host says why it refuses.
  documents: list(0, 21, document_), 'hash?': text(1, 16), 'pss?': boolean, 'nonce?': base64(88), 'cardNumber?': boolean,
  'kinds?': kinds, 'certificate?': fingerprint, 'language?': language,
};
const signRawMembers = {certificate: fingerprint, digest: blob(88), hash: text(1, 16), 'language?': language};

const certificatesMembers = {'kinds?': kinds, 'choose?': boolean, 'language?': language};
const authenticateMembers = {
  challengeNonce: text(44, 128, /^[\x20-\x7e]+$/), 'algorithm?': oneOf(...ALGORITHMS), 'kinds?': kinds,
  'certificate?': fingerprint, 'language?': language, 'pin?': bytes(4, 64),
};

/** What a page may send: the params of hop B without the origin. @type {Record<string, Check>} */
export const PAGE_PARAMS = {
  status: object({}),
  certificates: object(certificatesMembers),
  authenticate: object(authenticateMembers),
  sign: object(signMembers),
  signRaw: object(signRawMembers),
};

/** @type {Record<string, Check>} */
export const EXTENSION_PARAMS = {
  hello: object({
    protocols: list(1, 16, integer(1, 65535)), extension: object({version}, {open: true}), 'language?': language, 'local?': boolean,
  }, {open: true}),
  doctor: object({}),
  status: (value, path) => {
    object({'origin?': origin, 'grant?': boolean})(value, path);
    const {grant, origin: asked} = /** @type {{grant?: boolean, origin?: string}} */ (value);
    if (grant && asked === undefined) throw new CheckError(path, 'a grant of nobody');
  },
  certificates: object({origin, ...certificatesMembers}),
  authenticate: object({origin, ...authenticateMembers}),
  sign: object({origin, ...signMembers}),
  signRaw: object({origin, ...signRawMembers}),
  cancel: object({id: messageId}),
};

const item = object({'signature?': base64(1048576), 'error?': object({code, who: oneOf('person', 'it', 'developer', 'us')})});
/** Exactly one of the two. @type {Check} */
const signItem = (value, path) => {
  item(value, path);
  if (Object.keys(/** @type {object} */ (value)).length !== 1) throw new CheckError(path, 'neither signature nor error, or both');
};

export const LEVELS = /** @type {const} */ (['ok', 'info', 'warning', 'error']);
// A host cuts its texts at 1,000 characters, some of which are two UTF-16 units.
const words = object({finding: text(1, 2000), 'fix?': text(1, 2000)});
const finding = object({
  check: text(1, 64, /^[A-Za-z.]+$/), code, level: oneOf(...LEVELS), 'where?': text(1, 2000), 'zh-TW': words, en: words,
});

/** @type {Record<string, Check>} */
export const RESULTS = {
  hello: object({
    protocol: integer(1, 65535),
    host: object({name: text(1, 256), version, os: text(1, 32), arch: text(1, 32), build: oneOf('release', 'dev')}),
    maxMessageBytes: integer(1, 1048576),
  }),
  status: object({
    host: object({version, protocol: integer(1, 65535)}), allowed: boolean, operations: list(0, 16, text(1, 32, /^[A-Za-z]+$/)),
    pinFromPage: boolean, 'webEID?': boolean, 'code?': code, 'language?': language, 'helpDesk?': helpDesk, 'policy?': object({source: text(0, 4096)}),
    'readers?': list(0, 64, reader), 'modules?': list(0, 64, module),
  }),
  doctor: object({
    version, build: oneOf('release', 'dev'), system: text(1, 64, /^[\x20-\x7e]+$/), level: oneOf(...LEVELS), findings: list(0, 256, finding),
  }),
  certificates: object({
    certificates: list(0, 256, certificate), readers: list(0, 64, reader), problems: list(0, 64, object({code, 'facts?': facts})),
  }),
  authenticate: object({
    unverifiedCertificate: base64(65536), algorithm: oneOf(...ALGORITHMS), signature: base64(8192),
    format: text(1, 32, /^web-eid:1(\.\d+)?$/), appVersion: text(1, 512),
  }),
  sign: object({certificate: base64(65536), items: list(1, 20, signItem)}),
  signRaw: object({signature: base64(8192), algorithm: oneOf('RSASSA-PKCS1-v1_5', 'ECDSA'), hash: oneOf(...HASHES)}),
};

const tries = object({state: oneOf(...TRIES), 'left?': integer(0, 255)});
const pinLength = object({min: integer(0, 255), max: integer(1, 255)});
export const WAIT_REASONS = /** @type {const} */ ([
  'noReader', 'noCard', 'cardNotRecognised', 'cardBusy', 'windowBusy', 'wrongCard', 'wrongIssuer', 'pinPadRequired', 'noUsableCertificate', 'otherCertificate',
  'sessionInactive', 'pcscNotRunning', 'pcscMissing', 'noModule', 'moduleFailed', 'moduleTimeout', 'moduleInvalid',
]);
export const NOTICES = /** @type {const} */ ([
  'wrongPIN', 'pinTooShort', 'pinTooLong', 'pinRefused', 'cardChanged', 'outcomeUnknown', 'pinFromPageDropped', 'triesChanged',
]);

const promptMembers = {
  operation: messageId, state: oneOf('choose', 'wait', 'pin', 'pinPad', 'lastTry', 'locked'), origin,
  'language?': language, 'reason?': oneOf(...WAIT_REASONS), 'notice?': oneOf(...NOTICES),
  'certificates?': list(0, 256, certificate), 'certificate?': certificate, 'reader?': name, 'tries?': tries,
  'pinLength?': pinLength, 'kinds?': kinds,
  'documents?': list(1, 20, object({title: name, size: integer(0, 2 ** 50), digest: text(64, 128, /^[0-9a-f]+$/), hash: oneOf(...HASHES)})),
  'unlockURL?': link, 'installURL?': link, 'issuers?': list(1, 8, name), 'helpDesk?': helpDesk,
  'reference?': text(8, 8, /^[0-9a-f]+$/),
  timeoutSeconds: integer(1, 3600),
};
const anyPrompt = object(promptMembers);

/** What each state cannot do without. @type {Record<string, Check>} */
const stateNeeds = {
  choose: object({certificates: list(1, 256, certificate)}, {open: true}),
  wait: object({reason: oneOf(...WAIT_REASONS)}, {open: true}),
  pin: object({certificate}, {open: true}),
  pinPad: object({certificate}, {open: true}),
  lastTry: object({certificate}, {open: true}),
  locked: object({}, {open: true}),
};

/** @type {Record<string, Check>} */
export const HOST_PARAMS = {
  prompt: (value, path) => {
    anyPrompt(value, path);
    stateNeeds[/** @type {{state: string}} */ (value).state](value, path);
  },
  card: object({reader: name, state: oneOf('empty', 'present', 'inUse', 'mute', 'gone')}),
  progress: object({operation: messageId, state: oneOf(...PROGRESS)}),
};

const only = (/** @type {string} */ action) => object({action: oneOf(action)});

/** The answers to a prompt, by their action. @type {Record<string, Check>} */
export const ANSWERS = {
  choose: object({action: oneOf('choose'), certificate: fingerprint}),
  pin: object({action: oneOf('pin'), pin: bytes(4, 64)}),
  retry: only('retry'), confirm: only('confirm'), close: only('close'),
  cancel: only('cancel'), timeout: only('timeout'), replaced: only('replaced'),
};

/** Which actions fit a state; cancel and timeout fit every one. @type {Record<string, string[]>} */
export const STATE_ACTIONS = {
  choose: ['choose'], wait: ['retry'], pin: ['pin'], pinPad: [], lastTry: ['confirm'], locked: ['close'],
};
