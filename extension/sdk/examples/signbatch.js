import {signBatch} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '一次簽署多份', en: 'signBatch: up to 20 documents, one PIN'};
export const text = {
  'zh-TW': '一次最多 20 份，視窗全部列出，只輸入一次 PIN。每份各有自己的簽章或錯誤。',
  en: 'Up to 20 documents, all listed in the window, one PIN. Each has its own signature or its own error.',
};
export const controls = [{name: 'count', label: '份數 How many', type: 'number', value: '3'}];

export async function run({values, signal, onProgress}) {
  const documents = Array.from({length: Number(values.get('count'))}, (_, at) => ({title: `公文第 ${at + 1} 號`, content: `內容 ${at + 1}`}));
  const {items} = await signBatch(documents, {lang: 'zh-TW', signal, onProgress});
  return items.map(({signature, error}, at) => ({title: documents[at].title, ...(error ? {error} : {signature: `${signature.slice(0, 32)}…`})}));
}
