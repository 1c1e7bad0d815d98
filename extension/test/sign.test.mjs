// What the SDK makes of documents: by value, by digest, in pieces.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {test} from 'node:test';
import {nonceText, prepare} from '../sdk/documents.js';
import {SHA256} from '../sdk/sha256.js';

const {signal} = new AbortController();
const sha = (bytes, name = 'sha256') => createHash(name).update(bytes).digest('base64');

test('SHA-256 agrees with node, whatever the pieces', () => {
  for (const size of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 100_001]) {
    const bytes = randomBytes(size);
    for (const piece of [1, 7, 64, 1000, size + 1]) {
      const hash = new SHA256();
      for (let at = 0; at < size; at += piece) hash.update(bytes.subarray(at, at + piece));
      assert.equal(Buffer.from(hash.digest()).toString('base64'), sha(bytes), `${size} in pieces of ${piece}`);
    }
  }
});

test('small documents go by value, as UTF-8, as bytes, as files', async () => {
  const bytes = Uint8Array.of(0, 255, 128);
  const list = await prepare([
    {title: '文字', content: '請假', attached: true}, {title: 'bytes', content: bytes}, {title: 'buffer', content: bytes.buffer}, {title: 'file', content: new Blob([bytes])},
  ], {});
  assert.deepEqual(list, [
    {title: '文字', size: 6, attached: true, content: Buffer.from('請假').toString('base64')},
    ...['bytes', 'buffer', 'file'].map((title) => ({title, size: 3, content: 'AP+A'})),
  ]);
});

test('what has no room goes by its digest, with progress', async () => {
  const [small, large] = [randomBytes(1000), randomBytes(3 * 1024 * 1024 + 5)];
  const shares = [];
  const list = await prepare([{title: 'a', content: large}, {title: 'b', content: small}], {signal, onHashed: (share) => shares.push(share)});
  assert.deepEqual(list[0], {title: 'a', size: large.length, digest: sha(large)});
  assert.equal(list[1].content, small.toString('base64'));
  assert.equal(shares.at(-1), 1);
  assert.ok(shares.length === 4 && shares.every((share, at) => at === 0 || share > shares[at - 1]));
  const [by384] = await prepare([{title: 'a', content: large}], {hash: 'SHA-384', signal});
  assert.equal(by384.digest, sha(large, 'sha384'));
});

test('what is too large to be attached is refused; an abort ends the hashing', async () => {
  await assert.rejects(prepare([{title: 'a', content: new Uint8Array(512 * 1024 + 1), attached: true}], {signal}), {code: 'documentInvalid'});
  const abort = new AbortController();
  const hashing = prepare([{title: 'a', content: new Uint8Array(8 * 1024 * 1024)}], {signal: abort.signal, onHashed: () => abort.abort(new Error('left'))});
  await assert.rejects(hashing, /left/);
});

test('a file that cannot be read any more, a hash that does not exist', async () => {
  const gone = new Blob(['x']);
  const cause = new DOMException('The requested file could not be read', 'NotReadableError');
  gone.arrayBuffer = async () => { throw cause; };
  await assert.rejects(prepare([{title: 'a', content: gone}], {signal}), (error) => error.code === 'documentInvalid' && error.cause === cause);
  await assert.rejects(prepare([{title: 'a', content: new Uint8Array(600 * 1024)}], {hash: 'MD5', signal}), {code: 'invalidParams'});
});

test('a nonce is bytes, and not none', () => {
  const bytes = Uint8Array.of(9, 1, 2, 3, 9);
  assert.equal(nonceText(bytes.subarray(1, 4)), 'AQID');
  assert.equal(nonceText(Uint8Array.of(1, 2, 3).buffer), 'AQID');
  for (const nonce of ['AQID', [1, 2, 3], new Uint8Array(0), new ArrayBuffer(0), {}, 1]) assert.throws(() => nonceText(nonce), {code: 'invalidParams'});
});
