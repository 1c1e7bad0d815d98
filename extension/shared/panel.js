// What the options page and the toolbar window have in common: they ask the worker and explain what it says.
import {ERRORS} from './errors.js';
import {element} from './elements.js';
import {contact} from './contact.js';
import {browserLanguage, chosenLanguage, policyLanguage} from './language.js';
import {managed} from './managed.js';

/** @typedef {import('./types').Failure} Failure */
/** @typedef {import('./types').Language} Language */
/** @typedef {{hello: import('./types').HelloResult, status: import('./types').StatusResult}} PanelStatus */

const zh = {
  brand: '憑證通 CardBridge',
  options: '憑證通 CardBridge 設定',
  connection: '連線狀態',
  testing: '正在連線…',
  connected: '已連線到主程式',
  test: '測試連線',
  install: '安裝主程式',
  who: {person: '您可以自行處理', it: '請洽資訊人員處理', developer: '請洽網站開發人員', us: '請回報憑證通維護團隊'},
  help: '需要協助，請洽：',
  phone: '電話',
  versions: '版本',
  extension: '擴充功能',
  extensionId: '擴充功能識別碼',
  host: '主程式',
  system: '作業系統',
  policy: '政策來源',
  unknown: '尚未連線',
  development: '開發版',
  readers: '讀卡機',
  noReaders: '沒有找到讀卡機。請將讀卡機接上電腦的 USB 插孔。',
  readerStates: {empty: '沒有卡片', present: '有卡片', inUse: '被其他程式使用中', mute: '卡片沒有回應，請確認沒有插反'},
  modules: '讀卡元件（PKCS#11 模組）',
  noModules: '沒有找到讀卡元件。請安裝卡片的中介軟體。',
  moduleStates: {found: '已找到', missing: '沒有安裝'},
  sites: '自行加入的網站',
  noSites: '沒有。政府網站（*.gov.tw）不必加入。',
  remove: '移除',
  language: '語言',
  automatic: '依瀏覽器或網站',
  site: '目前的網站',
  siteBuiltIn: '這個網站可以使用憑證通。',
  siteAdded: '您已在這個網站啟用憑證通。',
  siteOff: '憑證通在這個網站沒有啟用。只在您信任、且需要憑證登入的網站啟用。',
  siteImpossible: '這個頁面不能使用憑證通（只限 https 網站）。',
  enable: '在這個網站啟用',
  openOptions: '設定與診斷',
  diagnosis: '診斷',
  examining: '正在檢查這台電腦，可能需要半分鐘，請稍候…',
  examine: '重新檢查',
  copy: '複製報告',
  save: '儲存報告',
  copied: '已複製。請貼到給資訊人員的訊息裡；報告沒有姓名、卡號或密碼。',
  notCopied: '無法複製，請改按「儲存報告」。',
  saved: '已儲存到下載資料夾，請把這個檔案交給資訊人員；報告沒有姓名、卡號或密碼。',
  nothingWrong: '沒有發現需要處理的問題',
  handOn: '不知道怎麼處理時，請按「複製報告」，貼給資訊人員。',
  wrong: '有 {count} 項需要處理，請從第一項開始',
  notExamined: '主程式沒有回應，所以沒有檢查這台電腦。請先照上面「連線狀態」的說明處理，再按「重新檢查」。',
  toDo: '請這樣做：',
  place: '位置：',
  code: '代碼：',
  rest: '其他檢查結果（{count} 項，不需要處理）',
  levels: {error: '錯誤', warning: '警告', info: '說明', ok: '正常'},
};

