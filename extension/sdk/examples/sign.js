import {sign} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '簽署一份文件', en: 'sign: one document'};
export const text = {
  'zh-TW': '視窗會列出標題、大小與摘要，輸入 PIN 後得到 CMS SignedData（RFC 5652）。大檔案在網頁裡邊讀邊算摘要。',
  en: 'The window lists title, size and digest; after the PIN you get a CMS SignedData (RFC 5652). Large files are digested here, piece by piece.',
};
export const controls = [
  {name: 'title', label: '標題 Title', value: '差假申請單'},
  {name: 'text', label: '內容 Text', value: '事由：出席會議'},
  {name: 'file', label: '或檔案 or a file', type: 'file'},
  {name: 'hash', label: '雜湊 Hash', options: ['SHA-256', 'SHA-384', 'SHA-512']},
  {name: 'attached', label: '簽章內含內容（512 KiB 以內） attached', type: 'checkbox'},
];

export async function run({values, signal, onProgress}) {
  const file = values.get('file');
  const content = file?.size > 0 ? file : values.get('text');
  const document = {title: values.get('title'), content, attached: values.has('attached')};
  const {signature} = await sign(document, {hash: values.get('hash'), lang: 'zh-TW', signal, onProgress});
  // Yours: POST it to the server. Here: look at it with openssl asn1parse, or openssl cms -verify.
  return {signature};
}
