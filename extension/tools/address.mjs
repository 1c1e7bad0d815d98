// The rule for the address of updates.xml. Another of its own kind is in manifests/fleet; the same vectors test both.
const plain = /^(https:\/\/[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|http:\/\/(localhost|127\.0\.0\.1))(:[1-9]\d{0,4})?(\/[\w.%~-]+)*\/updates\.xml$/;

/** @param {string} text @returns {URL} throws an Error unless browsers take updates from there, under this very spelling */
export function updateAddress(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  if (url && url.protocol !== 'https:' && !loopback) throw new Error(`${text}: browsers take updates from https alone (http on loopback)`);
  if (!url || url.href !== text || !plain.test(text)) throw new Error(`${text}: a plain address that ends with /updates.xml`);
  return url;
}
