// What IT's browser policy tells the extension itself (managed.schema.json): known also where there is no host to ask.
import {helpDesk, language, link} from './messages.js';

/** @typedef {{language?: import('./types').Language, installURL?: string, helpDesk?: import('./types').HelpDesk}} Managed */

/** @type {Record<string, import('./schema.js').Check>} */
const MEMBERS = {language, installURL: link, helpDesk};

/** Each member that is as it must be; one with a mistake counts as absent, the others stay. @param {Record<string, unknown>} values @returns {Managed} */
export function usable(values) {
  return Object.fromEntries(Object.entries(MEMBERS).filter(([name, check]) => {
    try {
      check(values[name], name);
      return true;
    } catch {
      return false;
    }
  }).map(([name]) => [name, values[name]]));
}

/** Calls when IT's word comes, or changes: right after an installation it is some seconds late. @param {() => unknown} call */
export function whenTold(call) {
  chrome.storage.onChanged.addListener((_, area) => { if (area === 'managed') call(); });
}

/** @returns {Promise<Managed>} */
export async function managed() {
  try {
    return usable(await chrome.storage.managed.get());
  } catch {
    return {}; // Firefox says so where IT has set nothing
  }
}
