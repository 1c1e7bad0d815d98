// A page that speaks with Web eID's page library, as tests use it.

/** Where the library is read from: ours for tests, or the real one. */
export const library = process.env.WEB_EID_LIBRARY ?? new URL('pages/webeid.js', import.meta.url).pathname;

/**
 * Waits until the page is answered. The first call of a page that nothing is known of is lost if the worker and the host
 * take more than a second to start, as on a busy machine; a portal's person presses again.
 */
export async function answered(page) {
  for (;;) {
    const {result, error} = await page.evaluate(() => window.run({call: 'status'}));
    if (error?.code === 'ERR_WEBEID_EXTENSION_UNAVAILABLE') continue;
    await page.evaluate(() => window.patient());
    return result ?? error;
  }
}

/** A real click, which makes the call. */
export async function press(page, call, ...args) {
  await page.evaluate((next) => { window.next = next; window.outcome = undefined; }, {call, args});
  await page.click('#go');
}

/** How the call of the last press ended: {result} or {error}. */
export async function ended(page) {
  await page.waitForFunction(() => window.outcome !== undefined);
  return page.evaluate(() => window.outcome);
}

/** Posts a message of Web eID's without any library; gives what comes back for it after the acknowledgement. */
export function post(page, message) {
  return page.evaluate((sent) => new Promise((resolve) => {
    window.addEventListener('message', function hear({data}) {
      if (data?.action !== `${sent.action}-success` && data?.action !== `${sent.action}-failure`) return;
      window.removeEventListener('message', hear);
      resolve(data);
    });
    window.postMessage(sent, location.origin);
  }), message);
}
