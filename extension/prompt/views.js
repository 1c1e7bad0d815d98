// What each state of a prompt shows, and what its OK answers.
import {ERRORS} from '../shared/errors.js';
import {element, plain} from '../shared/elements.js';
import {contact} from '../shared/contact.js';
import {certificateCard, unusableOnes} from './certificate.js';
import {PinField} from './pinfield.js';

/** @typedef {import('../shared/types').Prompt} Prompt */
/** @typedef {import('../shared/types').Answer} Answer */
/** @typedef {import('../shared/types').Certificate} Certificate */
/** @typedef {import('../shared/types').Language} Language */
/** @typedef {import('./texts.js').Texts} Texts */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {'plain' | 'warn' | 'stop'} [tone]
 * @property {Node[]} content
 * @property {string} [ok] the label of OK; without it there is none
 * @property {string} [cancel] the label of Cancel; empty: there is none
 * @property {() => Answer | null} [answer] of OK; null: not yet
 * @property {() => void} [focus] where the keyboard goes; by default to the title
 * @property {() => void} [clear] wipes what was typed
 */

// No event of a reader tells the host that these are mended.
const UNSEEN = new Set(['pcscMissing', 'noModule', 'moduleFailed', 'moduleTimeout', 'moduleInvalid']);

/** @param {Prompt} prompt @param {Texts} texts @param {Language} language @returns {View} */
export function view(prompt, texts, language) {
  return views[prompt.state](prompt, texts, language);
}

/** @type {Record<Prompt['state'], (prompt: Prompt, texts: Texts, language: Language) => View>} */
const views = {choose, wait, pin, pinPad, lastTry, locked};

/** @param {Prompt} prompt @param {Texts} texts @returns {View} */
function choose(prompt, texts) {
  const {certificates = []} = prompt;
  const usable = certificates.filter((certificate) => certificate.usable);
  const choices = usable.map((certificate, at) => {
    const input = element('input', {type: 'radio', name: 'certificate', value: certificate.id, id: `choice-${at}`});
    input.checked = at === 0;
    const label = element('label', {for: input.id}, certificateCard(certificate, texts));
    return element('li', {role: 'none', class: 'choice'}, input, label); // a radio group has no list items
  });
  const group = element('ul', {role: 'radiogroup', 'aria-labelledby': 'title', class: 'choices'}, ...choices);
  const checked = () => /** @type {HTMLInputElement | null} */ (group.querySelector('input:checked'));
  return {
    title: titleOf(prompt, texts.choose, texts.chooseToSign),
    content: [...documents(prompt, texts), group, ...unusableOnes(certificates, texts, texts.unusable)],
    ok: texts.buttons.choose,
    answer: () => {
      const certificate = checked()?.value;
      return certificate ? {action: 'choose', certificate} : null;
    },
    focus: () => checked()?.focus(),
  };
}

/** @param {Prompt} prompt @param {Texts} texts @param {Language} language @returns {View} */
function wait({reason = '', kinds = [], certificates = [], issuers = [], installURL, helpDesk}, texts, language) {
  const error = Object.hasOwn(ERRORS, reason) ? ERRORS[reason] : ERRORS.internal;
  const wrong = reason === 'wrongCard' ? wrongCard(certificates, kinds, texts) : undefined;
  const {message, hint} = wrong ?? error[language];
  /** @type {HTMLElement[]} */
  const content = [element('p', {class: 'hint'}, hint)];
  if (error.who === 'it') content.unshift(element('p', {class: 'hint'}, element('strong', {}, texts.askIT)));
  if (installURL) content.push(link('install', installURL, texts.install));
  content.push(...contact(helpDesk, texts));
  if (issuers.length > 0) content.push(element('p', {class: 'wanted'}, texts.issuersAllowed, element('strong', {}, issuers.map(plain).join(texts.separator))));
  if (kinds.length > 0 && !wrong) content.push(element('p', {class: 'wanted'}, texts.wanted, element('strong', {}, kindNames(kinds, texts))));
  // Good ones too, where the web site named another: the person sees which card this is.
  const good = certificates.filter(({usable}) => usable);
  if (good.length > 0) content.push(element('h2', {}, texts.onCard), ...good.map((one) => certificateCard(one, texts, one.reader)));
  content.push(...unusableOnes(certificates, texts, texts.onCard));
  content.push(element('p', {class: 'quiet'}, UNSEEN.has(reason) ? texts.waitingRetry : texts.waiting));
  return {title: message, tone: 'warn', content, ok: texts.buttons.wait, answer: () => ({action: 'retry'})};
}

/** Where to go on, and whose page that is. @param {string} id @param {string} url https, checked @param {string} words */
function link(id, url, words) {
  return element('p', {class: 'link'}, element('a', {id, href: url, target: '_blank', rel: 'noopener noreferrer'}, words),
    element('span', {class: 'address', translate: 'no'}, plain(new URL(url).host)));
}

/** @param {ReadonlyArray<import('../shared/types').Kind>} kinds @param {Texts} texts */
function kindNames(kinds, texts) {
  return kinds.map((kind) => texts.kinds[kind]).join(texts.separator);
}

