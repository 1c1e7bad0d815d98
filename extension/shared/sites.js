// Match patterns: where the bridge runs by the manifest, and how a site that the person adds is named.

/** @param {string} pattern scheme://host/* with at most a leading "*." @param {URL} url */
export function matches(pattern, url) {
  const parts = /^(https?):\/\/(\*\.)?([^/*]+)\/\*$/.exec(pattern);
  if (!parts || url.protocol !== `${parts[1]}:`) return false;
  return url.hostname === parts[3] || (parts[2] !== undefined && url.hostname.endsWith(`.${parts[3]}`));
}

/** Where the manifest puts the bridge. @param {chrome.runtime.Manifest} manifest @returns {string[]} */
export function builtInPatterns(manifest) {
  return (manifest.content_scripts ?? []).flatMap(({matches: patterns}) => patterns ?? []);
}

/** @param {string | undefined} address @returns {URL | null} */
export function parseAddress(address) {
  try {
    return new URL(address ?? '');
  } catch {
    return null;
  }
}

/** The pattern of a site that may be added; null when it may not. @param {URL} url @returns {string | null} */
export function patternOf(url) {
  return url.protocol === 'https:' && url.hostname !== '' ? `https://${url.hostname}/*` : null;
}
