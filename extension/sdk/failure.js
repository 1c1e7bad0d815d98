// Errors of the SDK: texts in both languages, what to install, the reference for the help desk.
import {TEXTS} from './texts.js';

/** As many digits of an operation's id as a person can read out; the window shows the same. */
const REFERENCE_LENGTH = 8;
/** What is missing, by the code: links say how to get it. @type {Record<string, 'extension' | 'host' | 'module'>} */
const PARTS = {
  extensionMissing: 'extension', extensionOutdated: 'extension', hostMissing: 'host', hostNotInstalled: 'host', hostOutdated: 'host',
  noModule: 'module', moduleInvalid: 'module', moduleFailed: 'module',
};
/** @type {import('./cardbridge.js').Install[]} */
let links = [];

/** @param {{install?: import('./cardbridge.js').Install[]}} settings */
export function configure({install = []}) {
  links = install;
}

/** Where this browser and system get a part: the first entry that fits. @param {string} part @param {string} agent */
function installFor(part, agent = globalThis.navigator?.userAgent ?? '') {
  const named = (/** @type {string[][]} */ marks) => marks.find(([mark]) => agent.includes(mark))?.[1];
  const browser = named([['Edg/', 'edge'], ['Firefox/', 'firefox'], ['Chrome/', 'chrome']]);
  const system = named([['Windows', 'windows'], ['Mac OS', 'macos'], ['Linux', 'linux']]);
  return links.find((link) => link.part === part && (link.browser ?? browser) === browser && (link.system ?? system) === system);
}

export class CardBridgeError extends Error {
  /** @param {{code: string, who?: string, texts?: any, facts?: any, operation?: string}} failure @param {ErrorOptions} [options] */
  constructor({code, who, texts, facts, operation}, options) {
    const [acts, zh, zhHint, en, enHint] = Object.hasOwn(TEXTS, code) ? TEXTS[code] : TEXTS.internal;
    const known = texts ?? {'zh-TW': {message: zh, hint: zhHint}, en: {message: en, hint: enHint}};
    super(known['zh-TW'].message, options);
    this.name = 'CardBridgeError';
    this.code = code;
    this.who = who ?? acts;
    this.texts = known;
    this.hint = {'zh-TW': known['zh-TW'].hint, en: known.en.hint};
    this.facts = facts;
    this.operation = operation;
    // An error that no host had a part in has no operation, so nothing to look for in a log.
    this.reference = operation?.slice(0, REFERENCE_LENGTH);
    this.install = Object.hasOwn(PARTS, code) ? installFor(PARTS[code]) : undefined;
  }
}
