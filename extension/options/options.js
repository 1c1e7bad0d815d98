// The options page: the state of the connection, diagnosis, what the host sees, added sites, language, versions.
import {byId, element, plain} from '../shared/elements.js';
import {chooseLanguage, chosenLanguage} from '../shared/language.js';
import {whenTold} from '../shared/managed.js';
import {ask, helpOf, speak, unreachable} from '../shared/panel.js';
import {Diagnosis} from './diagnosis.js';

/** @typedef {import('../shared/panel.js').PanelStatus} PanelStatus */

let {language, texts, told} = await speak();
/** @type {{result?: PanelStatus, error?: import('../shared/types').Failure} | null} null while it is asked */
let state = null;
const diagnosis = new Diagnosis();

/** @param {string} id @param {HTMLElement[]} rows @param {string} none */
function fill(id, rows, none) {
  byId(id).replaceChildren(...(rows.length > 0 ? rows : [element('li', {class: 'quiet'}, none)]));
}

/** @param {string} name @param {string} value @param {boolean} good */
function row(name, value, good) {
  return element('li', {}, element('span', {class: 'name', translate: 'no'}, element('bdi', {}, plain(name))),
    element('span', {class: good ? 'good' : 'quiet'}, value));
}

function renderConnection() {
  const place = byId('connection');
  place.dataset.state = state === null ? 'testing' : state.error ? state.error.code : 'connected';
  if (state === null) place.replaceChildren(element('p', {class: 'state'}, texts.testing));
  else if (state.error) place.replaceChildren(...unreachable(state.error, texts, language, told));
  else place.replaceChildren(element('p', {class: 'state good'}, texts.connected), ...helpOf(state.result?.status.helpDesk, texts));
}

function renderHost() {
  const {hello, status} = state?.result ?? {};
  fill('readers', (status?.readers ?? []).map(({name, state: is}) => row(name, texts.readerStates[is], is === 'present')),
    status ? texts.noReaders : texts.unknown);
  fill('modules', (status?.modules ?? []).map(({path, state: is}) => row(path, texts.moduleStates[is], is === 'found')),
    status ? texts.noModules : texts.unknown);
  const build = hello?.host.build === 'dev' ? ` (${texts.development})` : '';
  const rows = [
    [texts.extension, chrome.runtime.getManifest().version],
    [texts.extensionId, chrome.runtime.id],
    [texts.host, hello ? `${hello.host.version}${build}` : texts.unknown],
    [texts.system, hello ? `${hello.host.os} ${hello.host.arch}` : ''],
    [texts.policy, status?.policy?.source ?? ''],
  ];
  byId('versions').replaceChildren(...rows.filter(([, value]) => value).flatMap(([label, value]) => [
    element('dt', {}, label), element('dd', {translate: 'no'}, plain(value)),
  ]));
}

async function renderSites() {
  const {result: patterns = []} = /** @type {{result?: string[]}} */ (await ask('sites'));
  fill('sites', patterns.map((pattern) => {
    const remove = element('button', {type: 'button', 'aria-label': `${texts.remove} ${pattern}`}, texts.remove);
    remove.addEventListener('click', async () => {
      await chrome.permissions.remove({origins: [pattern]});
      await renderSites();
    });
    return element('li', {}, element('span', {class: 'name', translate: 'no'}, pattern.replace(/\/\*$/, '')), remove);
  }), texts.noSites);
}

function render() {
  document.title = texts.options;
  renderConnection();
  renderHost();
  diagnosis.render(texts, language, state?.error?.code);
}

async function test() {
  state = null;
  render();
  state = /** @type {any} */ (await ask('status'));
  ({language, texts, told} = await speak()); // IT may have said which
  render();
}

async function speakAnew() {
  ({language, texts, told} = await speak());
  render();
  await renderSites();
}

const select = /** @type {HTMLSelectElement} */ (byId('language'));
select.value = await chosenLanguage() ?? '';
select.addEventListener('change', async () => {
  await chooseLanguage(select.value === '' ? undefined : /** @type {any} */ (select.value));
  await speakAnew();
});
whenTold(speakAnew);
byId('test').addEventListener('click', test);
byId('examine').addEventListener('click', () => Promise.all([test(), diagnosis.examine(render)]));
await Promise.all([renderSites(), test(), diagnosis.examine(render)]);
