import {certificates} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '卡片上的憑證', en: 'certificates: what is on the cards'};
export const text = {
  'zh-TW': '列出所有卡片上的憑證；不能用的也列出，並說明原因。需要使用者按過按鈕。',
  en: 'All certificates on all cards; those that cannot be used say why. Needs a click.',
};

export async function run({signal}) {
  const {certificates: list, problems} = await certificates({signal});
  return {
    certificates: list.map(({holder, kind, issuer, notAfter, usable, reason}) => ({holder, kind, issuer, notAfter, usable, reason})),
    problems: problems.map(({texts}) => texts['zh-TW'].message),
  };
}
