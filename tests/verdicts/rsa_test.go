package verdicts

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // mask functions that nobody may use
	"crypto/x509"
	"encoding/asn1"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

var rsaReasons = map[string]string{
	"salt":     "a salt of another length than the hash: the token's algorithms (RFC 7518, section 3.5) know that one alone, so libcrypto is asked for any",
	"small":    "RSA below 2,048 bits: NIST SP 800-57 part 1 gives it less than 112 bits of security",
	"large":    "RSA above 8,192 bits: one request would cost seconds",
	"exponent": "a public exponent of 1, where everybody can sign, or above 31 bits, which Go's crypto/rsa does not take", "keyEncoding": keyEncoding,
}

// digestInfo is RFC 8017's, section 9.2, note 1: the prefix of each hash.
var digestInfo = map[crypto.Hash]string{
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// pkcs1Forms are encoded messages (RFC 8017, section 9.2), of which "good" alone is one.
func pkcs1Forms(hash crypto.Hash, digest []byte, size int) map[string][]byte {
	prefix := []byte(digestInfo[hash])
	info := append(bytes.Clone(prefix), digest...)
	block := func(kind byte, padding int, rest ...[]byte) []byte {
		tail := bytes.Join(rest, nil)
		if padding < 0 {
			padding = size - 3 - len(tail)
		}
		em := append([]byte{0, kind}, bytes.Repeat([]byte{0xff}, padding)...)
		em = append(append(em, 0), tail...)
		return append(em, bytes.Repeat([]byte{0x5a}, size-len(em))...)
	}
	withoutNull := append([]byte{0x30, prefix[1] - 2, 0x30, 0x0b}, append(bytes.Clone(prefix[4:15]), append(bytes.Clone(prefix[17:]), digest...)...)...)
	longForm := append([]byte{0x30, 0x81}, info[1:]...)
	otherHash := map[crypto.Hash]crypto.Hash{crypto.SHA256: crypto.SHA384, crypto.SHA384: crypto.SHA512, crypto.SHA512: crypto.SHA256}[hash]
	trailing := append(append([]byte{0x30, info[1] + 2}, info[2:]...), 0x05, 0x00)
	forms := map[string][]byte{
		"good": block(1, -1, info), "no NULL in DigestInfo": block(1, -1, withoutNull), "a long-form length in DigestInfo": block(1, -1, longForm),
		"bytes after the digest in DigestInfo": block(1, -1, trailing), "no DigestInfo": block(1, -1, digest), "another hash in DigestInfo": block(1, -1, []byte(digestInfo[otherHash]), digest),
		"block type 0": block(0, -1, info), "block type 2": block(2, -1, info), "garbage after eight bytes of padding": block(1, 8, info), "garbage after the digest": block(1, size-3-len(info)-4, info),
		"no padding": block(1, 0, info), "a digest that is not it": block(1, -1, prefix, sum(hash, digest)),
	}
	holed := bytes.Clone(forms["good"])
	holed[size/4] = 0xfe
	noZero := bytes.Clone(forms["good"])
	noZero[size-len(info)-1] = 0xff
	first := bytes.Clone(forms["good"])
	first[0] = 1
	forms["a hole in the padding"], forms["no zero after the padding"], forms["a first byte that is not zero"] = holed, noZero, first
	return forms
}

// pss is an encoded message of EMSA-PSS (RFC 8017, section 9.1.1) with whatever it can have wrong.
type pss struct {
	hash, mask crypto.Hash
	salt       int
	trailer    byte
	separator  byte
	hole       byte // in the padding
	top        byte // set in the first byte, above what the modulus leaves free
}

func (p pss) encode(j *judge, digest []byte, bits int) []byte {
	size := (bits + 7) / 8
	salt := j.bytes(p.salt)
	h := sum(p.hash, make([]byte, 8), digest, salt)
	db := append(make([]byte, size-len(salt)-len(h)-2), append([]byte{p.separator}, salt...)...)
	if padding := size - len(salt) - len(h) - 2; padding > 1 {
		db[padding/2] = p.hole
	}
	for counter, at := uint32(0), 0; at < len(db); counter++ { // MGF1 (appendix B.2.1)
		for _, b := range sum(p.mask, h, []byte{byte(counter >> 24), byte(counter >> 16), byte(counter >> 8), byte(counter)}) {
			if at < len(db) {
				db[at] ^= b
				at++
			}
		}
	}
	db[0] = db[0]&(0xff>>(8*size-bits)) | p.top
	return append(append(db, h...), p.trailer)
}

func pssForms(j *judge, hash crypto.Hash, digest []byte, modulus *big.Int) map[string][]byte {
	bits := modulus.BitLen() - 1
	good := pss{hash: hash, mask: hash, salt: hash.Size(), trailer: 0xbc, separator: 1}
	forms := map[string]func(*pss){
		"good": func(*pss) {}, "no salt": func(p *pss) { p.salt = 0 }, "a salt of 20": func(p *pss) { p.salt = 20 }, "a salt one shorter": func(p *pss) { p.salt-- },
		"a salt one longer": func(p *pss) { p.salt++ }, "the longest salt": func(p *pss) { p.salt = (bits+7)/8 - hash.Size() - 2 },
		"a mask by SHA-1": func(p *pss) { p.mask = crypto.SHA1 }, "a mask by SHA-224": func(p *pss) { p.mask = crypto.SHA224 }, "trailer cc": func(p *pss) { p.trailer = 0xcc },
		"trailer 0": func(p *pss) { p.trailer = 0 }, "separator 2": func(p *pss) { p.separator = 2 }, "separator 0": func(p *pss) { p.separator = 0 },
		"a hole in the padding": func(p *pss) { p.hole = 0x40 }, "a top bit": func(p *pss) { p.top = 0x80 },
	}
	made := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		p := good
		forms[name](&p)
		for made[name] == nil || new(big.Int).SetBytes(made[name]).Cmp(modulus) >= 0 {
			made[name] = p.encode(j, digest, bits)
		}
	}
	return made
}

