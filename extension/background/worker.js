// The service worker: builds the rooms and wires them to the browser's events, all of them in the first turn.
import {Documents} from './documents.js';
import {failureOf} from './failures.js';
import {HOST, HostLink} from './hostlink.js';
import {PromptWindows} from './prompts.js';
import {Requests} from './requests.js';
import {Sites} from './sites.js';
import {Watches} from './watches.js';
import {WebEID} from './webeid.js';
import {browserLanguage, rememberPolicyLanguage} from '../shared/language.js';

const {version} = chrome.runtime.getManifest();
const own = chrome.runtime.getURL('');

const host = new HostLink({
  connect: () => chrome.runtime.connectNative(HOST),
  lastError: () => chrome.runtime.lastError?.message,
  greeting: {version, language: browserLanguage()},
  memory: {
    seen: async () => (await chrome.storage.local.get('hostSeen')).hostSeen === true,
    remember: () => chrome.storage.local.set({hostSeen: true}),
  },
});
const prompts = new PromptWindows({windows: chrome.windows, getURL: (path) => chrome.runtime.getURL(path)});
const requests = new Requests({host, prompts, documents: new Documents(chrome.storage.session)});
const watches = new Watches(host);
const sites = new Sites(chrome);
const webEID = new WebEID({host, requests, area: chrome.storage.local, version});

chrome.runtime.onConnect.addListener((port) => {
  if (port.sender?.id !== chrome.runtime.id) port.disconnect();
  else if (port.name === 'request') requests.accept(port);
  else if (port.name === 'watch') watches.accept(port);
  else if (port.name === 'webeid-face') void webEID.face(port);
  else if (port.name === 'webeid') webEID.accept(port);
  else if (port.name === 'prompt') prompts.connect(port);
  else port.disconnect();
});

/** What the options page and the toolbar window may ask. @type {Record<string, () => Promise<unknown>>} */
const panel = {
  async status() {
    const hello = await host.hello();
    const status = await host.begin('status', {}).done;
    await rememberPolicyLanguage(status.language);
    return {hello, status};
  },
  sites: () => sites.list(),
};

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  // Only our own pages; a content script's sender has the page's address.
  if (sender.id !== chrome.runtime.id || !sender.url?.startsWith(own) || !Object.hasOwn(panel, message?.panel)) return false;
  panel[message.panel]().then((result) => answer({result}), (error) => answer({error: failureOf(error)}));
  return true;
});

chrome.permissions.onAdded.addListener(({origins = []}) => void sites.added(origins));
chrome.permissions.onRemoved.addListener(() => void sites.sync());
chrome.runtime.onInstalled.addListener(() => void sites.sync());
chrome.runtime.onStartup.addListener(() => void sites.sync());
