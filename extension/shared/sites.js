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

/**
 * Whether the bridge runs on a site, and what to ask for where it does not. The person may take the manifest's own sites back
 * (Firefox: in the add-on's permissions; Chromium: in its site access).
 * @param {URL | null} url @param {chrome.runtime.Manifest} manifest @param {Pick<typeof chrome.permissions, 'getAll' | 'contains'>} permissions
 * @returns {Promise<{state: 'siteBuiltIn' | 'siteAdded' | 'siteOff' | 'siteImpossible', pattern: string | null}>}
 */
export async function siteState(url, manifest, permissions) {
  const builtIn = url && builtInPatterns(manifest).find((pattern) => matches(pattern, url));
  const pattern = builtIn ?? (url && patternOf(url));
  if (!pattern) return {state: 'siteImpossible', pattern: null};
  // For a content script's own site Chromium's contains() always says no; the list has it.
  const granted = builtIn ? (await permissions.getAll()).origins?.includes(builtIn) : await permissions.contains({origins: [pattern]});
  if (!granted) return {state: 'siteOff', pattern};
  return {state: builtIn ? 'siteBuiltIn' : 'siteAdded', pattern};
}
