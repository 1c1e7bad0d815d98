// Draws icons/icon.svg into the PNG sizes that browsers ask for. Needs Chromium; the PNGs are committed.
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';

const icons = new URL('../icons/', import.meta.url);
const svg = readFileSync(new URL('icon.svg', icons), 'utf8');
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu']});
const page = await browser.newPage();
for (const size of [16, 32, 48, 128]) {
  await page.setViewportSize({width: size, height: size});
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({path: fileURLToPath(new URL(`${size}.png`, icons)), omitBackground: true});
}
await browser.close();