/**
 * Which card this is, which one is wanted.
 * @param {Certificate[]} certificates @param {Prompt['kinds'] & {}} kinds @param {Texts} texts
 */
function wrongCard(certificates, kinds, texts) {
  const here = [...new Set(certificates.filter(({reason}) => reason === 'wrongKind').map(({kind}) => kind))];
  if (here.length === 0) return undefined;
  const is = kindNames(here, texts);
  // The web site would take it, but IT's policy does not: another card of this kind would meet the same refusal.
  if (kinds.length === 0 || here.some((kind) => kinds.includes(kind))) return texts.barredCard(is);
  return texts.wrongCard(is, kindNames(kinds, texts));
}

/** @param {Prompt} prompt @param {Texts} texts @returns {Node[]} */
function card({certificate, reader}, texts) {
  return certificate ? [certificateCard(certificate, texts, reader)] : [];
}

/** A title longer than this may not be seen whole; then it stands below its digest, too. */
const CLIPPED = 60;

/** What the PIN signs: nothing for a login. @param {Prompt} prompt @param {Texts} texts @returns {Node[]} */
function documents({documents: list = []}, texts) {
  if (list.length === 0) return [];
  const raw = list.length === 1 && list[0].title === '';
  const items = list.map(({title, size, digest, hash}) => element('li', {class: 'document'},
    element('bdi', {class: 'title', translate: 'no'}, raw ? texts.rawDigest : plain(title)),
    // A digest of the page's may come without a size.
    element('span', {class: 'size'}, raw || size === 0 ? '' : byteSize(size)),
    element('details', {}, element('summary', {}, texts.digest), element('code', {translate: 'no'}, `${hash} ${digest}`),
      ...(title.length > CLIPPED ? [element('bdi', {class: 'whole', translate: 'no'}, plain(title))] : []))));
  return [element('h2', {}, raw ? texts.signRaw : texts.documents(list.length)), element('ol', {class: 'documents'}, ...items)];
}

/** @param {Prompt} prompt @param {string} login the title where nothing but a login is signed @param {string} sign the other one */
function titleOf({documents: list = []}, login, sign) {
  return list.length === 0 ? login : sign;
}

/** @param {number} size in bytes */
function byteSize(size) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const at = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(size) / Math.log(1024)));
  const value = size / 1024 ** at;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** @param {Prompt} prompt @param {Texts} texts @returns {HTMLElement} */
function triesLine({tries}, texts) {
  const state = tries?.state ?? 'unknown';
  const left = tries?.left ?? 0;
  const words = state === 'exactly' ? texts.tries.exactly(left) : texts.tries[state];
  const near = state === 'last' || (state === 'exactly' && left <= 1);
  return element('p', {class: near ? 'tries near' : 'tries', id: 'tries'}, words);
}

/** @param {Prompt} prompt @param {Texts} texts @returns {View} */
function pin(prompt, texts) {
  const field = new PinField(texts, prompt.pinLength);
  return {
    title: titleOf(prompt, texts.pin, texts.pinToSign),
    content: [...documents(prompt, texts), ...card(prompt, texts), field.render(), triesLine(prompt, texts), element('p', {class: 'quiet'}, texts.pinNote)],
    ok: texts.buttons.pin,
    answer: () => {
      const typed = field.take();
      return typed === null ? null : {action: 'pin', pin: typed};
    },
    focus: () => field.focus(),
    clear: () => field.clear(),
  };
}

/** @param {Prompt} prompt @param {Texts} texts @returns {View} */
function pinPad(prompt, texts) {
  return {
    title: texts.pinPad,
    content: [element('p', {class: 'hint'}, texts.pinPadNote), ...documents(prompt, texts), ...card(prompt, texts), triesLine(prompt, texts)],
  };
}

/** @param {Prompt} prompt @param {Texts} texts @returns {View} */
function lastTry(prompt, texts) {
  return {
    title: texts.lastTry,
    tone: 'stop',
    content: [
      element('p', {class: 'hint strong'}, texts.lastTryText), element('p', {class: 'hint'}, texts.lastTryAsk), ...documents(prompt, texts), ...card(prompt, texts),
    ],
    ok: texts.buttons.lastTry,
    cancel: texts.buttons.lastTryCancel,
    answer: () => ({action: 'confirm'}),
    // An Enter out of habit must not spend the last try.
    focus: () => document.getElementById('cancel')?.focus(),
  };
}

/** @param {Prompt} prompt @param {Texts} texts @returns {View} */
function locked(prompt, texts) {
  const unlock = prompt.unlockURL ? [link('unlock', prompt.unlockURL, texts.lockedLink)] : [];
  const content = [element('p', {class: 'hint'}, texts.lockedText), ...unlock, ...contact(prompt.helpDesk, texts), ...card(prompt, texts)];
  return {title: texts.locked, tone: 'stop', content, ok: texts.buttons.locked, cancel: '', answer: () => ({action: 'close'})};
}
