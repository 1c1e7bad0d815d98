// One JSON-RPC message -> what it is, or the code of the error that it is.
import {CheckError, isRecord} from './schema.js';
import {ANSWERS, EXTENSION_PARAMS, HOST_PARAMS, errorObject, messageId} from './messages.js';

/**
 * @typedef {{type: 'request' | 'notification', id: string | null, method: string, params: any}
 *   | {type: 'result', id: string, result: any}
 *   | {type: 'error', id: string | null, error: import('./types').WireError}} Envelope
 */

export class ProtocolError extends Error {
  /** @param {string} code a code of protocol/errors.json @param {string} why without any value of the message */
  constructor(code, why) {
    super(why);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

const NOTIFICATIONS = new Set(['cancel', 'card', 'progress']);
const MEMBERS = {request: ['jsonrpc', 'id', 'method', 'params'], result: ['jsonrpc', 'id', 'result'], error: ['jsonrpc', 'id', 'error']};

/** @param {Record<string, unknown>} message @returns {'request' | 'result' | 'error'} */
function shapeOf(message) {
  const shape = 'method' in message ? 'request' : 'error' in message ? 'error' : 'result';
  if (message.jsonrpc !== '2.0') throw new ProtocolError('invalidRequest', 'not JSON-RPC 2.0');
  if (Object.keys(message).some((name) => !MEMBERS[shape].includes(name))) {
    throw new ProtocolError('invalidRequest', 'a member that does not belong there');
  }
  if (shape === 'result' && !('result' in message)) throw new ProtocolError('invalidRequest', 'neither request nor answer');
  return shape;
}

/** @template T @param {string} code @param {() => T} check @returns {T} */
function coded(code, check) {
  try {
    return check();
  } catch (error) {
    if (error instanceof CheckError) throw new ProtocolError(code, error.message);
    throw error;
  }
}

/** @param {unknown} message @param {Record<string, import('./schema.js').Check>} methods @returns {Envelope} */
function read(message, methods) {
  if (!isRecord(message)) throw new ProtocolError('invalidRequest', 'not an object');
  const shape = shapeOf(message);
  if (shape === 'error') {
    if (message.id !== null) coded('invalidRequest', () => messageId(message.id, 'id'));
    coded('invalidParams', () => errorObject(message.error, 'error'));
    return {type: 'error', id: /** @type {string | null} */ (message.id), error: /** @type {any} */ (message.error)};
  }
  if (shape === 'result') {
    coded('invalidRequest', () => messageId(message.id, 'id'));
    return {type: 'result', id: String(message.id), result: message.result};
  }
  const method = message.method;
  if (typeof method !== 'string') throw new ProtocolError('invalidRequest', 'the method is not a string');
  if ('id' in message) coded('invalidRequest', () => messageId(message.id, 'id'));
  if ('params' in message && !isRecord(message.params)) throw new ProtocolError('invalidRequest', 'params is not an object');
  if (!Object.hasOwn(methods, method)) throw new ProtocolError('unknownMethod', 'no such method');
  if (NOTIFICATIONS.has(method) === 'id' in message) throw new ProtocolError('invalidRequest', 'request and notification confused');
  const params = message.params ?? {};
  checkParams(methods, method, params);
  return {type: 'id' in message ? 'request' : 'notification', id: 'id' in message ? String(message.id) : null, method, params};
}

/**
 * @param {Record<string, import('./schema.js').Check>} methods @param {string} method @param {unknown} params
 */
export function checkParams(methods, method, params) {
  try {
    methods[method](params, '');
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    const nonce = isRecord(params) ? params.challengeNonce : undefined;
    const badNonce = error.path === 'challengeNonce' && (nonce === undefined || typeof nonce === 'string');
    throw new ProtocolError(badNonce ? 'nonceInvalid' : 'invalidParams', error.message);
  }
}

/** A message that the host sent. The result of an answer is checked by the method it belongs to. @param {unknown} message */
export function fromHost(message) {
  return read(message, HOST_PARAMS);
}

/** A message of ours, as the host will judge it. @param {unknown} message */
export function fromExtension(message) {
  const envelope = read(message, EXTENSION_PARAMS);
  if (envelope.type === 'result') checkAnswer(envelope.result);
  return envelope;
}

/** An answer to a prompt. @param {unknown} answer @returns {import('./types').Answer} */
export function checkAnswer(answer) {
  const action = isRecord(answer) ? answer.action : undefined;
  if (typeof action !== 'string' || !Object.hasOwn(ANSWERS, action)) throw new ProtocolError('invalidParams', 'no such action');
  coded('invalidParams', () => ANSWERS[action](answer, ''));
  return /** @type {import('./types').Answer} */ (answer);
}
