// The toolbar window: is everything there, and may this site use it.
import {byId, element} from '../shared/elements.js';
import {ask, explain, speak} from '../shared/panel.js';
import {builtInPatterns, matches, parseAddress, patternOf} from '../shared/sites.js';

const {language, texts} = await speak();

/** @param {URL | null} url @returns {Promise<'siteBuiltIn' | 'siteAdded' | 'siteOff' | 'siteImpossible'>} */
async function siteState(url) {
  if (!url) return 'siteImpossible';
  if (builtInPatterns(chrome.runtime.getManifest()).some((pattern) => matches(pattern, url))) return 'siteBuiltIn';
  const pattern = patternOf(url);
  if (!pattern) return 'siteImpossible';
  return await chrome.permissions.contains({origins: [pattern]}) ? 'siteAdded' : 'siteOff';
}

/** @param {URL | null} url */
async function renderSite(url) {
  const state = await siteState(url);
  byId('site').textContent = texts[state];
  byId('site').dataset.state = state;
  byId('address').textContent = state === 'siteImpossible' ? '' : url?.origin ?? '';
  byId('enable').hidden = state !== 'siteOff';
}

async function renderConnection() {
  const place = byId('connection');
  place.replaceChildren(element('p', {class: 'state'}, texts.testing));
  const {error} = await ask('status');
  place.replaceChildren(error ? explain(error, texts, language) : element('p', {class: 'state good'}, texts.connected));
}

const [tab] = await chrome.tabs.query({active: true, currentWindow: true});
const url = parseAddress(tab?.url);
byId('enable').addEventListener('click', async () => {
  const pattern = url && patternOf(url);
  // The worker hears of the grant by itself: this window may be gone when the person has answered.
  if (pattern && await chrome.permissions.request({origins: [pattern]})) await renderSite(url);
});
byId('options').addEventListener('click', () => {
  chrome.runtime.openOptionsPage();
  window.close();
});
await Promise.all([renderSite(url), renderConnection()]);
