// The shapes that travel, for the type checker; the checks themselves are in messages.js.

export type Language = 'zh-TW' | 'en';
export type Kind = 'citizen' | 'agency' | 'organisation' | 'business' | 'test' | 'other';
export type Who = 'person' | 'it' | 'developer' | 'us';
export type Progress = 'reading' | 'verifying' | 'signing' | 'resetting';

export interface Reader { name: string; state: 'empty' | 'present' | 'inUse' | 'mute' }
/** As the host reports a change. */
export interface ReaderChange { name: string; state: Reader['state'] | 'gone' }
export interface Certificate {
  id: string; certificate: string; kind: Kind; holder: string; issuer: string; serialNumber: string;
  notBefore: string; notAfter: string; keyType: string; reader: string; usable: boolean; reason?: string;
}
export interface Tries { state: 'unknown' | 'atLeastTwo' | 'exactly' | 'last' | 'locked'; left?: number }

/** Whom the person can ask, as IT says it. */
export interface HelpDesk { text?: string; phone?: string; url?: string; email?: string }

/** What the PIN would sign. */
export interface Doc { title: string; size: number; digest: string; hash: string }

export interface Prompt {
  operation: string; state: 'choose' | 'wait' | 'pin' | 'pinPad' | 'lastTry' | 'locked'; origin: string; language?: Language;
  reason?: string; notice?: string; certificates?: Certificate[]; certificate?: Certificate; reader?: string; tries?: Tries;
  pinLength?: { min: number; max: number }; kinds?: Kind[]; documents?: Doc[]; unlockURL?: string; installURL?: string;
  issuers?: string[]; helpDesk?: HelpDesk; reference?: string; timeoutSeconds: number;
}
export type Answer = { action: string; certificate?: string; pin?: string };

/** An error as it travels to the page. */
export interface Failure { code: string; who: Who; facts?: Record<string, unknown>; operation?: string }
/** message and hint for people. */
export type Texts = Record<Language, { message: string; hint: string }>;
export interface WireError { code: number; message: string; data: Failure }

export interface HelloResult {
  protocol: number; host: { name: string; version: string; os: string; arch: string; build: 'release' | 'dev' }; maxMessageBytes: number;
}
export interface StatusResult {
  host: { version: string; protocol: number }; allowed: boolean; operations: string[]; pinFromPage: boolean; webEID?: boolean;
  code?: string; language?: Language; helpDesk?: HelpDesk; policy?: { source: string }; readers?: Reader[]; modules?: { path: string; state: 'found' | 'missing' }[];
}

/** What doctor says of one place. */
export type Level = 'ok' | 'info' | 'warning' | 'error';
export type Finding = { check: string; code: string; level: Level; where?: string } & Record<Language, { finding: string; fix?: string }>;
export interface DoctorResult { version: string; build: 'release' | 'dev'; system: string; level: Level; findings: Finding[] }

/** Worker -> prompt window. */
export type ToWindow = { show: string; prompt: Prompt } | { progress: Progress };
/** Prompt window -> worker. */
export interface FromWindow { prompt: string; answer: Answer }