/** @type {typeof zh} */
const en = {
  brand: 'CardBridge 憑證通',
  options: 'CardBridge 憑證通 settings',
  connection: 'Connection',
  testing: 'Connecting…',
  connected: 'Connected to the host',
  test: 'Test the connection',
  install: 'Install the host',
  who: {person: 'You can mend this yourself', it: 'Ask your IT department', developer: 'Ask the developer of the web site', us: 'Report it to the makers of CardBridge'},
  help: 'For help, ask: ',
  phone: 'Phone',
  versions: 'Versions',
  extension: 'Extension',
  extensionId: 'Extension id',
  host: 'Host',
  system: 'Operating system',
  policy: 'Policy from',
  unknown: 'Not connected yet',
  development: 'development build',
  readers: 'Card readers',
  noReaders: 'No card reader was found. Plug one in.',
  readerStates: {empty: 'No card', present: 'Card present', inUse: 'Used by another program', mute: 'The card does not answer: is it upside down?'},
  modules: 'Card software (PKCS#11 modules)',
  noModules: 'None was found. Install the middleware of your card.',
  moduleStates: {found: 'Found', missing: 'Not installed'},
  sites: 'Sites that you added',
  noSites: 'None. Government sites (*.gov.tw) need not be added.',
  remove: 'Remove',
  language: 'Language',
  automatic: 'As the browser or the web site',
  site: 'This web site',
  siteBuiltIn: 'CardBridge works on this web site.',
  siteAdded: 'You turned CardBridge on for this web site.',
  siteOff: 'CardBridge is off on this web site. Turn it on only where you trust the site and log in with a certificate.',
  siteImpossible: 'CardBridge cannot be used on this page (https sites only).',
  enable: 'Turn on for this site',
  openOptions: 'Settings and diagnosis',
  diagnosis: 'Diagnosis',
  examining: 'Examining this computer; it may take half a minute…',
  examine: 'Examine again',
  copy: 'Copy the report',
  save: 'Save the report',
  copied: 'Copied. Paste it into your message to IT; it holds no name, card number or PIN.',
  notCopied: 'It could not be copied; press "Save the report" instead.',
  saved: 'Saved to your downloads. Give the file to IT; it holds no name, card number or PIN.',
  nothingWrong: 'Nothing needs your attention',
  handOn: 'If you do not know how, press "Copy the report" and send it to IT.',
  wrong: 'Needs attention: {count}. Begin with the first',
  notExamined: 'The host did not answer, so that this computer was not examined. Do what "Connection" above says first, then press "Examine again".',
  toDo: 'What to do: ',
  place: 'Where: ',
  code: 'Code: ',
  rest: 'Other results ({count}, nothing to do)',
  levels: {error: 'Error', warning: 'Warning', info: 'Note', ok: 'Fine'},
};

/** @typedef {typeof zh} PanelTexts */
/** @type {Record<Language, PanelTexts>} */
const TEXTS = {'zh-TW': zh, en};

/**
 * The language of the page, its texts, what IT told the extension; the document is told the language.
 * @returns {Promise<{language: Language, texts: PanelTexts, told: import('./managed.js').Managed}>}
 */
export async function speak() {
  const told = await managed();
  const language = await chosenLanguage() ?? await policyLanguage() ?? told.language ?? browserLanguage();
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-Hant-TW';
  const texts = TEXTS[language];
  for (const place of document.querySelectorAll('[data-text]')) {
    const text = texts[/** @type {keyof PanelTexts} */ (place.getAttribute('data-text'))];
    if (typeof text === 'string') place.textContent = text;
  }
  return {language, texts, told};
}

/** @template T @param {'status' | 'sites'} question @returns {Promise<{result?: T, error?: Failure}>} */
export function ask(question) {
  return chrome.runtime.sendMessage({panel: question});
}

/** Whom the person can ask, as the host says it. @param {import('./types').HelpDesk | undefined} helpDesk @param {PanelTexts} texts */
export function helpOf(helpDesk, texts) {
  return contact(helpDesk, {help: texts.help, phone: texts.phone});
}

/** Where installing the host is what helps. */
const INSTALL_HELPS = ['hostNotInstalled', 'hostOutdated'];

/**
 * The same where the host could not be asked, with where to install it, whom to ask: as the browser's own policy says.
 * @param {Failure} failure @param {PanelTexts} texts @param {Language} language @param {import('./managed.js').Managed} told
 */
export function unreachable(failure, texts, language, {installURL, helpDesk}) {
  const link = installURL && INSTALL_HELPS.includes(failure.code)
    ? [element('p', {class: 'install'}, element('a', {href: installURL, target: '_blank', rel: 'noopener noreferrer'}, texts.install))] : [];
  return [explain(failure, texts, language), ...link, ...helpOf(helpDesk, texts)];
}

/** What went wrong, who must act, and what to do. @param {Failure} failure @param {PanelTexts} texts @param {Language} language */
export function explain({code, who}, texts, language) {
  const {message, hint} = (Object.hasOwn(ERRORS, code) ? ERRORS[code] : ERRORS.internal)[language];
  return element('div', {class: 'failure', 'data-code': code},
    element('p', {class: 'state bad'}, message), element('p', {}, hint), element('p', {class: 'quiet'}, `${texts.who[who]} · ${code}`));
}
