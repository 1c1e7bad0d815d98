// The PIN field: what is wrong with an entry is said here, before a try is spent on it.
import {element} from '../shared/elements.js';

/** @typedef {import('./texts.js').Texts} Texts */
/** @typedef {{min: number, max: number}} Length */

/** The protocol's own limits: for a card that does not tell its own, or that tells wider ones. */
const ANY = {min: 4, max: 64};
// eslint-disable-next-line no-control-regex
const WIDE = /[^\x00-\x7f]/;

/**
 * @param {string} pin @param {Length} length in bytes, as the card counts @param {Texts} texts
 * @returns {string} why it is not sent; empty when it may be
 */
export function pinFault(pin, {min, max}, texts) {
  if (pin === '') return texts.pinEmpty;
  if (WIDE.test(pin)) return texts.pinWide;
  if (pin.length < min) return texts.pinShort(min);
  if (pin.length > max) return texts.pinLong(max);
  return '';
}

export class PinField {
  #texts;
  #length;
  #input = element('input', {
    type: 'password', id: 'pin', name: 'pin', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', maxlength: '128',
    'aria-describedby': 'pin-hint pin-fault pin-caps', 'aria-required': 'true',
  });
  #fault = element('p', {id: 'pin-fault', class: 'fault', role: 'alert', hidden: ''});
  #caps = element('p', {id: 'pin-caps', class: 'caps', 'aria-live': 'polite', hidden: ''});

  /** @param {Texts} texts @param {Length | undefined} length */
  constructor(texts, length) {
    this.#texts = texts;
    const limits = length && {min: Math.max(length.min, ANY.min), max: Math.min(length.max, ANY.max)};
    this.#length = limits && limits.min <= limits.max ? limits : ANY;
    this.#caps.textContent = texts.capsLock;
    for (const type of /** @type {const} */ (['keydown', 'keyup', 'mousedown'])) {
      this.#input.addEventListener(type, (event) => {
        this.#caps.hidden = !event.getModifierState('CapsLock');
      });
    }
    // A full-width character is told while it is typed: a masked field shows nothing of it.
    this.#input.addEventListener('input', () => this.#say(WIDE.test(this.#input.value) ? texts.pinWide : ''));
  }

  /** @returns {HTMLElement} */
  render() {
    const {min, max} = this.#length;
    const hint = this.#length === ANY ? '' : this.#texts.pinLength(min, max);
    return element('div', {class: 'pin'},
      element('div', {class: 'label'}, element('label', {for: 'pin'}, this.#texts.pinLabel), element('span', {id: 'pin-hint'}, hint)),
      this.#input, this.#caps, this.#fault);
  }

  focus() {
    this.#input.focus();
  }

  /** Takes the PIN out of the field. @returns {string | null} null when it must not be sent; the reason is shown */
  take() {
    const pin = this.#input.value;
    const fault = pinFault(pin, this.#length, this.#texts);
    this.clear();
    this.#say(fault);
    if (!fault) return pin;
    this.focus();
    return null;
  }

  clear() {
    this.#input.value = '';
  }

  /** @param {string} fault */
  #say(fault) {
    this.#fault.textContent = fault;
    this.#fault.hidden = fault === '';
    this.#input.setAttribute('aria-invalid', String(fault !== ''));
  }
}
