// Generated from protocol/errors.json by tools/generate-errors.mjs; edit the table, not this file.

/** @typedef {{message: string, hint: string}} Text */
/** @typedef {'person' | 'it' | 'developer' | 'us'} Who */

/** who, then message and hint in zh-TW and in English. @type {Readonly<Record<string, [Who, string, string, string, string]>>} */
export const TEXTS = Object.freeze({
  invalidParams: ["developer","要求的參數不正確。","請對照文件檢查每個參數的名稱、型別與長度。","The parameters are not valid.","Check name, type and length of each parameter against the documentation."],
  internal: ["us","憑證通內部發生錯誤。","請再試一次；若仍發生，請將作業編號提供給資訊人員。","CardBridge failed inside.","Try again. If it happens again, give IT the reference."],
  userTimeout: ["person","等候時間已過，作業已結束。","請準備好卡片與密碼，再按一次網頁上的按鈕。","Nobody answered in time.","Have the card and PIN ready and press the button again."],
  pageLeft: ["person","網頁已離開或關閉，作業已結束。","請回到網頁再試一次。","The page was left or closed, so the operation ended.","Go back to the page and start again."],
  extensionReloaded: ["person","擴充功能剛更新或重新啟動。","請重新整理這個網頁，再試一次。","The extension was just updated or restarted.","Reload this page and try again."],
  extensionMissing: ["person","這個瀏覽器沒有憑證通擴充功能，或它在這個網站沒有啟用。","請安裝或啟用「憑證通 CardBridge」擴充功能後重新整理網頁；機關電腦請洽資訊人員。","This browser has no CardBridge extension, or it is off for this site.","Install or enable the CardBridge extension and reload the page; on an agency's computer ask IT."],
  extensionOutdated: ["it","憑證通擴充功能的版本太舊。","請更新瀏覽器的憑證通擴充功能。","The CardBridge extension is too old.","Update the CardBridge extension."],
  originInvalid: ["developer","網頁的來源（origin）不能使用憑證。","請使用 https 網址的網頁；沙箱內框、file: 與 data: 網頁都沒有可用的來源。","The page's origin cannot use a card.","Serve the page over https; sandboxed frames, file: and data: pages have no usable origin."],
  contextInsecure: ["developer","網頁不是以 https 提供，不能要求使用卡片。","請以 https 提供網頁（測試時可用 localhost）。","The page is not served over https and may not ask for the card.","Serve it over https (localhost is possible for tests)."],
  tooManyRequests: ["developer","同時進行的要求太多。","請等前面的要求結束再送出。","Too many requests are in flight.","Wait for earlier ones to be answered."],
  cancelled: ["developer","網頁取消了這次作業。","需要時請再按一次網頁上的按鈕。","The page cancelled the operation.","Press the button again when needed."],
  documentInvalid: ["developer","要簽署的文件不符合規定。","一次 1 至 20 份文件；標題 1 至 200 字，須看得見；內容合計最多 512 KiB，更大的請傳送摘要，摘要長度須符合雜湊函式，且不能附上內容。","A document to be signed is not valid.","1 to 20 documents at once; a title of 1 to 200 characters that can be seen; at most 512 KiB of content in all, else a digest of the hash's length, detached."],
});
