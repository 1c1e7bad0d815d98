// What the drawer says of each card: who holds it, and what the portal with the people of tests/people makes of it.
// The rig knows the cards; only the portal's files make one of them a newcomer's.
import {readFileSync} from 'node:fs';
import {people} from '../world/portal.mjs';

/**
 * @typedef {object} Caption
 * @property {string} card
 * @property {'in' | 'first' | 'refused'} mood how a login ends
 * @property {string} [note] how it differs from the holder's other cards  @property {string} [noteEn]
 * @property {string} zh  @property {string} en
 * @property {boolean} [asks] the portal asks for the account: show what to type
 * @property {'test' | 'blank'} [face] in place of the card's kind
 */

const line = (card, mood, zh, en, more = {}) => ({card, mood, zh, en, ...more});
const note = (zh, en) => ({note: zh, noteEn: en});

/** @type {{id: string, zh: string, en: string, closed?: boolean, cards: Caption[]}[]} */
export const groups = [
  {id: 'bound', zh: '綁定過的人', en: 'Bound before', cards: [
    line('citizen', 'in', '綁定過：只要密碼就登入。', 'Bound before: the PIN is enough.'),
    line('citizen2', 'in', '綁定過：只要密碼就登入。', 'Bound before: the PIN is enough.'),
    line('citizen-p256', 'in', '憑證是新的，流水號相同：直接登入，不必再驗證帳號。', 'New certificate, same serial number: straight in.', note('換發的新憑證', 'renewed')),
    line('citizen-old', 'in', '由前一代憑證中心簽發，是同一個人：直接登入。', 'Issued by the CA’s previous generation: straight in.', note('舊世代憑證', 'older generation')),
    line('letters', 'in', '密碼含英文字母，大小寫要分。', 'Its PIN has letters; upper and lower case differ.', note('英數密碼', 'PIN with letters')),
  ]},
  {id: 'first', zh: '第一次登入', en: 'First login', cards: [
    line('newcomer', 'first', '第一次登入：要輸入自訂帳號，之後只要密碼。', 'First login: asks for the custom account, then never again.', {asks: true}),
    line('noaccount', 'first', '第一次登入，沒有自訂帳號：輸入身分證號。', 'First login without custom account: type the ID number.', {asks: true}),
    line('reissued', 'first', '補發的卡，流水號不同：要重新驗證帳號，舊卡就不能再用。', 'Another serial number: the account must be proved again; the old card is out.',
      {asks: true, ...note('補發的卡', 're-issued')}),
    line('namesake', 'first', '和另一位陳大文同名。輸入對方的 dawen.chen 會被拒絕。', 'Has another person’s name. That person’s account, dawen.chen, is refused.', {asks: true, ...note('同名同姓', 'namesake')}),
  ]},
  {id: 'people', zh: '不能登入的人', en: 'People who may not log in', cards: [
    line('left', 'refused', '卸職人員：輸入帳號後被拒絕。', 'Has left office: refused once the account is typed.', {asks: true}),
    line('left-bound', 'refused', '綁定過，後來卸職：直接被拒絕。', 'Bound before, has left office since: refused.'),
    line('outsider', 'refused', '不在公務人力資料庫：任何帳號都不對。', 'In no personnel file: no account fits.', {asks: true}),
  ]},
  {id: 'agencies', zh: '機關', en: 'Agencies', cards: [
    line('agency', 'in', '機關憑證：驗證後登入，驗證時請勿拔卡。', 'Agency card: in after the check; do not pull it meanwhile.'),
    line('agency-unit', 'in', '機關所屬單位的憑證：登入。', 'A unit of the agency: in.'),
    line('test-agency', 'refused', '測試機關憑證：不能代表正式機關。', 'A test agency card stands for no real agency.', {face: 'test', ...note('測試憑證', 'test card')}),
    line('agency-unknown', 'refused', '機關代碼檔中沒有這個代碼。', 'Its code is in no agency code file.'),
  ]},
  {id: 'cards', zh: '不能用的卡片', en: 'Cards that do not serve', cards: [
    line('locked', 'refused', '已鎖卡：連錯三次密碼。按「換一張新卡」解開。', 'Locked after three wrong PINs. “Fresh card” unlocks it.', note('鎖住的卡', 'locked')),
    line('expired', 'refused', '憑證已過期。', 'The certificate has expired.', note('已過期', 'expired')),
    line('notyet', 'refused', '憑證還沒到生效日。', 'The certificate is not valid yet.', note('尚未生效', 'not yet valid')),
    line('revoked', 'refused', '憑證已廢止。', 'The certificate was revoked.', note('已廢止', 'revoked')),
    line('untrusted', 'refused', '簽發者不受信任，只是名稱相同。', 'Its issuer only looks like a trusted one.', note('假的簽發者', 'impostor issuer')),
    line('encryption', 'refused', '卡上只有加密用途的憑證。', 'Only a certificate for encryption is on it.', note('只能加密', 'encryption only')),
    line('test', 'refused', '測試用的個人憑證。', 'A person’s test card.', {face: 'test', ...note('測試憑證', 'test card')}),
    line('organisation', 'refused', '組織及團體憑證：卡別不對。', 'An organisation’s card: the wrong kind.'),
    line('business', 'refused', '工商憑證：卡別不對。', 'A company’s card: the wrong kind.'),
    line('notail', 'refused', '憑證沒有身分證號末四碼，無法核對。', 'Lacks the last four of the ID number: nothing to compare.', note('缺末四碼', 'no last four')),
    line('noserial', 'refused', '憑證沒有流水號，無法綁定。', 'Lacks the serial number: nothing to bind.', note('缺流水號', 'no serial number')),
    line('dumb', 'refused', '讀不出來的卡，例如悠遊卡或健保卡。', 'A card that nothing here reads, such as a transit card.', {face: 'blank'}),
  ]},
  {id: 'lab', zh: '工程測試用', en: 'For engineers', closed: true, cards: [
    line('citizen-p384', 'in', 'P-384 金鑰。', 'P-384 key.', note('P-384', 'P-384')),
    line('citizen-two', 'in', '卡上有兩張可用的憑證：要選一張。', 'Two usable certificates: choose one.', note('兩張憑證', 'two certificates')),
    line('always', 'in', '每次簽章都要密碼的金鑰。', 'A key that wants the PIN for each signature.', note('每次要密碼', 'PIN always')),
    line('yubikey', 'in', '自稱 YubiKey 的卡。', 'Says that it is a YubiKey.', note('YubiKey', 'YubiKey')),
    line('clientauth', 'in', '延伸用途：用戶端驗證。', 'Extended key usage: client authentication.', note('clientAuth', 'clientAuth')),
    line('emailonly', 'refused', '延伸用途：只限電子郵件。', 'Extended key usage: e-mail only.', note('只限電郵', 'e-mail only')),
    line('wrongusage', 'refused', '登入憑證的用途不對。', 'Its login certificate has the wrong key usage.', note('用途不對', 'wrong key usage')),
  ]},
];

