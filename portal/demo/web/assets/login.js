// The login of the reference portal. Copy it: one challenge from the server, one call of the SDK, one answer to the server.
const {texts, install} = JSON.parse(document.getElementById('data').textContent);
const lang = document.documentElement.lang;
const form = document.getElementById('login');
const submit = document.getElementById('submit');
const cancel = document.getElementById('cancel');
const pinField = document.getElementById('pin'); // only with -pin-in-page
const statusLine = document.getElementById('status');
const problem = document.getElementById('problem');
const agency = document.getElementById('agency');

/** How often it is asked whether the agency's card is still there. */
const WATCH_MS = 400;

/** The server's refusal: {code, message, hint, certificate?}, both texts by language. */
class Refused extends Error {
  constructor(refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

/** The operation that is running, so that 取消 can end it. @type {AbortController | undefined} */
let running;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!running) login();
});
cancel.addEventListener('click', () => running?.abort());

let sdk;
try {
  sdk = await import('/sdk/cardbridge.js');
  sdk.configure({install});
  submit.disabled = false;
  greet();
} catch {
  show({title: texts.sdkMissing, hint: texts.sdkMissingHint, code: 'sdkMissing'});
}

/** Tells early what would go wrong later; the button works either way. */
async function greet() {
  say(texts.checking, 'busy');
  try {
    const status = await sdk.status();
    if (running) return;
    const {text, mood} = ready(status);
    say(text, mood);
    if (status.allowed && status.problem) show(explain(status.problem)); // no PC/SC, say
  } catch (error) {
    if (running) return;
    say('');
    show(explain(error));
  }
}

/** What the person reads of the readers before a login: {text, mood}. */
function ready({allowed, code, readers}) {
  if (allowed === false) return {text: texts.notAllowed};
  if (code) return {text: ''};
  if (!readers) return {text: texts.ready, mood: 'good'};
  const any = (state) => readers.some((reader) => reader.state === state);
  if (any('present')) return {text: texts.ready, mood: 'good'};
  if (any('inUse')) return {text: texts.cardInUse};
  if (any('mute')) return {text: texts.cardMute};
  return {text: readers.length === 0 ? texts.noReader : texts.noCard};
}

// A person who plugged in a reader or went for the card comes back to this window.
window.addEventListener('focus', () => { if (sdk && !running && problem.hidden) greet(); });

async function login() {
  const pin = pinField?.value;
  if (pinField) pinField.value = ''; // the page keeps no PIN while others work with it
  hideProblem();
  if (pinField && !pin) {
    say(texts.pinEmpty);
    pinField.focus();
    return;
  }
  running = new AbortController();
  const {signal} = running;
  let leaving = false;
  busy(true);
  try {
    say(texts.asking, 'busy');
    const {challengeNonce} = await post('/api/challenge', undefined, signal);
    say(pin ? texts.card : texts.window, 'busy');
    const token = await sdk.authenticate(challengeNonce, {
      lang, pin, signal,
      onProgress: (state) => say(state === 'reading' ? texts.window : texts.card, 'busy'),
    });
    say(texts.verifying, 'busy');
    const next = await verify(challengeNonce, token, signal);
    say(texts.done, 'good');
    leaving = true;
    location.assign(next);
  } catch (error) {
    say('');
    if (signal.aborted) say(texts.cancelled);
    else show(explain(error));
  } finally {
    if (!leaving) {
      running = undefined;
      busy(false);
    }
  }
}

/** Has the server verify the token; gives the page to go on with. An agency's card must stay in until the end. */
async function verify(challengeNonce, token, signal) {
  const shown = new AbortController();
  const pulled = watchAgency(token.unverifiedCertificate, shown.signal);
  try {
    const answer = await post('/api/login', {challengeNonce, token}, signal);
    shown.abort();
    if (await pulled) {
      const out = await fetch('/logout', {method: 'POST', body: new URLSearchParams({csrf: answer.csrf}), redirect: 'manual'}).catch(() => undefined);
      if (out?.type !== 'opaqueredirect') return answer.next; // not logged out: nobody shall read that nobody is in
      throw new Refused(cardPulled());
    }
    return answer.next;
  } catch (error) {
    shown.abort();
    if (!signal.aborted && await pulled) throw new Refused(cardPulled());
    throw error;
  } finally {
    agency.hidden = true;
  }
}

