import {isAvailable} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '能不能用？', en: 'isAvailable: can it be used?'};
export const text = {
  'zh-TW': '擴充功能與主程式都在、這個網站也被允許時是 true。不會開視窗，也不需要按鈕。',
  en: 'true when extension and host are there and this site is allowed. No window, no click needed.',
};

export async function run({signal}) {
  return await isAvailable({signal}) ? '可以使用 Available' : '無法使用，原因請看 status() Not available; status() tells why';
}
