// Cards that come and go, while the page is seen and somebody listens.
import {CardBridgeError} from './failure.js';
import {call} from './request.js';

const TYPES = ['cardinserted', 'cardremoved', 'readerchange', 'error'];
/** After these the host may be there again a moment later; after others only a reload or IT changes anything. */
const PASSING = ['hostExited', 'hostSilent', 'hostGarbled', 'internal', 'pageLeft', 'tooManyRequests'];
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** @type {Map<string, Set<(event: any) => void>>} */
const listeners = new Map(TYPES.map((type) => [type, new Set()]));
/** The states by reader, once they were heard of. @type {Map<string, string> | undefined} */
let known;
/** @type {AbortController | undefined} */
let running;

/** @param {string} type @param {(event: any) => void} listener @param {{signal?: AbortSignal}} [options] */
export function addEventListener(type, listener, {signal} = {}) {
  const all = listeners.get(type);
  if (!all) throw new TypeError(`CardBridge has no event ${type}`);
  if (signal?.aborted) return;
  all.add(listener);
  signal?.addEventListener('abort', () => removeEventListener(type, listener), {once: true});
  if (!running) void watch();
  // What the others were told already.
  for (const [reader, state] of known ?? []) {
    if (type === 'readerchange' || (type === 'cardinserted' && holds(state))) queueMicrotask(() => { if (all.has(listener)) tell(listener, {type, reader, state}); });
  }
}

/** @param {string} type @param {(event: any) => void} listener */
export function removeEventListener(type, listener) {
  listeners.get(type)?.delete(listener);
  if ([...listeners.values()].some(({size}) => size > 0)) return;
  running?.abort();
  running = known = undefined;
}

async function watch() {
  const {signal} = (running = new AbortController());
  for (let pause = FIRST_PAUSE_MS; !signal.aborted;) {
    await seen(signal);
    try {
      await call('watch', {}, {signal, onReaders: (/** @type {any[]} */ readers) => { pause = FIRST_PAUSE_MS; compare(readers); }});
    } catch (error) {
      if (signal.aborted) return;
      emit('error', {error});
      if (!(error instanceof CardBridgeError && PASSING.includes(error.code))) {
        if (running?.signal === signal) running = undefined;
        return;
      }
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
}

/** Waits until the page is seen: the extension tells no other. @param {AbortSignal} signal */
function seen(signal) {
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    const look = () => {
      if (document.visibilityState !== 'visible' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

const holds = (/** @type {string | undefined} */ state) => state !== undefined && state !== 'empty';

/** @param {{name: string, state: string}[]} readers */
function compare(readers) {
  const before = known ?? new Map(); // cards that are in at first are told too
  known = new Map(readers.map(({name, state}) => [name, state]));
  for (const reader of new Set([...before.keys(), ...known.keys()])) {
    const [was, is] = [before.get(reader), known.get(reader)];
    if (was === is) continue;
    const event = {reader, state: is ?? 'gone'};
    if (holds(is) && !holds(was)) emit('cardinserted', event);
    if (holds(was) && !holds(is)) emit('cardremoved', event);
    emit('readerchange', event);
  }
}

/** @param {string} type @param {object} event */
function emit(type, event) {
  for (const listener of [.../** @type {Set<(event: any) => void>} */ (listeners.get(type))]) tell(listener, {type, ...event});
}

/** @param {(event: any) => void} listener @param {object} event */
function tell(listener, event) {
  try {
    listener(event);
  } catch (error) {
    reportError(error); // one listener's mistake is not the next one's
  }
}
