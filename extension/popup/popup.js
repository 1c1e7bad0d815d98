// The toolbar window: is everything there, and may this site use it.
import {byId, element} from '../shared/elements.js';
import {whenTold} from '../shared/managed.js';
import {ask, helpOf, speak, unreachable} from '../shared/panel.js';
import {parseAddress, siteState} from '../shared/sites.js';

let {language, texts, told} = await speak();

/** What the person is asked for; known before the click, since a browser grants nothing once the click is forgotten. @type {string | null} */
let pattern = null;

/** @param {URL | null} url */
async function renderSite(url) {
  const found = await siteState(url, chrome.runtime.getManifest(), chrome.permissions);
  pattern = found.pattern;
  byId('site').textContent = texts[found.state];
  byId('site').dataset.state = found.state;
  byId('address').textContent = found.state === 'siteImpossible' ? '' : url?.origin ?? '';
  byId('enable').hidden = found.state !== 'siteOff';
}

async function renderConnection() {
  const place = byId('connection');
  place.replaceChildren(element('p', {class: 'state'}, texts.testing));
  const {error, result} = /** @type {{error?: import('../shared/types').Failure, result?: import('../shared/panel.js').PanelStatus}} */ (await ask('status'));
  const before = language;
  ({language, texts, told} = await speak()); // IT may have said which
  if (language !== before) await renderSite(url);
  place.replaceChildren(...(error ? unreachable(error, texts, language, told)
    : [element('p', {class: 'state good'}, texts.connected), ...helpOf(result?.status.helpDesk, texts)]));
}

const [tab] = await chrome.tabs.query({active: true, currentWindow: true});
const url = parseAddress(tab?.url);
byId('enable').addEventListener('click', async () => {
  // The worker hears of the grant by itself: this window may be gone when the person has answered.
  if (pattern && await chrome.permissions.request({origins: [pattern]})) await renderSite(url);
});
byId('options').addEventListener('click', () => {
  chrome.runtime.openOptionsPage();
  window.close();
});
whenTold(renderConnection);
await Promise.all([renderSite(url), renderConnection()]);
