/** The SDK of CardBridge 憑證通 for portals. */

export type Language = 'zh-TW' | 'en';
export type Kind = 'citizen' | 'agency' | 'organisation' | 'business' | 'test' | 'other';
/** Who must act on an error. */
export type Who = 'person' | 'it' | 'developer' | 'us';
export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512';
export type Progress = 'reading' | 'verifying' | 'signing' | 'resetting';

export interface Reader {
  name: string;
  /** inUse: another program holds the card; mute: a card that does not answer. */
  state: 'empty' | 'present' | 'inUse' | 'mute';
}

export interface Certificate {
  /** SHA-256 of the DER, 64 hex digits. */
  id: string;
  /** DER in base64. */
  certificate: string;
  kind: Kind;
  holder: string;
  issuer: string;
  /** The subject's serialNumber attribute, or empty. */
  serialNumber: string;
  /** RFC 3339, UTC. */
  notBefore: string;
  notAfter: string;
  keyType: string;
  reader: string;
  usable: boolean;
  /** Why it is not usable. */
  reason?: 'expired' | 'notYetValid' | 'encryptionOnly' | 'otherPurpose' | 'wrongKind' | 'wrongIssuer' | 'noPinPad' | 'keyUnsupported' | 'ca';
}

/** Whom the person can ask: what the policy of their IT says. Show it as text, never as markup. */
export interface HelpDesk {
  text?: string;
  phone?: string;
  /** https */
  url?: string;
  email?: string;
}

export interface Status {
  extension: { version: string };
  host: { version: string; protocol: number };
  /** Whether policy lets this origin do anything. */
  allowed: boolean;
  operations: string[];
  /** Whether this origin may pass a PIN from a field of its own. */
  pinFromPage: boolean;
  /** What IT must add, when not allowed; otherwise what no login can do without (no PC/SC service, no module). */
  code?: string;
  /** The same with its texts. */
  problem?: CardBridgeError;
  /** Only for origins that policy grants something. */
  helpDesk?: HelpDesk;
  policy?: { source: string };
  readers?: Reader[];
  modules?: { path: string; state: 'found' | 'missing' }[];
}

export interface Certificates {
  certificates: Certificate[];
  readers: Reader[];
  /** What kept a card from being read. */
  problems: CardBridgeError[];
}

/** The Web eID authentication token; send it to the server as it is. */
export interface AuthenticationToken {
  unverifiedCertificate: string;
  algorithm: Algorithm;
  signature: string;
  format: string;
  appVersion: string;
}

export interface CallOptions {
  /** Aborting ends the operation and closes its window; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the call is given up as userTimeout, hashing included; 30 s for status, 15 minutes for the others. */
  timeoutMs?: number;
}

export interface CertificatesOptions extends CallOptions {
  kinds?: Kind[];
}

export interface AuthenticateOptions extends CertificatesOptions {
  /** Only for origins with pinFromPage; 4 to 64 bytes. Without it the person types into CardBridge's own window. */
  pin?: string;
  algorithm?: Algorithm;
  /** Certificate.id */
  certificate?: string;
  /** Language of the window. */
  lang?: Language;
  onProgress?: (state: Progress) => void;
}

/** Something to sign. */
export interface Document {
  /** Shown to the person before the PIN; 1 to 200 characters. */
  title: string;
  /** A string is signed as UTF-8. What is larger than 512 KiB (all documents together) is digested here and signed detached. */
  content: string | Uint8Array | ArrayBuffer | Blob;
  /** The signature holds the content; at most 512 KiB, all documents together. */
  attached?: boolean;
}

export interface SignOptions extends CertificatesOptions {
  /** For content and signed attributes; SHA-256 by default. Large files are digested piece by piece with SHA-256 alone. */
  hash?: 'SHA-256' | 'SHA-384' | 'SHA-512';
  /** RSASSA-PSS, for RSA keys. */
  pss?: boolean;
  /** 1 to 64 bytes, from the server: it finds them in the signature. Not text: a text's bytes are for its sender to say. */
  nonce?: Uint8Array | ArrayBuffer;
  /** The token's serial number (CK_TOKEN_INFO) goes into the signature; cardNumberMissing where it has none that fits. */
  cardNumber?: boolean;
  /** Certificate.id */
  certificate?: string;
  lang?: Language;
  /** share: of the bytes that are digested here, while the state is hashing. */
  onProgress?: (state: Progress | 'hashing', share?: number) => void;
}

