// Composes one picture of two windows as they stand on the screen: a headless browser has no screen to photograph.
/**
 * @param {import('playwright-core').BrowserContext} context
 * @param {import('playwright-core').Page} below  @param {import('playwright-core').Page} above  @param {string} path
 */
export async function compose(context, below, above, path) {
  const back = (await below.screenshot()).toString('base64');
  const front = (await above.screenshot()).toString('base64');
  const [ground, window] = await Promise.all([below, above].map((page) => page.evaluate(() => ({
    left: screenX, top: screenY, width: innerWidth, height: innerHeight, title: document.title,
  }))));
  const page = await context.newPage();
  await page.setViewportSize({width: ground.width, height: Math.max(ground.height, window.height + 80)});
  await page.setContent(`<!doctype html><style>
    body { margin: 0; background: #8a949c } .back { display: block; filter: brightness(.72) }
    .window { position: absolute; left: ${Math.round((ground.width - window.width) / 2)}px; top: 24px; border-radius: 10px; overflow: hidden; box-shadow: 0 16px 48px #0009 }
    .bar { font: 14px "Noto Sans CJK TC", sans-serif; background: #dfe3e8; color: #222; padding: 8px 14px } .window img { display: block }
  </style><img class="back" src="data:image/png;base64,${back}">
  <div class="window"><div class="bar"></div><img src="data:image/png;base64,${front}"></div>`);
  await page.evaluate((title) => { document.querySelector('.bar').textContent = title; }, window.title);
  await page.screenshot({path});
  await page.close();
}
