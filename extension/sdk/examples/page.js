// What all example pages have in common: the list of calls, the form, the outcome, the code of the call.
import {CardBridgeError, configure} from '/sdk/cardbridge.js';

const CALLS = ['isavailable', 'status', 'certificates', 'authenticate', 'sign', 'signbatch', 'events'];
const get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (get('form'));
const outcome = get('outcome');
const progress = /** @type {HTMLProgressElement} */ (get('progress'));

// A portal names its own places; an error then carries the one for this browser and system.
configure({install: [
  {part: 'extension', text: {'zh-TW': '請安裝擴充功能', en: 'Install the extension'}},
  {part: 'host', text: {'zh-TW': '請安裝主程式', en: 'Install the host'}},
]});

const chosen = CALLS.find((call) => location.search === `?${call}`);
get('calls').append(...CALLS.map((call) => {
  const link = Object.assign(document.createElement('a'), {href: `?${call}`, textContent: call});
  if (call === chosen) link.setAttribute('aria-current', 'page');
  return link;
}));
if (chosen) await show(chosen);

/** @param {string} call */
async function show(call) {
  const {title, text, controls = [], run} = await import(`./${call}.js`);
  document.title = `${title.en} · CardBridge SDK`;
  get('title').replaceChildren(title['zh-TW'], Object.assign(document.createElement('span'), {lang: 'en', textContent: title.en}));
  get('zh').textContent = text['zh-TW'];
  get('en').textContent = text.en;
  get('controls').append(...controls.map(control));
  const code = await (await fetch(`./${call}.js`)).text();
  // Without what only this page shows.
  get('code').textContent = code.slice(0, code.indexOf('\nexport')) + code.slice(code.search(/\nexport (async )?function/));
  form.hidden = get('source').hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void perform(run);
  });
}

/** @param {{name: string, label: string, type?: string, value?: string, options?: string[]}} control */
function control({name, label, type = 'text', value = '', options}) {
  const field = options ? document.createElement('select') : document.createElement('input');
  if (field instanceof HTMLSelectElement) field.append(...(options ?? []).map((option) => new Option(option, option)));
  else Object.assign(field, type === 'file' ? {type} : {type, value});
  field.name = field.id = name;
  const box = document.createElement('label');
  box.append(...(type === 'checkbox' ? [field, label] : [label, field]));
  return box;
}

/** @param {(parts: {values: FormData, signal: AbortSignal, onProgress: Function, say: (value: unknown) => void}) => Promise<unknown>} run */
async function perform(run) {
  const controller = new AbortController();
  const cancel = /** @type {HTMLButtonElement} */ (get('cancel'));
  const button = /** @type {HTMLButtonElement} */ (get('run'));
  cancel.onclick = () => controller.abort();
  button.disabled = !(cancel.disabled = false);
  say('…');
  try {
    const result = await run({values: new FormData(form), signal: controller.signal, onProgress, say});
    if (result !== undefined) say(result, 'good');
  } catch (error) {
    say(explain(error), 'bad');
  } finally {
    progress.hidden = true;
    button.disabled = !(cancel.disabled = true);
  }
}

/** @param {string} state @param {number} [share] */
function onProgress(state, share) {
  progress.hidden = false;
  if (share === undefined) progress.removeAttribute('value');
  else progress.value = share;
  say(state);
}

/** @param {unknown} value @param {string} [mood] */
function say(value, mood = '') {
  outcome.className = `${mood} ${typeof value === 'string' ? '' : 'raw'}`;
  outcome.textContent = typeof value === 'string' ? value : JSON.stringify(value, (_, part) => (part instanceof CardBridgeError ? part.code : part), 2);
}

/** Every error has its words in both languages, and what to do. @param {unknown} error */
function explain(error) {
  if (!(error instanceof CardBridgeError)) return error instanceof DOMException && error.name === 'AbortError' ? '已取消 Cancelled' : String(error);
  const {texts: {'zh-TW': zh, en}, code, who, reference, install} = error;
  return [zh.message, zh.hint, install?.text?.['zh-TW'], '', en.message, en.hint, install?.text?.en, '', `${code} · ${who}${reference ? ` · ${reference}` : ''}`]
    .filter((line) => line !== undefined).join('\n');
}
