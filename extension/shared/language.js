// Which language a page of the extension speaks.

/** @typedef {import('./types').Language} Language */

/** The browser's language; whoever has neither Chinese nor English gets Chinese, the portals' own. @returns {Language} */
export function browserLanguage() {
  return /^en\b/i.test(chrome.i18n.getUILanguage()) ? 'en' : 'zh-TW';
}

/** The person's own choice in the options, if any. @returns {Promise<Language | undefined>} */
export async function chosenLanguage() {
  const {language} = await chrome.storage.local.get('language');
  return language === 'zh-TW' || language === 'en' ? language : undefined;
}

/** @param {Language | undefined} language undefined: as the browser */
export async function chooseLanguage(language) {
  if (language) await chrome.storage.local.set({language});
  else await chrome.storage.local.remove('language');
}

/** IT's choice, as the host told it last: known before the host has answered. @returns {Promise<Language | undefined>} */
export async function policyLanguage() {
  const {policyLanguage: language} = await chrome.storage.local.get('policyLanguage');
  return language === 'zh-TW' || language === 'en' ? language : undefined;
}

/** @param {Language | undefined} language */
export async function rememberPolicyLanguage(language) {
  if (language) await chrome.storage.local.set({policyLanguage: language});
  else await chrome.storage.local.remove('policyLanguage');
}
