// What the prompt window says, in both languages. Reasons to wait are errors of the table and are not repeated here.

const zh = {
  brand: '憑證通 CardBridge',
  otherLanguage: 'English',
  portal: '要求使用憑證的網站',
  choose: '請選擇要使用的憑證',
  unusable: '不能使用的憑證',
  pin: '請輸入卡片密碼（PIN 碼）',
  chooseToSign: '請選擇用來簽署的憑證',
  pinToSign: '請輸入 PIN 碼以簽署文件',
  /** @param {number} count */
  documents: (count) => (count === 1 ? '即將簽署的文件' : `即將簽署的 ${count} 份文件`),
  digest: '文件摘要（核對用）',
  signRaw: '網站要求簽署一段資料',
  rawDigest: '只有摘要，看不到內容；請確認您信任這個網站。',
  pinLabel: 'PIN 碼',
  pinNote: 'PIN 碼只在這個視窗輸入，網站看不到。',
  /** @param {number} min @param {number} max */
  pinLength: (min, max) => (min === max ? `${min} 個半形字元` : `${min} 至 ${max} 個半形字元`),
  pinEmpty: '請先輸入 PIN 碼。',
  /** @param {number} min */
  pinShort: (min) => `PIN 碼太短，至少要 ${min} 個字元。沒有送出，次數沒有減少。`,
  /** @param {number} max */
  pinLong: (max) => `PIN 碼太長，最多 ${max} 個字元。沒有送出，次數沒有減少。`,
  pinWide: 'PIN 碼裡有全形或中文字元。請切換成英數半形再輸入一次。沒有送出，次數沒有減少。',
  capsLock: '大寫鎖定（Caps Lock）已開啟，打出的英文字母是大寫。PIN 碼是小寫時，請先按一下 Caps Lock 鍵。',
  pinPad: '請在讀卡機的按鍵上輸入 PIN 碼',
  pinPadNote: '請看讀卡機的小螢幕，在它的按鍵輸入 PIN 碼，再按讀卡機上的確認鍵。這台電腦上不必輸入任何東西。',
  lastTry: '這是最後一次機會',
  lastTryText: '再輸入錯誤 1 次就會鎖卡，必須解鎖（解卡）後才能再用。',
  lastTryAsk: '不確定 PIN 碼的話，請先取消，查明後再試。',
  locked: '卡片已鎖住',
  lockedText: 'PIN 碼錯誤次數過多，這張卡片的 PIN 碼已無法使用。請到發卡的憑證管理中心辦理解鎖（解卡），之後就能再使用。',
  lockedLink: '前往解鎖（解卡）網頁，在新分頁開啟',
  tries: {
    unknown: '卡片沒有提供剩餘次數。連續輸入錯誤會鎖卡，請小心輸入。',
    atLeastTwo: '至少還可以試 2 次。連續輸入錯誤會鎖卡，請小心輸入。',
    /** @param {number} left */
    exactly: (left) => (left <= 1 ? '再輸入錯誤 1 次就會鎖卡。' : `還可以試 ${left} 次。連續輸入錯誤 ${left} 次就會鎖卡。`),
    last: '再輸入錯誤 1 次就會鎖卡。',
    locked: '卡片已鎖住。',
  },
  notices: {
    wrongPIN: 'PIN 碼錯誤，沒有登入。',
    pinTooShort: 'PIN 碼太短。請重新輸入。',
    pinTooLong: 'PIN 碼太長。請重新輸入。',
    pinRefused: '卡片不接受這個 PIN 碼的格式，沒有檢核。請確認長度與字元後重新輸入。',
    cardChanged: '卡片或讀卡機有變動，剛才輸入的內容已清除。',
    outcomeUnknown: '卡片剛才沒有回應，不確定剛才的 PIN 碼是否已計入錯誤次數。請先看清楚下面的次數。',
    pinFromPageDropped: '網站送來的 PIN 碼沒有使用。請在這裡輸入。',
    triesChanged: '剛才有其他程式在這張卡片上輸入過錯誤的 PIN 碼，剩餘次數變少了。您輸入的沒有送出，請看清楚次數再決定。',
  },
  noticesToSign: {wrongPIN: 'PIN 碼錯誤，沒有簽署。'}, // where it is no login
  progress: {
    reading: '正在讀取卡片，請稍候',
    verifying: '正在檢核 PIN 碼，請勿拔出卡片',
    signing: '簽署中，請勿拔出卡片',
    resetting: '即將完成，請勿拔出卡片',
  },
  fields: {issuer: '發證單位', validity: '有效期限', reader: '讀卡機'},
  wanted: '網站要求的憑證：',
  onCard: '卡片裡的憑證',
  /** @param {number} count */
  aside: (count) => `其他 ${count} 張憑證（加密用、發證機關的），這裡用不到`,
  /** @param {string} is @param {string} wanted */
  wrongCard: (is, wanted) => ({message: `這張是${is}，網站要的是${wanted}`, hint: `請拔出這張卡片，改插${wanted}。`}),
  /** @param {string} is */
  barredCard: (is) => ({message: `這張是${is}，這部電腦的設定不允許用它登入這個網站`, hint: '請改用其他種類的卡片，或請資訊人員檢查政策檔中這個網站的 cardKinds。'}),
  askIT: '請通知資訊人員處理，並告知作業編號與以下說明：',
  waiting: '處理好之後，視窗會自動繼續。',
  waitingRetry: '處理好之後，請按「重試」。',
  kinds: {citizen: '自然人憑證', agency: '機關憑證', organisation: '組織及團體憑證', business: '工商憑證', test: '測試憑證', other: '其他憑證'},
  reasons: {
    expired: '憑證已過期', notYetValid: '憑證尚未生效', encryptionOnly: '加密用憑證，不能登入', otherPurpose: '用途不是登入',
    wrongKind: '不是網站要求的種類', keyUnsupported: '不支援的金鑰', ca: '發證機關自己的憑證，不能登入',
  },
  buttons: {choose: '使用這張憑證', wait: '重試', pin: '確定', lastTry: '我確定知道 PIN 碼，繼續', locked: '關閉', cancel: '取消', lastTryCancel: '取消，先不輸入'},
  /** @param {number} seconds */
  countdown: (seconds) => `還剩 ${seconds} 秒，時間到會自動取消。`,
  /** @param {string} number */
  reference: (number) => `作業編號 ${number}`,
  starting: '請稍候',
  separator: '、',
};

