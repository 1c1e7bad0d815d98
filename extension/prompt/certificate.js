// One certificate, as a person knows it: whose, what kind, from whom, until when, in which reader.
import {element, plain} from '../shared/elements.js';

/** @typedef {import('../shared/types').Certificate} Certificate */
/** @typedef {import('./texts.js').Texts} Texts */

/** @param {string} time RFC 3339 @returns {string} the day here, as 2026/01/31 */
export function day(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '?';
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
}

/** @param {Certificate} certificate @param {Texts} texts @param {string} [reader] @returns {HTMLElement} */
export function certificateCard(certificate, texts, reader = certificate.reader) {
  const {fields, kinds} = texts;
  const rows = [
    [fields.issuer, certificate.issuer],
    [fields.validity, `${day(certificate.notBefore)} – ${day(certificate.notAfter)}`],
    [fields.reader, reader],
  ];
  return element('div', {class: 'certificate'},
    element('p', {class: 'holder', translate: 'no'}, element('bdi', {}, plain(certificate.holder)),
      element('span', {class: 'kind'}, kinds[certificate.kind])),
    element('dl', {}, ...rows.filter(([, value]) => value).flatMap(([label, value]) => [
      element('dt', {}, label), element('dd', {translate: 'no'}, element('bdi', {}, plain(value))),
    ])));
}

// Every card has these beside the one that logs in. They are no fault of the card, and no choice of the person's.
const ASIDE = ['encryptionOnly', 'ca'];

/**
 * The certificates that cannot be used: those that a person can do something about stand open, the card's own furniture is one
 * click away, the issuers' last. Where there is nothing else it is what the person must see.
 * @param {Certificate[]} certificates @param {Texts} texts @param {string} heading @returns {HTMLElement[]}
 */
export function unusableOnes(certificates, texts, heading) {
  const all = certificates.filter(({usable}) => !usable);
  const open = all.filter(({reason}) => !ASIDE.includes(reason ?? ''));
  const aside = all.filter((certificate) => !open.includes(certificate))
    .sort((a, b) => ASIDE.indexOf(a.reason ?? '') - ASIDE.indexOf(b.reason ?? ''));
  const list = (/** @type {Certificate[]} */ some) => element('ul', {class: 'choices'}, ...some.map((one) => unusable(one, texts)));
  /** @type {HTMLElement[]} */
  const shown = [];
  if (open.length > 0) shown.push(element('h2', {}, heading), list(open));
  if (aside.length > 0) {
    const details = element('details', {class: 'aside'}, element('summary', {}, texts.aside(aside.length)), list(aside));
    details.open = aside.length === certificates.length;
    shown.push(details);
  }
  return shown;
}

/** @param {Certificate} certificate @param {Texts} texts @returns {HTMLElement} */
function unusable(certificate, texts) {
  const {reason} = certificate;
  const why = reason && Object.hasOwn(texts.reasons, reason) ? texts.reasons[/** @type {keyof Texts['reasons']} */ (reason)] : texts.unusable;
  return element('li', {class: 'choice off'}, certificateCard(certificate, texts), element('p', {class: 'unusable'}, why));
}
