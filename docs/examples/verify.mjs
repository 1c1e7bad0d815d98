// Verifies a Web eID authentication token of CardBridge with node:crypto alone. Copy it, then add what it leaves out:
// REVOCATION (a reported card still logs in here), test cards, policies, name constraints, the nonce's single use.
// The challenge nonce comes from your own store, which has just deleted it; the origin from your own settings.
import {X509Certificate, createHash, verify as verifySignature} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const ALGORITHMS = { // RSA below 2048 bits, curves that do not fit and everything else are refused
  RS256: {hash: 'sha256', fits: (key) => key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails.modulusLength >= 2048},
  ES256: {hash: 'sha256', fits: (key) => key.asymmetricKeyDetails.namedCurve === 'prime256v1'},
  ES384: {hash: 'sha384', fits: (key) => key.asymmetricKeyDetails.namedCurve === 'secp384r1'},
};
const MEMBERS = ['algorithm', 'appVersion', 'format', 'signature', 'unverifiedCertificate'];
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const KEY_USAGE = Buffer.from('0603551d0f', 'hex'); // OBJECT IDENTIFIER 2.5.29.15

/** Gives the holder of a valid token; throws an Error whose message begins with one word. roots, issuers: X509Certificate[]. */
export function verifyToken(token, {origin, nonce, roots, issuers, now = new Date()}) {
  if (Object.keys(token ?? {}).sort().join() !== MEMBERS.join() || MEMBERS.some((name) => typeof token[name] !== 'string') ||
      !/^web-eid:1(\.\d+)?$/.test(token.format)) throw new Error('token: not a web-eid:1 token');
  const algorithm = Object.hasOwn(ALGORITHMS, token.algorithm) && ALGORITHMS[token.algorithm];
  if (!algorithm) throw new Error('token: algorithm not accepted');
  if (!/^[\x21-\x7e]{44,128}$/.test(nonce)) throw new Error('nonce: not one that we issued');
  const card = new X509Certificate(base64(token.unverifiedCertificate));
  if (!algorithm.fits(card.publicKey)) throw new Error('token: algorithm does not fit the key');
  const digest = (text) => createHash(algorithm.hash).update(text).digest();
  const signed = Buffer.concat([digest(origin), digest(nonce)]); // hashed once more by the signature algorithm
  if (!verifySignature(algorithm.hash, signed, {key: card.publicKey, dsaEncoding: 'ieee-p1363'}, base64(token.signature))) {
    throw new Error('signature: not for this origin, nonce, certificate');
  }
  if (card.ca || !signs(card)) throw new Error('keyUsage: no signature certificate of a holder');
  if (card.keyUsage && !card.keyUsage.includes(CLIENT_AUTH)) throw new Error('extKeyUsage: not for logins'); // Node: extended
  if (!trusted(card, roots, issuers, now, 4)) throw new Error('untrusted: no chain to a root of ours within its validity');
  if (!valid(card, now)) throw new Error('validity: expired or not yet valid');
  const {subject, issuer} = card.toLegacyObject();
  return {name: subject.CN, subjectSerial: subject.serialNumber, issuer: issuer.OU ?? issuer.CN, thumbprint: card.fingerprint256};
}

const valid = (cert, now) => now >= new Date(cert.validFrom) && now <= new Date(cert.validTo);

// Several generations of a CA share one name: every candidate is tried, the key decides.
function trusted(cert, roots, issuers, now, depth) {
  const issued = (ca) => ca.ca && valid(ca, now) && cert.checkIssued(ca) && cert.verify(ca.publicKey);
  return depth > 0 && (roots.some(issued) || issuers.some((ca) => issued(ca) && trusted(ca, roots, issuers, now, depth - 1)));
}

function base64(text) {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text || bytes.length > 16384) throw new Error('token: not base64'); // Buffer.from forgives all
  return bytes;
}

// signs reads digitalSignature, bit 0 of keyUsage, which X509Certificate does not show (RFC 5280 section 4.2.1.3).
function signs(cert) {
  const [certificate] = elements(cert.raw);
  const last = elements(elements(certificate.value)[0].value).at(-1); // tbsCertificate's [3] extensions
  if (last.tag !== 0xa3) return false;
  const found = elements(elements(last.value)[0].value).map((e) => elements(e.value)).find(([oid]) => oid.whole.equals(KEY_USAGE));
  return found !== undefined && (elements(found.at(-1).value)[0].value[1] & 0x80) !== 0;
}

// elements divides DER that OpenSSL has accepted into its TLVs.
function elements(der) {
  const list = [];
  for (let at = 0; at < der.length;) {
    let head = at + 2, length = der[at + 1];
    if (length > 0x80) {
      head += length - 0x80;
      length = der.readUIntBE(at + 2, length - 0x80);
    }
    list.push({tag: der[at], value: der.subarray(head, head + length), whole: der.subarray(at, head + length)});
    at = head + length;
  }
  return list;
}

// node verify.mjs token.json ORIGIN NONCE root.pem [issuer.pem ...]
if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [token, origin, nonce, root, ...issuers] = process.argv.slice(2);
  const load = (name) => new X509Certificate(readFileSync(name));
  try {
    const trust = {roots: [load(root)], issuers: issuers.map(load)};
    console.log(JSON.stringify(verifyToken(JSON.parse(readFileSync(token, 'utf8')), {origin, nonce, ...trust})));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
