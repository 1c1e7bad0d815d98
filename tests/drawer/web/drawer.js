// Keeps the page as the readers are, and carries the buttons' wishes to them.

const byCard = new Map([...document.querySelectorAll('li.card')].map((item) => [item.dataset.card, item]));
const readers = [...document.querySelectorAll('.reader')];
const said = document.querySelector('#said');
const problem = document.querySelector('#problem');
const fresh = 3; // tries
let before; // cards in the readers, as last told

/** Fills an element with Chinese, and English beside it. */
function say(element, zh, en) {
  const english = document.createElement('span');
  english.lang = 'en';
  english.textContent = en;
  element.replaceChildren(zh, ' ', english);
}

function label(button, zh, en) {
  button.querySelector('.zh').textContent = zh;
  button.querySelector('.en').textContent = en;
}

function showProblem(zh, en) {
  if (zh) say(problem, zh, en);
  problem.hidden = !zh;
}

const triesText = (tries) => (tries === 0
  ? ['已鎖卡，不能再試密碼', 'locked, no try left']
  : [`密碼還可試 ${tries} 次`, tries === 1 ? '1 try left' : `${tries} tries left`]);

function showReader(element, {card, noticed, busy}, tries) {
  const item = byCard.get(card);
  const face = element.querySelector('.face');
  face.dataset.face = item ? item.dataset.face : 'none';
  face.querySelector('.kind').textContent = item ? item.dataset.kind : '';
  face.querySelector('.holder').textContent = item ? item.dataset.name : '';
  const state = element.querySelector('.state');
  state.dataset.mood = !item ? '' : !noticed || busy ? 'busy' : tries === 0 ? 'bad' : '';
  if (!item) say(state, '沒有卡片', 'No card');
  else if (!noticed) say(state, '正在放入……', 'going in …');
  else if (busy) say(state, '正在讀取卡片……', 'the card is being read …');
  else say(state, `密碼 ${item.dataset.pin}，${triesText(tries)[0]}`, `PIN ${item.dataset.pin}, ${triesText(tries)[1]}`);
  const [remove, renew] = element.querySelectorAll('button');
  remove.setAttribute('aria-disabled', String(!item));
  renew.dataset.card = card ?? '';
  renew.hidden = !item || tries === fresh;
}

function showCard(item, at, tries) {
  item.classList.toggle('inside', at >= 0);
  const where = item.querySelector('.where');
  where.hidden = at < 0;
  if (at >= 0) say(where, `在讀卡機\u00a0${at + 1} 裡`, `in reader ${at + 1}`);
  const [first, second] = item.querySelectorAll('button[data-reader]');
  label(first, at === 0 ? '取出' : '放入讀卡機\u00a01', at === 0 ? 'Take out' : 'Put in reader 1');
  label(second, at === 1 ? '取出' : '讀卡機\u00a02', at === 1 ? 'Take out' : 'Reader 2');
  for (const [i, button] of [first, second].entries()) button.dataset.do = at === i ? 'remove' : 'insert';
  const line = item.querySelector('.tries');
  line.hidden = tries === fresh;
  if (tries !== fresh) say(line, ...triesText(tries));
  item.querySelector('[data-do="renew"]').hidden = tries === fresh;
}

/** Says aloud which card went in or out, whoever did it. */
function announce(now) {
  const changes = before ? now.map((card, i) => [card, before[i], i]).filter(([card, old]) => card !== old) : [];
  before = now;
  if (changes.length === 0) return;
  const name = (card) => byCard.get(card)?.dataset.name;
  say(said,
    changes.map(([card, old, i]) => (card ? `讀卡機 ${i + 1}：${name(card)} 已放入。` : `讀卡機 ${i + 1}：${name(old)} 已取出。`)).join(' '),
    changes.map(([card, , i]) => `Reader ${i + 1}: ${card ? 'card is in.' : 'card is out.'}`).join(' '));
}

function show(state) {
  if (state.gone || !state.daemon) {
    showProblem('讀卡機已經停了。', 'The readers have stopped.');
    return;
  }
  showProblem();
  const inside = state.readers.map((reader) => reader.card);
  const tries = (item) => state.tries[item.dataset.card] ?? Number(item.dataset.tries);
  readers.forEach((element, i) => showReader(element, state.readers[i], inside[i] ? tries(byCard.get(inside[i])) : undefined));
  for (const [name, item] of byCard) showCard(item, inside.indexOf(name), tries(item));
  announce(inside);
  document.body.dataset.live = '';
}

async function act(button) {
  const card = button.dataset.card ?? button.closest('li.card')?.dataset.card;
  const reader = button.dataset.reader === undefined ? undefined : Number(button.dataset.reader);
  document.body.toggleAttribute('data-busy', true);
  try {
    const response = await fetch('/do', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({do: button.dataset.do, reader, card}),
    });
    if (!response.ok) throw new Error((await response.json()).error);
    if (button.dataset.do === 'renew') say(said, '已換成新卡：密碼又有三次機會。', 'Fresh card: three tries again.');
  } catch (error) {
    showProblem('卡片沒有動。請再按一次。', `The card did not move; press again. ${error.message}`);
  } finally {
    document.body.toggleAttribute('data-busy', false);
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-do]');
  if (!button || button.getAttribute('aria-disabled') === 'true' || document.body.hasAttribute('data-busy')) return;
  act(button);
});

const events = new EventSource('/events');
events.addEventListener('message', (event) => show(JSON.parse(event.data)));
events.addEventListener('error', () => showProblem('和卡片抽屜斷線了，正在重新連線。', 'The drawer does not answer; trying again.'));
