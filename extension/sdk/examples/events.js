import {addEventListener} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '插卡與拔卡', en: 'events: cards that come and go'};
export const text = {
  'zh-TW': '按「執行」後，插入或拔出卡片會列在下面，直到按「取消」。網頁在背景時不會收到。',
  en: 'After Run, each card that comes or goes is listed below, until Cancel. Pages in the background hear nothing.',
};

export function run({signal, say}) {
  const seen = ['等待卡片… Waiting for a card…'];
  const note = ({type, reader, state}) => {
    seen.push(`${type} · ${reader} · ${state}`);
    say(seen.join('\n'));
  };
  for (const type of ['cardinserted', 'cardremoved']) addEventListener(type, note, {signal});
  return new Promise((_, reject) => {
    addEventListener('error', ({error}) => reject(error), {signal});
    signal.addEventListener('abort', () => reject(signal.reason));
    say(seen[0]);
  });
}
