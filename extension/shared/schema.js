// Checks of plain JSON values: every object closed, every text bounded, own members only.

/** @typedef {(value: unknown, path: string) => void} Check throws a CheckError when the value does not fit */

export class CheckError extends Error {
  /**
   * @param {string} path where in the message, never what: a value may be a PIN
   * @param {string} why
   */
  constructor(path, why) {
    super(`${path || 'message'}: ${why}`);
    this.name = 'CheckError';
    this.path = path;
  }
}

/** Half a character: it has no UTF-8, so the other side would have to refuse the whole message. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A string of min to max UTF-16 units that matches the whole pattern.
 * @param {number} min @param {number} max @param {RegExp} [pattern] anchored @returns {Check}
 */
export function text(min, max, pattern) {
  return (value, path) => {
    if (typeof value !== 'string' || LONE_SURROGATE.test(value)) throw new CheckError(path, 'not a string');
    if (value.length < min || value.length > max) throw new CheckError(path, `not ${min} to ${max} characters`);
    if (pattern && !pattern.test(value)) throw new CheckError(path, 'not of the form demanded');
  };
}

/** A string of min to max bytes of UTF-8. @param {number} min @param {number} max @returns {Check} */
export function bytes(min, max) {
  return (value, path) => {
    if (typeof value !== 'string' || value.length > max || LONE_SURROGATE.test(value)) throw new CheckError(path, 'not a string of that size');
    const length = new TextEncoder().encode(value).length;
    if (length < min || length > max) throw new CheckError(path, `not ${min} to ${max} bytes`);
  };
}

/** @param {number} min @param {number} max @returns {Check} */
export function integer(min, max) {
  return (value, path) => {
    if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
      throw new CheckError(path, `not an integer from ${min} to ${max}`);
    }
  };
}

/** @type {Check} */
export function boolean(value, path) {
  if (typeof value !== 'boolean') throw new CheckError(path, 'not true or false');
}

/** @param {...(string | number)} values @returns {Check} */
export function oneOf(...values) {
  return (value, path) => {
    if (!values.includes(/** @type {any} */ (value))) throw new CheckError(path, 'not one of the known values');
  };
}

/** @param {number} min @param {number} max @param {Check} check @returns {Check} */
export function list(min, max, check) {
  return (value, path) => {
    if (!Array.isArray(value)) throw new CheckError(path, 'not an array');
    if (value.length < min || value.length > max) throw new CheckError(path, `not ${min} to ${max} entries`);
    value.forEach((entry, at) => check(entry, `${path}[${at}]`));
  };
}

/**
 * A closed object; a member named with a question mark at the end may be absent.
 * A member that is present as undefined (structured clone keeps it) counts as absent.
 * @param {Record<string, Check>} members @param {{open?: boolean}} [options] @returns {Check}
 */
export function object(members, {open = false} = {}) {
  /** @type {Map<string, {check: Check, required: boolean}>} */
  const known = new Map();
  for (const [name, check] of Object.entries(members)) {
    const required = !name.endsWith('?');
    known.set(required ? name : name.slice(0, -1), {check, required});
  }
  return (value, path) => {
    if (!isRecord(value)) throw new CheckError(path, 'not an object');
    const present = Object.keys(value).filter((name) => value[name] !== undefined);
    for (const name of present) {
      const member = known.get(name);
      if (member) member.check(value[name], path ? `${path}.${name}` : name);
      else if (!open) throw new CheckError(path, 'an unknown member');
    }
    for (const [name, {required}] of known) {
      if (required && !present.includes(name)) throw new CheckError(path ? `${path}.${name}` : name, 'missing');
    }
  };
}

/** Any JSON of at most `size` characters and four levels. @param {number} size @returns {Check} */
export function json(size) {
  /** @param {unknown} value @returns {number} */
  const depth = (value) => (typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0);
  return (value, path) => {
    if (!isRecord(value) || JSON.stringify(value).length > size) throw new CheckError(path, 'not a small object');
    if (depth(value) > 4) throw new CheckError(path, 'nested too deep');
  };
}
