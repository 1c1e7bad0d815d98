import {status} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '狀態', en: 'status: versions, permissions, readers'};
export const text = {
  'zh-TW': '版本、這個網站能做什麼、讀卡機的狀態。缺少什麼時，problem 說明原因與處理方式。',
  en: 'Versions, what this site may do, the readers. If something is missing, problem says what, with its texts.',
};

export async function run({signal}) {
  const {problem, ...rest} = await status({signal});
  if (problem) throw problem;
  return rest;
}