// private raises to the secret exponent, whatever the bytes mean.
func private(key *rsa.PrivateKey, em []byte) []byte {
	m := new(big.Int).SetBytes(em)
	p, q := key.Primes[0], key.Primes[1]
	a, b := new(big.Int).Exp(m, key.Precomputed.Dp, p), new(big.Int).Exp(m, key.Precomputed.Dq, q)
	a.Mod(a.Mul(a.Sub(a, b), key.Precomputed.Qinv), p)
	return a.Add(a.Mul(a, q), b).FillBytes(make([]byte, key.Size()))
}

func TestRSA(t *testing.T) {
	j := newJudge(t, rsaReasons)
	stranger := j.rsaHolder(2048)
	for _, size := range []struct{ bits, flips int }{{2048, 25}, {3072, 5}, {4096, 3}} {
		h := j.rsaHolder(size.bits)
		for _, hash := range hashes {
			j.rsaForms(h, hash)
			j.rsaMutations(h, stranger, hash, size.flips)
		}
	}
	j.rsaKeys()
	j.compare(1000)
}

func algorithm(family string, hash crypto.Hash) webeid.Algorithm {
	return webeid.Algorithm(family + hashNames[hash][3:])
}

func (j *judge) rsaForms(h holder, hash crypto.Hash) {
	key := h.key.(*rsa.PrivateKey)
	digest := loginDigest(hash, origin, nonce)
	for name, em := range pkcs1Forms(hash, digest, key.Size()) {
		signature := private(key, em)
		j.login(name, h.cert.Raw, h.spki, algorithm("RS", hash), origin, nonce, signature, "")
		j.bare(name, h.spki, hash, digest, signature, "")
	}
	for name, em := range pssForms(j, hash, digest, key.N) {
		signature := private(key, em)
		alg := algorithm("PS", hash)
		j.login(name, h.cert.Raw, h.spki, alg, origin, nonce, signature, "")
		j.login(name+" under RS", h.cert.Raw, h.spki, algorithm("RS", hash), origin, nonce, signature, "")
		asked := &j.cases[len(j.cases)-2]
		j.add(asked.name+", any salt", asked.ours, question{"anysalt", asked.ask.hash, asked.ask.key, asked.ask.message, asked.ask.signature}, "salt")
	}
}

