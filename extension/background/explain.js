// Failures as a page receives them: with what to tell the person, so that the SDK need not know every code.
import {ERRORS} from '../shared/errors.js';

/** @typedef {import('../shared/types').Texts} Texts */

/** @param {string} code @returns {Texts} of a code that a newer host made up: those of an error inside */
export function textsOf(code) {
  const {'zh-TW': zh, en} = Object.hasOwn(ERRORS, code) ? ERRORS[code] : ERRORS.internal;
  return {'zh-TW': zh, en};
}

/** @template {{code: string}} T @param {T} failure @returns {T & {who: string, texts: Texts}} */
export function explain(failure) {
  const {who} = Object.hasOwn(ERRORS, failure.code) ? ERRORS[failure.code] : ERRORS.internal;
  return {who, ...failure, texts: textsOf(failure.code)};
}

/** The result of any method with each code in it explained. @param {any} result @returns {unknown} */
export function explainResult(result) {
  const {code, problems, items} = result;
  return {
    ...result,
    ...(code && explain({code})),
    ...(problems && {problems: problems.map(explain)}),
    ...(items && {items: items.map((/** @type {any} */ item) => (item.error ? {error: explain(item.error)} : item))}),
  };
}
