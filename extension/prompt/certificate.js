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

/** @param {Certificate} certificate @param {Texts} texts @returns {HTMLElement} */
export function whyUnusable({reason}, texts) {
  const why = reason && Object.hasOwn(texts.reasons, reason) ? texts.reasons[/** @type {keyof Texts['reasons']} */ (reason)] : texts.unusable;
  return element('p', {class: 'unusable'}, why);
}
