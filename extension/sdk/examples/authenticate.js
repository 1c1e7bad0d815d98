import {authenticate} from '/sdk/cardbridge.js';

export const title = {'zh-TW': '登入', en: 'authenticate: log in with the card'};
export const text = {
  'zh-TW': '伺服器給一次性的 challengeNonce，卡片簽回一個權杖（Web eID token），由伺服器驗證。PIN 只輸入在憑證通自己的視窗。',
  en: 'The server gives a challengeNonce, the card answers with a Web eID token, the server verifies it. The PIN is typed into CardBridge’s own window alone.',
};

export async function run({signal, onProgress}) {
  // Yours: POST /api/challenge. A nonce that the page makes itself proves nothing.
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(33))));
  const token = await authenticate(nonce, {kinds: ['citizen', 'agency'], lang: 'zh-TW', signal, onProgress});
  // Yours: POST the token to the server as it is.
  return token;
}
