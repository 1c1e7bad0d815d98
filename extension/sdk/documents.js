// Documents as the host takes them: small ones by value, large ones by a digest that is made here, piece by piece.
import {SHA256} from './sha256.js';

/** What all documents of a request may hold by value. */
const MAX_CONTENT = 512 * 1024;
const PIECE = 1024 * 1024;

/** What a Blob would otherwise turn into the text "undefined" or "[object Object]". @param {unknown} content */
function isContent(content) {
  return typeof content === 'string' || content instanceof Blob || content instanceof ArrayBuffer || ArrayBuffer.isView(content);
}

/**
 * @param {import('./cardbridge.js').Document[]} documents
 * @param {{hash?: string, signal?: AbortSignal, onHashed?: (share: number) => void}} options
 * @returns {Promise<object[] | null>} null: one has no content, or is too large to be attached
 */
export async function prepare(documents, {hash = 'SHA-256', signal, onHashed}) {
  if (!documents.every(({content}) => isContent(content))) return null;
  const blobs = documents.map(({content}) => (content instanceof Blob ? content : new Blob([/** @type {BlobPart} */ (content)])));
  // What must be attached goes by value; the others follow while there is room, in their order.
  let room = MAX_CONTENT - blobs.reduce((sum, {size}, at) => sum + (documents[at].attached ? size : 0), 0);
  if (room < 0) return null;
  const byValue = blobs.map(({size}, at) => {
    if (documents[at].attached) return true;
    if (size > room) return false;
    room -= size;
    return true;
  });
  const total = blobs.reduce((sum, {size}, at) => sum + (byValue[at] ? 0 : size), 0);
  let done = 0;
  const list = [];
  for (const [at, blob] of blobs.entries()) {
    const {title, attached} = documents[at];
    const given = {title, size: blob.size, ...(attached && {attached})};
    if (byValue[at]) list.push({...given, content: base64(new Uint8Array(await blob.arrayBuffer()))});
    else {
      const digest = await digestOf(blob, hash, signal, (bytes) => onHashed?.((done += bytes) / total));
      list.push({...given, digest: base64(digest)});
    }
  }
  return list;
}

/** @param {Blob} blob @param {string} hash @param {AbortSignal | undefined} signal @param {(bytes: number) => void} onBytes */
async function digestOf(blob, hash, signal, onBytes) {
  if (hash !== 'SHA-256') {
    const digest = await crypto.subtle.digest(hash, await blob.arrayBuffer());
    onBytes(blob.size);
    return new Uint8Array(digest);
  }
  const sha = new SHA256();
  for (let at = 0; at < blob.size; at += PIECE) {
    signal?.throwIfAborted();
    const piece = new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer());
    sha.update(piece);
    onBytes(piece.length);
  }
  return sha.digest();
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