const kinds = {
  citizen: ['自然人憑證', 'Citizen card'], agency: ['機關憑證', 'Agency card'], organisation: ['組織及團體憑證', 'Organisation card'],
  business: ['工商憑證', 'Business card'], test: ['測試憑證', 'Test card'], blank: ['不明卡片', 'Unknown card'],
};

/** What each person types at the portal: the custom account, else the ID number. */
function accounts() {
  const [, ...rows] = readFileSync(people.personnel, 'utf8').trim().split(/\r?\n/).map((row) => row.split(','));
  return new Map(rows.map(([id, account]) => [id, account || id]));
}

/**
 * The drawer's content: groups with, for each card, its caption and what the rig knows of it.
 * @param {{name: string, kind: string, holder?: string, unit?: string, serialNumber?: string, idNumber?: string, oid?: string, pin: string}[]} facts of /cards
 */
export function drawerOf(facts) {
  const known = new Map(facts.map((card) => [card.name, card]));
  const typed = accounts();
  return groups.map((group) => ({...group, cards: group.cards.map((caption) => {
    const card = known.get(caption.card);
    if (!card) throw new Error(`the rig has no card ${caption.card}; rename or remove its caption in tests/drawer/cards.mjs`);
    const face = caption.face ?? card.kind;
    return {
      ...caption, face, kind: kinds[face], holder: [card.holder, card.unit].filter(Boolean).join(' ') || '？',
      number: card.serialNumber ?? card.oid ?? card.businessId ?? '', pin: card.pin, locked: card.locked ?? false,
      typed: caption.asks ? typed.get(card.idNumber) ?? card.idNumber : undefined,
    };
  })}));
}
