// The drawer's page as HTML; what changes while it is open is filled in by web/drawer.js.

const entities = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => entities[sign]);

/** Markup with every value escaped; markup made by this function is left as it is. */
function html(strings, ...values) {
  const shown = values.map((value) => [value ?? ''].flat().map((part) => part?.markup ?? escape(part)).join(''));
  return {markup: String.raw({raw: strings}, ...shown)};
}

const moods = {in: ['可以登入', 'logs in'], first: ['要輸入帳號', 'with account'], refused: ['會被拒絕', 'refused']};
const en = (text) => html`<span lang="en">${text}</span>`;

function button(action, zh, english, of, more = '') {
  return html`<button type="button" data-do="${action}" ${more}><span class="zh">${zh}</span><span class="vh">：${of}</span><span class="en" lang="en">${english}</span></button>`;
}

function face({face: kind, kind: [zh, english], holder, note, noteEn, number}, heading) {
  return html`<div class="face" data-face="${kind}">
        <p class="kind">${zh} ${en(english)}</p>
        <img class="chip" src="/chip.svg" alt="" width="40" height="32">
        ${heading ? html`<h3 class="holder" id="${heading}">${holder}${note && html`<span class="note">${note} ${en(noteEn)}</span>`}</h3>` : ''}
        <p class="number" aria-hidden="true">${number}</p>
      </div>`;
}

function cardItem(card) {
  const id = `card-${card.card}`;
  const named = card.note ? `${card.holder} ${card.note}` : card.holder;
  return html`<li class="card" data-card="${card.card}" data-name="${named}" data-kind="${card.kind[0]}" data-face="${card.face}" data-pin="${card.pin}" data-tries="${card.locked ? 0 : 3}">
      ${face(card, id)}
      <p class="where" hidden></p>
      <p class="mood" data-mood="${card.mood}">${moods[card.mood][0]} ${en(moods[card.mood][1])}</p>
      <p class="caption">${card.zh} ${en(card.en)}</p>
      <dl>
        <div><dt>密碼 ${en('PIN')}</dt><dd><code>${card.pin}</code></dd></div>
        ${card.typed && html`<div><dt>輸入 ${en('type')}</dt><dd><code>${card.typed}</code></dd></div>`}
      </dl>
      <p class="tries" hidden></p>
      <div class="buttons">
        ${button('insert', '放入讀卡機\u00a01', 'Put in reader 1', named, html`data-reader="0"`)}
        ${button('insert', '讀卡機\u00a02', 'Reader 2', named, html`data-reader="1"`)}
        ${button('renew', '換一張新卡', 'Fresh card', named, html`hidden`)}
      </div>
    </li>`;
}

function reader(number) {
  return html`<section class="reader" data-reader="${number}" aria-labelledby="reader-${number}">
      <h2 id="reader-${number}">讀卡機 ${number + 1} ${en(`Reader ${number + 1}`)}</h2>
      <div class="slot"><div class="face" data-face="none"><p class="kind"></p><img class="chip" src="/chip.svg" alt="" width="40" height="32"><p class="holder"></p></div></div>
      <p class="state"></p>
      <div class="buttons">
        ${button('remove', '取出', 'Take out', `讀卡機 ${number + 1}`, html`data-reader="${number}" aria-disabled="true"`)}
        ${button('renew', '換一張新卡', 'Fresh card', `讀卡機 ${number + 1}`, html`hidden`)}
      </div>
    </section>`;
}

function groupOf(group) {
  const title = html`<h2 id="group-${group.id}">${group.zh} ${en(group.en)}</h2>`;
  const list = html`<ul class="cards">${group.cards.map(cardItem)}</ul>`;
  return group.closed
    ? html`<details class="group"><summary>${title}</summary>${list}</details>`
    : html`<section class="group" aria-labelledby="group-${group.id}">${title}${list}</section>`;
}

/**
 * @param {ReturnType<typeof import('./cards.mjs').drawerOf>} drawer
 * @param {string} [portal] origin of the portal to link to
 */
export function pageOf(drawer, portal) {
  return `<!doctype html>
${html`<html lang="zh-Hant-TW">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>卡片抽屜 Card drawer｜憑證通</title>
  <link rel="icon" href="/chip.svg">
  <link rel="stylesheet" href="/drawer.css">
  <script type="module" src="/drawer.js"></script>
</head>
<body>
  <a class="skip" href="#drawer">跳到卡片 ${en('Skip to the cards')}</a>
  <header class="top">
    <div class="top-in">
      <h1>卡片抽屜 ${en('Card drawer')}</h1>
      <p>把卡片放進虛擬讀卡機，再到入口網站按登入。這裡的人和憑證都是假的。 ${en('Put a card into a virtual reader, then log in at the portal. Nobody here is real.')}</p>
      <nav class="jump" aria-label="卡片分類 Groups of cards">${drawer.map((group) => html`<a href="#group-${group.id}">${group.zh}</a> `)}</nav>
      ${portal && html`<p><a href="${portal}/" target="cardbridge-portal" rel="noreferrer">開啟入口網站 ${en('Open the portal')}</a></p>`}
    </div>
  </header>
  <noscript><p class="problem">這一頁需要 JavaScript。 ${en('This page needs JavaScript.')}</p></noscript>
  <p id="problem" class="problem" role="alert" hidden></p>
  <main>
    <div class="readers">${[0, 1].map(reader)}</div>
    <div id="drawer" class="drawer" tabindex="-1">${drawer.map(groupOf)}</div>
  </main>
  <p id="said" class="said" role="status"></p>
</body>
</html>`.markup}
`;
}
