/** A double of the SDK for a portal's own tests. */
import * as sdk from './cardbridge.js';

/** How one call ends. Without members: as a call that goes well. */
export interface Outcome {
  /** What onProgress is told before. */
  progress?: (sdk.Progress | 'hashing')[];
  /** Waits until the page aborts, or its timeoutMs is over. */
  pending?: boolean;
  /** A code of CODES, or any value to throw. */
  error?: string | Error;
  facts?: Record<string, unknown>;
  /** A code in a status, and errors in items (codes, or {code}), become the errors that the SDK makes of them. */
  result?: unknown;
}

export type Method = 'status' | 'certificates' | 'authenticate' | 'sign' | 'signBatch';

export interface Double {
  /** Has every export of the SDK: give it to your code in the SDK's place. */
  sdk: typeof sdk;
  /** Every call so far, in order, with its arguments. */
  calls: { method: Method; args: any[] }[];
  /** The outcomes of the next calls of a method, in order; TypeError for an unknown method or code. isAvailable uses status. */
  script(method: Method, ...outcomes: Outcome[]): void;
  /** A reader as it is from now on; listeners hear what changed. gone: unplugged. One reader with a card is there at first,
   * which listeners are told as by the SDK. */
  reader(state: sdk.Reader['state'] | 'gone', name?: string): void;
  /** Listeners of error hear that the watch ended with this code. */
  fail(code: string): void;
}

export function createDouble(): Double;
/** Every code of the SDK's errors. */
export const CODES: readonly string[];
/** An error with the texts that the SDK gives it. */
export function errorOf(code: string, more?: { facts?: object; operation?: string }): sdk.CardBridgeError;