/** Shows that an agency's card is being verified; true if it was pulled before the signal came. */
async function watchAgency(certificate, signal) {
  let kind;
  try {
    ({cardKind: kind} = await post('/api/card', {certificate}, signal));
  } catch {
    return false; // only the display depends on it
  }
  if (kind !== 'agency' || signal.aborted) return false;
  say('');
  document.getElementById('agency-text').textContent = texts.agencyVerifying;
  agency.hidden = false;
  /** The readers that held a card when the verification began: which of them the agency's is in, nobody says. */
  let full;
  for (;;) {
    // The readers as they are now; a host that does not name them cannot be asked.
    const {readers} = await sdk.status().catch(() => ({}));
    const now = readers?.filter((reader) => reader.state !== 'empty').map((reader) => reader.name);
    full ??= now;
    if (now && (now.length === 0 || full.some((name) => !now.includes(name)))) {
      document.getElementById('agency-text').textContent = texts.cardPulled;
      return true;
    }
    if (signal.aborted) return false;
    await new Promise((resolve) => { setTimeout(resolve, WATCH_MS); signal.addEventListener('abort', resolve, {once: true}); });
  }
}

const cardPulled = () => ({code: 'cardRemoved', message: {[lang]: texts.cardPulled}, hint: {[lang]: texts.cardPulledHint}});

/** POSTs JSON; gives the answer's object, or throws Refused. */
async function post(path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: body ? {'Content-Type': 'application/json'} : {},
      body: body && JSON.stringify(body),
      credentials: 'same-origin',
      signal,
    });
  } catch (cause) {
    throw new Refused({code: 'network', message: {[lang]: texts.network}, hint: {[lang]: texts.networkHint}, cause});
  }
  let answer;
  try {
    answer = await response.json();
  } catch (cause) { // a proxy's own page, say
    throw new Refused({code: 'network', message: {[lang]: texts.network}, hint: {[lang]: texts.networkHint}, cause});
  }
  if (!response.ok) throw new Refused(answer.error);
  return answer;
}

/** What happened, and what to do, in the visitor's language. */
function explain(error) {
  if (error instanceof Refused) {
    const {code, message, hint, certificate, request} = error.refusal;
    return {title: message[lang], hint: hint[lang], code, certificate, reference: request?.slice(0, 8)};
  }
  if (error instanceof sdk.CardBridgeError) {
    return {title: error.texts[lang].message, hint: error.texts[lang].hint, code: error.code, reference: error.reference,
      unlock: error.facts?.unlockURL, install: error.install};
  }
  return {title: texts.unexpected, hint: texts.unexpectedHint, code: 'unexpected'};
}

function show({title, hint, code, reference, certificate, unlock, install: toInstall}) {
  problem.replaceChildren(element('h2', title || texts.errorTitle), element('p', hint ?? ''));
  if (toInstall) problem.append(element('p', toInstall.text[lang]));
  if (toInstall?.href) problem.append(link(toInstall.href, texts.install));
  if (unlock?.startsWith('https://')) problem.append(link(unlock, texts.unlock));
  if (certificate) problem.append(...presented(certificate));
  const details = [`${texts.code} ${code}`];
  if (reference) details.push(`${texts.reference} ${reference}`);
  problem.append(element('p', details.join('・'), 'small'));
  problem.hidden = false;
  problem.scrollIntoView({block: 'nearest'});
  if (code === 'pinLocked') document.getElementById('help-unlock').open = true;
}

function link(href, text) {
  const paragraph = element('p', undefined, 'action');
  const anchor = element('a', text);
  Object.assign(anchor, {href, target: '_blank', rel: 'noreferrer'});
  paragraph.append(anchor, element('span', ` ${new URL(href).host}`, 'small'));
  return paragraph;
}

/** The certificate's words are a stranger's: they go in as text, never as markup. */
function presented({holder, cardKind, issuer, notBefore, notAfter}) {
  const day = new Intl.DateTimeFormat(lang === 'en' ? 'en-GB' : lang, {dateStyle: 'long', timeZone: 'Asia/Taipei'});
  const list = element('dl', undefined, 'facts');
  for (const [name, value] of [
    [texts.holder, holder],
    [texts['card.kind'], texts[`card.${cardKind}`]],
    [texts.issuer, issuer],
    [texts.validity, `${day.format(new Date(notBefore))} – ${day.format(new Date(notAfter))}`],
  ]) {
    const row = element('div');
    const data = element('dd');
    data.append(element('bdi', value));
    row.append(element('dt', name), data);
    list.append(row);
  }
  return [element('h3', texts.presented), list];
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function say(text, mood = '') {
  statusLine.textContent = text;
  statusLine.dataset.mood = mood;
}

function hideProblem() {
  problem.hidden = true;
  problem.replaceChildren();
}

function busy(on) {
  submit.disabled = on;
  cancel.hidden = !on;
  form.setAttribute('aria-busy', String(on));
  if (pinField) pinField.disabled = on;
  if (!on) (pinField ?? submit).focus();
}
