// Documents as the host takes them: small ones by value, large ones by a digest that is made here, piece by piece.
import {CardBridgeError} from './failure.js';
import {SHA256} from './sha256.js';

/** What all documents of a request may hold by value. */
const MAX_CONTENT = 512 * 1024;
const PIECE = 1024 * 1024;
const MAX_DOCUMENTS = 20;
const HASHES = ['SHA-256', 'SHA-384', 'SHA-512'];

/** What a Blob would otherwise turn into the text "undefined" or "[object Object]". @param {unknown} content */
function isContent(content) {
  return typeof content === 'string' || content instanceof Blob || content instanceof ArrayBuffer || ArrayBuffer.isView(content);
}

/** Before anything is read. @param {unknown} documents */
export function check(documents) {
  if (!Array.isArray(documents) || documents.length < 1 || documents.length > MAX_DOCUMENTS || !documents.every((one) => isContent(one?.content))) {
    throw new CardBridgeError({code: 'documentInvalid'});
  }
}

/**
 * @param {import('./cardbridge.js').Document[]} documents checked
 * @param {{hash?: string | null, signal: AbortSignal, onHashed?: (share: number) => void}} options
 * @returns {Promise<object[]>} documentInvalid: one is too large to be attached, or cannot be read
 */
export async function prepare(documents, {hash, signal, onHashed}) {
  const blobs = documents.map(({content}) => (content instanceof Blob ? content : new Blob([/** @type {BlobPart} */ (content)])));
  // What must be attached goes by value; the others follow while there is room, in their order.
  let room = MAX_CONTENT - blobs.reduce((sum, {size}, at) => sum + (documents[at].attached ? size : 0), 0);
  if (room < 0) throw new CardBridgeError({code: 'documentInvalid'});
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
    if (byValue[at]) list.push({...given, content: base64(await read(blob))});
    else {
      const digest = await digestOf(blob, hash ?? 'SHA-256', signal, (bytes) => onHashed?.((done += bytes) / total));
      list.push({...given, digest: base64(digest)});
    }
  }
  return list;
}

/** @param {Blob} blob @param {string} hash @param {AbortSignal} signal @param {(bytes: number) => void} onBytes */
async function digestOf(blob, hash, signal, onBytes) {
  if (!HASHES.includes(hash)) throw new CardBridgeError({code: 'invalidParams'});
  if (hash !== 'SHA-256') {
    const digest = await crypto.subtle.digest(hash, await read(blob));
    onBytes(blob.size);
    return new Uint8Array(digest);
  }
  const sha = new SHA256();
  for (let at = 0; at < blob.size; at += PIECE) {
    signal.throwIfAborted();
    const piece = await read(blob.slice(at, at + PIECE));
    sha.update(piece);
    onBytes(piece.length);
  }
  return sha.digest();
}

/** @param {Blob} blob a file may be gone, or changed, since it was chosen */
async function read(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new CardBridgeError({code: 'documentInvalid'}, {cause});
  }
}

/** @param {unknown} nonce @returns {string} */
export function nonceText(nonce) {
  const bytes = nonce instanceof ArrayBuffer ? new Uint8Array(nonce)
    : ArrayBuffer.isView(nonce) ? new Uint8Array(nonce.buffer, nonce.byteOffset, nonce.byteLength) : undefined;
  // An empty one would be a signature without it.
  if (!bytes?.length) throw new CardBridgeError({code: 'invalidParams'});
  return base64(bytes);
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
