// 診斷: what doctor finds on this computer, and the report for the help desk.
import {RequestError, failureOf} from '../background/failures.js';
import {HOST, HostLink} from '../background/hostlink.js';
import {byId, element, plain} from '../shared/elements.js';
import {browserLanguage} from '../shared/language.js';
import {explain} from '../shared/panel.js';

/** @typedef {import('../shared/types').DoctorResult} DoctorResult */
/** @typedef {import('../shared/types').Failure} Failure */
/** @typedef {import('../shared/types').Finding} Finding */
/** @typedef {import('../shared/types').Language} Language */
/** @typedef {import('../shared/panel.js').PanelTexts} PanelTexts */

const {version} = chrome.runtime.getManifest();

/**
 * A connection of this page's own, which says that the host itself is to look: an OS service would see its own things, not the
 * person's. No page of a web site can reach it, as there is no way from the service worker here.
 */
const host = new HostLink({
  connect: () => chrome.runtime.connectNative(HOST),
  lastError: () => chrome.runtime.lastError?.message,
  greeting: {version, language: browserLanguage(), local: true},
  memory: {
    seen: async () => (await chrome.storage.local.get('hostSeen')).hostSeen === true,
    remember: () => chrome.storage.local.set({hostSeen: true}),
  },
  times: {idleMs: 0},
});

const isBad = (/** @type {Finding} */ {level}) => level === 'error' || level === 'warning';

/** The host's English findings are clauses, as its report at the command line has them. @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {string} text @param {number} count */
const counted = (text, count) => text.replace('{count}', String(count));

export class Diagnosis {
  /** @type {{at: string, result?: DoctorResult, error?: Failure} | null} null while the computer is examined */
  #last = null;
  #busy = false;
  /** @type {'copied' | 'notCopied' | 'saved' | null} */
  #handed = null;

  constructor() {
    byId('copy').addEventListener('click', () => this.#copy());
    byId('save').addEventListener('click', () => this.#save());
  }

  /** @param {() => void} changed renders the page */
  async examine(changed) {
    if (this.#busy) return;
    this.#busy = true;
    this.#last = this.#handed = null;
    changed();
    const at = new Date().toISOString();
    try {
      this.#last = {at, result: await host.begin('doctor', {}).done};
    } catch (error) {
      const failure = failureOf(error);
      // A host that does not know the question is older than this extension.
      this.#last = {at, error: failure.code === 'unknownMethod' ? new RequestError('hostOutdated').failure : failure};
    }
    this.#busy = false;
    changed();
  }

  /** @param {PanelTexts} texts @param {Language} language @param {string} [told] the error that the page tells already */
  render(texts, language, told) {
    this.texts = texts;
    const {result, error} = this.#last ?? {};
    byId('diagnosis').dataset.state = this.#last === null ? 'examining' : error ? error.code : /** @type {DoctorResult} */ (result).level;
    byId('examining').hidden = this.#last !== null;
    for (const id of ['examine', 'copy', 'save']) /** @type {HTMLButtonElement} */ (byId(id)).disabled = this.#last === null;
    // That no profile has the extension is not so where this page is shown: it was loaded from a folder, which the host cannot see.
    const findings = (result?.findings ?? []).filter(({code}) => code !== 'extensionMissing');
    const bad = findings.filter(isBad);
    const rest = findings.filter((finding) => !isBad(finding));
    byId('verdict').replaceChildren(this.#verdict(language, bad.length, told), ...(bad.length > 0 ? [element('p', {}, texts.handOn)] : []));
    byId('problems').replaceChildren(...bad.map((finding) => row(finding, texts, language)));
    const fold = byId('rest');
    fold.hidden = rest.length === 0;
    fold.querySelector('summary')?.replaceChildren(counted(texts.rest, rest.length));
    fold.querySelector('ul')?.replaceChildren(...rest.map((finding) => row(finding, texts, language)));
    byId('handed').textContent = this.#handed ? texts[this.#handed] : '';
  }

  /** @param {Language} language @param {number} bad @param {string | undefined} told */
  #verdict(language, bad, told) {
    const texts = /** @type {PanelTexts} */ (this.texts);
    const state = (/** @type {string} */ text, kind = '') => element('p', {class: `state ${kind}`}, text);
    if (this.#last === null) return state(texts.examining);
    const {error} = this.#last;
    if (error) return error.code === told ? element('p', {}, texts.notExamined) : explain(error, texts, language);
    return bad > 0 ? state(counted(texts.wrong, bad), 'bad') : state(texts.nothingWrong, 'good');
  }

  /** What the help desk gets; nothing secret is in it, whatever language it was read in. */
  #report() {
    const {at, result, error} = /** @type {{at: string, result?: DoctorResult, error?: Failure}} */ (this.#last);
    const extension = {version, id: chrome.runtime.id};
    return `${JSON.stringify({at, extension, browser: navigator.userAgent, ...(error && {error}), ...(result && {host: result})}, null, 2)}\n`;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#report());
      this.#tell('copied');
    } catch {
      this.#tell('notCopied');
    }
  }

  #save() {
    const address = URL.createObjectURL(new Blob([this.#report()], {type: 'application/json'}));
    element('a', {href: address, download: 'cardbridge-report.json'}).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000); // a browser may read it a moment after the click
    this.#tell('saved');
  }

  /** @param {'copied' | 'notCopied' | 'saved'} what */
  #tell(what) {
    this.#handed = what;
    byId('handed').textContent = /** @type {PanelTexts} */ (this.texts)[what];
  }
}

/** @param {Finding} finding @param {PanelTexts} texts @param {Language} language */
function row(finding, texts, language) {
  const {finding: said, fix} = finding[language];
  const where = finding.where ? [texts.place, element('bdi', {translate: 'no'}, plain(finding.where)), ' · '] : [];
  return element('li', {'data-code': finding.code, 'data-level': finding.level},
    element('p', {class: 'said'}, element('span', {class: 'level'}, texts.levels[finding.level]), ' ', plain(sentence(said))),
    ...(fix ? [element('p', {}, element('b', {}, texts.toDo), plain(fix))] : []),
    element('p', {class: 'quiet name'}, ...where, `${texts.code}${finding.code}`));
}
