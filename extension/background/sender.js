// Who is asking, by the browser's word alone; a page that may not ask is told why.
import {RequestError} from './failures.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * @typedef {object} Asker
 * @property {string} origin scheme://host[:port], no default port, no slash
 * @property {number} tabId
 * @property {number | undefined} windowId
 * @property {string} document the page load
 */

/** @param {string | undefined} origin @returns {string} */
export function checkOrigin(origin) {
  const url = origin === undefined || origin === 'null' ? null : parse(origin);
  if (!url || url.origin !== origin || !['https:', 'http:'].includes(url.protocol)) throw new RequestError('originInvalid');
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname)) throw new RequestError('contextInsecure');
  return url.origin;
}

/** @param {string} text */
function parse(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/**
 * @param {chrome.runtime.MessageSender | undefined} sender of the port that carries this one request
 * @returns {Asker}
 */
export function admit(sender) {
  const origin = checkOrigin(sender?.origin);
  // Firefox does not name the lifecycle: it has no prerendered documents. Asked before the frame: the top frame of a
  // prerendered page has another id than 0.
  if ((sender?.documentLifecycle ?? 'active') !== 'active' || sender?.tab?.id === undefined) throw new RequestError('documentNotActive');
  if (sender.frameId !== 0) throw new RequestError('notTopFrame');
  const {id: tabId, windowId} = sender.tab;
  return {origin, tabId, windowId, document: sender.documentId ?? `tab-${tabId}`};
}