/** @type {typeof zh} */
const en = {
  brand: 'CardBridge 憑證通',
  otherLanguage: '中文',
  portal: 'Web site that asks for your certificate',
  choose: 'Choose the certificate to use',
  unusable: 'These cannot be used',
  pin: 'Type the PIN of your card',
  chooseToSign: 'Choose the certificate to sign with',
  pinToSign: 'Type the PIN to sign',
  documents: (count) => (count === 1 ? 'To be signed' : `To be signed: ${count} documents`),
  digest: 'Digest, for comparison',
  signRaw: 'The web site wants some data signed',
  rawDigest: 'Only a digest is known, not what it stands for: go on only if you trust this web site.',
  pinLabel: 'PIN',
  pinNote: 'The PIN is typed in this window only. The web site cannot see it.',
  pinLength: (min, max) => (min === max ? `${min} characters` : `${min} to ${max} characters`),
  pinEmpty: 'Type the PIN first.',
  pinShort: (min) => `The PIN is too short: at least ${min} characters. It was not sent and no try was used.`,
  pinLong: (max) => `The PIN is too long: at most ${max} characters. It was not sent and no try was used.`,
  pinWide: 'The PIN holds full-width or Chinese characters. Switch the keyboard to plain letters and digits and type it again. It was not sent and no try was used.',
  capsLock: 'Caps Lock is on: letters come out in capitals. If your PIN has small ones, press the Caps Lock key first.',
  pinPad: 'Type the PIN on the card reader',
  pinPadNote: 'Look at the small screen of the reader, type the PIN on its keys and press its OK key. Nothing is typed on this computer.',
  lastTry: 'This is the last try',
  lastTryText: 'One more wrong PIN locks the card. It must then be unlocked before it can be used again.',
  lastTryAsk: 'If you are not sure of the PIN, cancel now, find it out, and come back later.',
  locked: 'The card is locked',
  lockedText: 'The PIN was wrong too often and cannot be used any more. Unlock the card at the certification authority that issued it; then it works again.',
  lockedLink: 'Open the unlock page (in a new tab)',
  tries: {
    unknown: 'The card does not tell how many tries are left. Wrong PINs in a row lock it: type with care.',
    atLeastTwo: 'At least 2 tries are left. Wrong PINs in a row lock the card: type with care.',
    exactly: (left) => (left <= 1 ? 'One more wrong PIN locks the card.' : `${left} tries left. ${left} wrong PINs in a row lock the card.`),
    last: 'One more wrong PIN locks the card.',
    locked: 'The card is locked.',
  },
  notices: {
    wrongPIN: 'The PIN was wrong. You are not logged in.',
    pinTooShort: 'The PIN is too short. Type it again.',
    pinTooLong: 'The PIN is too long. Type it again.',
    pinRefused: 'The card refuses the form of this PIN; it was not checked. Look at its length and characters and type it again.',
    cardChanged: 'The card or the reader changed. What you had typed was cleared.',
    outcomeUnknown: 'The card did not answer; whether the last PIN counted as a wrong one is not known. Look at the tries below first.',
    pinFromPageDropped: 'The PIN that the web site sent was not used. Type it here.',
    triesChanged: 'Another program has just used a wrong PIN on this card, so fewer tries are left. What you typed was not sent. Look at the tries before you go on.',
  },
  noticesToSign: {wrongPIN: 'The PIN was wrong. Nothing was signed.'},
  progress: {
    reading: 'Reading the card. One moment',
    verifying: 'Checking the PIN. Leave the card in',
    signing: 'Signing. Leave the card in',
    resetting: 'Almost done. Leave the card in',
  },
  fields: {issuer: 'Issuer', validity: 'Valid', reader: 'Reader'},
  wanted: 'The web site asks for: ',
  onCard: 'On the card',
  aside: (count) => `${count} more (for encryption, or the issuer's own): not for use here`,
  wrongCard: (is, wanted) => ({message: `This is: ${is}. The web site wants: ${wanted}`, hint: `Take this card out and put in the other: ${wanted}.`}),
  barredCard: (is) => ({message: `This is: ${is}. This computer's settings do not allow it for this web site`, hint: 'Use a card of another kind, or ask IT to check cardKinds of this web site in the policy file.'}),
  askIT: 'Please call your IT department and tell them the reference and this:',
  waiting: 'This window goes on by itself as soon as that is done.',
  waitingRetry: 'When that is done, press Try again.',
  kinds: {
    citizen: 'Citizen certificate', agency: 'Agency certificate', organisation: 'Organisation certificate', business: 'Business certificate',
    test: 'Test certificate', other: 'Other certificate',
  },
  reasons: {
    expired: 'Expired', notYetValid: 'Not valid yet', encryptionOnly: 'For encryption only', otherPurpose: 'Not meant for logging in',
    wrongKind: 'Not the kind that the web site asks for', keyUnsupported: 'Key not supported', ca: 'A certificate of the issuer itself',
  },
  buttons: {choose: 'Use this certificate', wait: 'Try again', pin: 'OK', lastTry: 'I am sure of my PIN, go on', locked: 'Close', cancel: 'Cancel', lastTryCancel: 'Cancel, not now'},
  countdown: (seconds) => `${seconds} seconds left; then this is cancelled.`,
  reference: (number) => `Reference ${number}`,
  starting: 'One moment',
  separator: ', ',
};

/** @typedef {typeof zh} Texts */

/** @type {Record<import('../shared/types').Language, Texts>} */
export const TEXTS = {'zh-TW': zh, en};