func (j *judge) rsaMutations(h, stranger holder, hash crypto.Hash, flips int) {
	key := h.key.(*rsa.PrivateKey)
	for _, family := range []string{"RS", "PS"} {
		alg := algorithm(family, hash)
		digest := loginDigest(hash, origin, nonce)
		signature := j.sign(key, digest, alg.SignerOpts())
		changed := j.torn(signature, flips)
		changed["made by crypto/rsa"] = signature
		number := new(big.Int).SetBytes(signature)
		changed["plus the modulus"] = number.Add(number, key.N).Bytes()
		changed["negated"] = new(big.Int).Sub(key.N, new(big.Int).SetBytes(signature)).FillBytes(make([]byte, key.Size()))
		changed["the modulus"], changed["the modulus less one"] = key.N.Bytes(), new(big.Int).Sub(key.N, big.NewInt(1)).Bytes()
		changed["one"] = append(make([]byte, key.Size()-1), 1)
		for _, name := range slices.Sorted(maps.Keys(changed)) {
			j.login(name, h.cert.Raw, h.spki, alg, origin, nonce, changed[name], "")
			if family == "RS" {
				j.bare(name, h.spki, hash, digest, changed[name], "")
			}
		}
		j.login("another origin", h.cert.Raw, h.spki, alg, origin+":444", nonce, signature, "")
		j.login("another nonce", h.cert.Raw, h.spki, alg, origin, nonce[1:]+"A", signature, "")
		j.login("another's key", stranger.cert.Raw, stranger.spki, alg, origin, nonce, signature, "")
		for _, other := range hashes {
			if other != hash {
				j.login("as another hash", h.cert.Raw, h.spki, algorithm(family, other), origin, nonce, signature, "")
			}
		}
		for range flips {
			spki := j.flippedKey(h.spki)
			j.login("a flipped key", replaceKey(h, spki), spki, alg, origin, nonce, signature, inKey(spki))
			if family == "RS" {
				j.bare("a flipped key", spki, hash, digest, signature, inKey(spki))
				j.bare("a flipped digest", h.spki, hash, j.flipped(digest), signature, "")
			}
		}
	}
	digest := sum(hash, []byte("x"))
	signature := j.sign(key, digest, hash)
	noNull := bytes.Replace(h.spki, []byte("\x01\x01\x01\x05\x00"), []byte("\x01\x01\x01\x04\x00"), 1)
	j.bare("other parameters of rsaEncryption", noNull, hash, digest, signature, "keyEncoding")
	for name, d := range map[string][]byte{"a digest cut short": digest[1:], "a digest with a byte more": append(bytes.Clone(digest), 0), "no digest": {}} {
		j.bare(name, h.spki, hash, d, signature, "")
	}
}

// rsaKeys are keys of sizes and exponents that no card has.
func (j *judge) rsaKeys() {
	digest := loginDigest(crypto.SHA256, origin, nonce)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(j, err)
	h := j.holder(small)
	j.login("1,024 bits", h.cert.Raw, h.spki, webeid.RS256, origin, nonce, j.sign(small, digest, crypto.SHA256), "small")
	j.login("1,024 bits", h.cert.Raw, h.spki, webeid.PS256, origin, nonce, j.sign(small, digest, webeid.PS256.SignerOpts()), "small")
	j.bare("1,024 bits", h.spki, crypto.SHA256, digest, j.sign(small, digest, crypto.SHA256), "small")

	modulus, order := big.NewInt(1), big.NewInt(1)
	for range 9 { // one prime of 4,608 bits would take long to find
		p, err := rand.Prime(rand.Reader, 1024)
		require.NoError(j, err)
		modulus.Mul(modulus, p)
		order.Mul(order, new(big.Int).Sub(p, big.NewInt(1)))
	}
	j.withExponent("9,216 bits", modulus, order, 65537, digest, "large")
	key := j.rsaHolder(2048).key.(*rsa.PrivateKey)
	order = new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], big.NewInt(1)), new(big.Int).Sub(key.Primes[1], big.NewInt(1)))
	j.withExponent("exponent 1", key.N, order, 1, digest, "exponent")
	long := int64(1<<31 + 1)
	for new(big.Int).GCD(nil, nil, big.NewInt(long), order).Cmp(big.NewInt(1)) != 0 {
		long += 2
	}
	j.withExponent("a long exponent", key.N, order, long, digest, "exponent")
}

func (j *judge) withExponent(name string, modulus, order *big.Int, exponent int64, digest []byte, reason string) {
	d := new(big.Int).ModInverse(big.NewInt(exponent), order)
	public, err := asn1.Marshal(struct{ N, E *big.Int }{modulus, big.NewInt(exponent)})
	require.NoError(j, err)
	template, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: modulus, E: 3})
	require.NoError(j, err)
	var spki struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	_, err = asn1.Unmarshal(template, &spki)
	require.NoError(j, err)
	spki.Key = asn1.BitString{Bytes: public, BitLength: 8 * len(public)}
	der, err := asn1.Marshal(spki)
	require.NoError(j, err)
	size := (modulus.BitLen() + 7) / 8
	em := pkcs1Forms(crypto.SHA256, digest, size)["good"]
	j.bare(name, der, crypto.SHA256, digest, new(big.Int).Exp(new(big.Int).SetBytes(em), d, modulus).FillBytes(make([]byte, size)), reason)
}
