// Whom the person can ask: what IT's policy says of the help desk.
import {element, plain} from './elements.js';

/**
 * One line that can be read out, dialled, copied; nothing where IT has not said anything.
 * @param {import('./types').HelpDesk | undefined} helpDesk checked @param {{help: string, phone: string}} texts @returns {HTMLElement[]}
 */
export function contact(helpDesk, {help, phone: word}) {
  const {text, phone, url, email} = helpDesk ?? {};
  /** @type {HTMLElement[]} */
  const parts = [];
  if (text) parts.push(element('bdi', {class: 'who'}, plain(text)));
  if (phone) parts.push(element('span', {class: 'phone'}, `${word} `, element('bdi', {}, plain(phone))));
  // As text, not as a link: who has no mail program would only see an empty window open.
  if (email) parts.push(element('bdi', {class: 'email'}, plain(email)));
  if (url) parts.push(element('a', {href: url, target: '_blank', rel: 'noopener noreferrer'}, plain(new URL(url).host)));
  return parts.length > 0 ? [element('p', {class: 'contact', translate: 'no'}, element('strong', {translate: 'yes'}, help), ...parts)] : [];
}
