// The prompt window: shows what its worker says, answers once, and goes when the worker goes.
import {byId, plain} from '../shared/elements.js';
import {browserLanguage, chosenLanguage} from '../shared/language.js';
import {TEXTS} from './texts.js';
import {view} from './views.js';

/** @typedef {import('../shared/types').Prompt} Prompt */
/** @typedef {import('../shared/types').Language} Language */

// A key pressed for another window must not answer this one.
const GUARD_MS = 500;
const COUNTDOWN_S = 60;

const chosen = await chosenLanguage();
const port = chrome.runtime.connect({name: 'prompt'});
const form = /** @type {HTMLFormElement} */ (byId('form'));
const ok = /** @type {HTMLButtonElement} */ (byId('ok'));
const cancel = /** @type {HTMLButtonElement} */ (byId('cancel'));

/** @type {Language | undefined} what the toggle was set to */
let toggled;
/** @type {Language} */
let language = chosen ?? browserLanguage();
/** @type {{show: string, prompt: Prompt} | null} */
let asked = null;
/** @type {string} */
let progress = 'starting';
/** @type {import('./views.js').View | null} */
let shown = null;
let deadline = 0;
/** What the help desk finds in the host's log; stays while the card works. */
let reference = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let guard;

/** Is this window, or its state, too new for an Enter? */
const guarded = () => ok.disabled && !ok.hidden;

/** OK comes to life when the guard is over. */
function startGuard() {
  ok.disabled = true;
  clearTimeout(guard);
  guard = setTimeout(() => {
    ok.disabled = false;
    // Where nothing is typed, the keyboard waits on OK; the title was read out by then.
    if (document.activeElement === byId('title') && !ok.hidden) ok.focus();
  }, GUARD_MS);
}

function render() {
  const texts = TEXTS[language];
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-Hant-TW';
  byId('brand').textContent = texts.brand;
  byId('language').textContent = texts.otherLanguage;
  byId('language').lang = language === 'en' ? 'zh-Hant-TW' : 'en';
  byId('portal-label').textContent = texts.portal;
  byId('reference').hidden = reference === '';
  byId('reference').textContent = reference && texts.reference(reference);
  shown?.clear?.();
  if (asked) renderPrompt(asked.prompt, texts);
  else renderProgress(texts);
  document.title = `${byId('title').textContent} – ${texts.brand}`;
}

/** @param {Prompt} prompt @param {import('./texts.js').Texts} texts */
function renderPrompt(prompt, texts) {
  shown = view(prompt, texts, language);
  byId('origin').textContent = plain(prompt.origin);
  Object.assign(document.body.dataset, {state: prompt.state, notice: prompt.notice ?? '', reason: prompt.reason ?? '', tone: shown.tone ?? 'plain'});
  const notice = byId('notice');
  notice.hidden = !prompt.notice;
  const notices = prompt.documents?.length ? {...texts.notices, ...texts.noticesToSign} : texts.notices;
  notice.textContent = prompt.notice ? notices[/** @type {keyof typeof notices} */ (prompt.notice)] : '';
  byId('title').textContent = shown.title;
  byId('content').replaceChildren(...shown.content);
  ok.hidden = shown.ok === undefined;
  ok.textContent = shown.ok ?? '';
  cancel.hidden = shown.cancel === '';
  cancel.textContent = shown.cancel ?? texts.buttons.cancel;
  startGuard();
  countDown();
  (shown.focus ?? (() => byId('title').focus()))();
}

/** @param {import('./texts.js').Texts} texts */
function renderProgress(texts) {
  shown = null;
  Object.assign(document.body.dataset, {state: progress === 'starting' ? 'starting' : 'progress', progress, notice: '', reason: '', tone: 'plain'});
  byId('notice').hidden = true;
  byId('countdown').hidden = true;
  byId('title').textContent = progress === 'starting' ? texts.starting : texts.progress[/** @type {keyof typeof texts.progress} */ (progress)];
  const bar = document.createElement('div');
  bar.className = 'bar';
  bar.setAttribute('role', 'progressbar');
  bar.setAttribute('aria-labelledby', 'title');
  byId('content').replaceChildren(bar);
  ok.hidden = true;
  cancel.hidden = false;
  cancel.textContent = texts.buttons.cancel;
  byId('title').focus();
}

/** Answers the open prompt, once. @param {import('../shared/types').Answer} answer */
function send(answer) {
  if (!asked) return;
  const {show} = asked;
  asked = null;
  progress = answer.action === 'pin' ? 'verifying' : 'reading';
  port.postMessage({prompt: show, answer});
  render();
}

function decline() {
  if (asked) send({action: 'cancel'});
  // Nothing is asked: closing tells the worker.
  else window.close();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!asked || !shown?.answer || ok.hidden || ok.disabled) return;
  const answer = shown.answer();
  if (answer) send(answer);
});
// The second half of a double click was meant for what stood here before. A keyboard's click has no count.
byId('buttons').addEventListener('click', (event) => {
  if (event.detail < 2) return;
  event.preventDefault();
  event.stopPropagation();
}, {capture: true});
cancel.addEventListener('click', (event) => {
  // An Enter that was meant for the window before must not decline this one; a mouse knows where it clicks.
  if (event.detail === 0 && guarded()) return;
  decline();
});
document.addEventListener('keydown', (event) => {
  // A key that is held down speaks once: the guard is over long before a slow hand lets go.
  if (event.repeat && event.key === 'Enter') event.preventDefault();
  else if (event.key === 'Escape' && !event.repeat && !event.isComposing) decline();
});
byId('language').addEventListener('click', () => {
  toggled = language = language === 'en' ? 'zh-TW' : 'en';
  render();
  byId('language').focus();
});

function countDown() {
  if (!asked) return;
  const left = Math.ceil((deadline - performance.now()) / 1000);
  const line = byId('countdown');
  line.hidden = left > COUNTDOWN_S;
  line.textContent = TEXTS[language].countdown(Math.max(0, left));
  // Read out now and then, not every second.
  line.setAttribute('aria-live', left % 20 === 0 ? 'polite' : 'off');
  if (left <= 0) send({action: 'timeout'});
}
setInterval(countDown, 1000);

port.onMessage.addListener((/** @type {import('../shared/types').ToWindow} */ message) => {
  if ('progress' in message) {
    progress = message.progress;
    asked = null;
  } else {
    asked = message;
    reference = message.prompt.reference ?? '';
    deadline = performance.now() + message.prompt.timeoutSeconds * 1000;
    language = toggled ?? chosen ?? message.prompt.language ?? browserLanguage();
  }
  render();
});
port.onDisconnect.addListener(() => {
  void chrome.runtime?.lastError;
  shown?.clear?.();
  window.close();
});
addEventListener('pagehide', () => shown?.clear?.());
render();
