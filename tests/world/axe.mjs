// What axe-core has against a page.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {root} from './process.mjs';

const source = readFileSync(join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

/**
 * The rules that the page breaks as it stands, WCAG 2.2 A and AA and axe's best practices, one line for each element.
 * @param {import('playwright-core').Page} page
 */
export async function violations(page) {
  await page.evaluate(`${source}; undefined`); // not a script element, which the page's own policy would refuse
  const {violations: found, passes} = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  if (passes.length < 10) throw new Error(`axe-core checked next to nothing on ${page.url()}`);
  return found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}