export interface Signature {
  /** The signer's certificate, DER in base64. */
  certificate: string;
  /** CMS SignedData (RFC 5652), DER in base64; send it to the server as it is. */
  signature: string;
}

export interface Signatures {
  certificate: string;
  /** One for each document, in their order. */
  items: { signature?: string; error?: CardBridgeError }[];
}

/** Signs one document. Needs the operation sign and a click of the person in this page. */
export function sign(document: Document, options?: SignOptions): Promise<Signature>;
/** Signs 1 to 20 documents with one PIN. Rejects where nothing was signed; else each document has its signature or its error. */
export function signBatch(documents: Document[], options?: SignOptions): Promise<Signatures>;
/** Whether extension and host are there and this origin may use them. Rejects only when aborted. */
export function isAvailable(options?: CallOptions): Promise<boolean>;
/** Versions and what this origin may do. Rejects with a CardBridgeError. */
export function status(options?: CallOptions): Promise<Status>;
/** All certificates on the cards, also those that cannot be used. Needs a click of the person in this page. */
export function certificates(options?: CertificatesOptions): Promise<Certificates>;
/** Logs in: 44 to 128 printable ASCII characters of challenge from the server, a token back. Needs a click. */
export function authenticate(challengeNonce: string, options?: AuthenticateOptions): Promise<AuthenticationToken>;

/** A way to get what is missing, for a browser or system, or for all where it names none. */
export interface Install {
  part: 'extension' | 'host' | 'module';
  browser?: 'chrome' | 'edge' | 'firefox';
  system?: 'windows' | 'macos' | 'linux';
  text?: Record<Language, string>;
  href?: string;
}

/** install: the first entry that fits stands in each error that it can mend. */
export function configure(settings: { install?: Install[] }): void;

/** A change in the readers of a page that is seen, and whose origin may see them. */
export interface CardEvent {
  type: 'cardinserted' | 'cardremoved' | 'readerchange';
  /** The reader's name. */
  reader: string;
  state: Reader['state'] | 'gone';
}

/** The watch failed: it goes on by itself after a host that ended; after others it begins anew with the next addEventListener. */
export interface WatchErrorEvent {
  type: 'error';
  error: CardBridgeError;
}

/**
 * Hears of cards that come and go while the page is seen; what happened meanwhile is told when it is seen again. Cards that are in
 * already are told at first. readerchange: any change, also of readers.
 */
export function addEventListener(type: CardEvent['type'], listener: (event: CardEvent) => void, options?: { signal?: AbortSignal }): void;
export function addEventListener(type: 'error', listener: (event: WatchErrorEvent) => void, options?: { signal?: AbortSignal }): void;
export function removeEventListener(type: CardEvent['type'] | 'error', listener: (event: any) => void): void;

/** message is the Chinese text; texts and hint hold both languages. */
export class CardBridgeError extends Error {
  constructor(failure: { code: string; who?: string; texts?: Record<Language, { message: string; hint: string }>; facts?: object; operation?: string }, options?: ErrorOptions);
  readonly code: string;
  readonly who: Who;
  readonly texts: Record<Language, { message: string; hint: string }>;
  readonly hint: Record<Language, string>;
  /** helpDesk: whom the person can ask, in errors of the host, for origins that policy grants something. */
  readonly facts?: { helpDesk?: HelpDesk } & Record<string, unknown>;
  /** The id under which the host logged the operation. */
  readonly operation?: string;
  /** The first eight digits of operation: show them with the code, the help desk finds them in the host's log. */
  readonly reference?: string;
  /** Where to get what is missing, if configure was told. */
  readonly install?: Install;
}
