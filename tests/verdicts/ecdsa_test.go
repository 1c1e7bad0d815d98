package verdicts

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

var ecdsaReasons = map[string]string{
	"width": "r||s has one width for each curve (RFC 7518, section 3.4), leading zeros included: two spellings of one signature are one too many; libcrypto is asked for the numbers",
	"bound": "RFC 7518, section 3.4 binds each algorithm's name to one curve",
	"curve": "P-224 gives less than the 128 bits that the algorithms' names promise", "keyEncoding": keyEncoding,
}

// pair is an ECDSA signature as numbers.
type pair struct{ r, s *big.Int }

func pairOf(j *judge, der []byte) (p pair) {
	input, body := cryptobyte.String(der), cryptobyte.String(nil)
	p = pair{new(big.Int), new(big.Int)}
	require.True(j, input.ReadASN1(&body, asn1.SEQUENCE) && body.ReadASN1Integer(p.r) && body.ReadASN1Integer(p.s))
	return p
}

func (p pair) raw(width int) []byte {
	return append(p.r.FillBytes(make([]byte, width)), p.s.FillBytes(make([]byte, width))...)
}

// integer is what a DER INTEGER holds.
func integer(n *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	return b.BytesOrPanic()[2:] // every number here is shorter than 128 bytes
}

func tlv(tag byte, body ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.Tag(tag), func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(body, nil)) })
	return b.BytesOrPanic()
}

func (p pair) der() []byte { return tlv(0x30, tlv(2, integer(p.r)), tlv(2, integer(p.s))) }

// pairs are numbers near the good ones, of which "good" and "s negated modulo n" are the good ones.
func (p pair) pairs(n *big.Int) map[string]pair {
	add := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	one := big.NewInt(1)
	list := map[string]pair{
		"good": p, "s negated modulo n": {p.r, new(big.Int).Sub(n, p.s)}, "r negated modulo n": {new(big.Int).Sub(n, p.r), p.s}, "swapped": {p.s, p.r},
		"r plus 1": {add(p.r, one), p.s}, "s plus 1": {p.r, add(p.s, one)}, "both plus 1": {add(p.r, one), add(p.s, one)}, "both zero": {new(big.Int), new(big.Int)}, "both one": {one, one},
		"r plus n": {add(p.r, n), p.s}, "s plus n": {p.r, add(p.s, n)}, "s plus 2n": {p.r, add(p.s, add(n, n))},
	}
	for name, value := range map[string]*big.Int{"zero": new(big.Int), "one": one, "n": n, "n less 1": new(big.Int).Sub(n, one), "n plus 1": add(n, one)} {
		list["r is "+name], list["s is "+name] = pair{value, p.s}, pair{p.r, value}
	}
	return list
}

// encodings are spellings of a pair that DER does not have, but for "good".
func (p pair) encodings() map[string][]byte {
	r, s := integer(p.r), integer(p.s)
	minus := func(n *big.Int) []byte { return integer(new(big.Int).Neg(n)) }
	body := append(tlv(2, r), tlv(2, s)...)
	padded := append(make([]byte, 100), r...)
	return map[string][]byte{
		"r with a leading zero": tlv(0x30, tlv(2, []byte{0}, r), tlv(2, s)), "s with a leading zero": tlv(0x30, tlv(2, r), tlv(2, []byte{0}, s)),
		"r with a hundred leading zeros": tlv(0x30, tlv(2, padded), tlv(2, s)), "negative r": tlv(0x30, tlv(2, minus(p.r)), tlv(2, s)), "negative s": tlv(0x30, tlv(2, r), tlv(2, minus(p.s))),
		"r without a sign": tlv(0x30, tlv(2, p.r.Bytes()), tlv(2, p.s.Bytes())), "three numbers": tlv(0x30, body, tlv(2, s)), "one number": tlv(0x30, tlv(2, r)), "no number": tlv(0x30),
		"a trailing NULL inside": tlv(0x30, body, tlv(5)), "a trailing NULL outside": append(tlv(0x30, body), tlv(5)...), "a SET": tlv(0x31, body), "a context tag": tlv(0xa0, body),
		"octets": tlv(4, tlv(0x30, body)), "r as octets": tlv(0x30, tlv(4, r), tlv(2, s)), "r as an enumeration": tlv(0x30, tlv(10, r), tlv(2, s)),
		"an indefinite length":  append(append([]byte{0x30, 0x80}, body...), 0, 0),
		"a length of two bytes": append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...),
		"r's length of two":     tlv(0x30, append([]byte{2, 0x81, byte(len(r))}, r...), tlv(2, s)), "an empty r": tlv(0x30, tlv(2), tlv(2, s)), "r||s": p.raw(max(len(r), len(s))),
	}
}

func width(curve elliptic.Curve) int { return (curve.Params().N.BitLen() + 7) / 8 }

var curves = []struct {
	curve elliptic.Curve
	alg   webeid.Algorithm
}{{elliptic.P256(), webeid.ES256}, {elliptic.P384(), webeid.ES384}, {elliptic.P521(), webeid.ES512}}

func TestECDSA(t *testing.T) {
	j := newJudge(t, ecdsaReasons)
	for i, c := range curves {
		h, stranger := j.ecHolder(c.curve), j.ecHolder(c.curve)
		for range 4 {
			j.numbers(h, stranger, c.alg)
		}
		j.shortNumbers(c.curve, c.alg)
		for _, hash := range hashes {
			j.der(h, stranger, hash)
		}
		other := j.ecHolder(curves[(i+1)%3].curve)
		digest := loginDigest(c.alg.Hash(), origin, nonce)
		raw := pairOf(j, j.sign(other.key, digest, c.alg.Hash())).raw(width(curves[(i+1)%3].curve))
		j.login("another curve", other.cert.Raw, other.spki, c.alg, origin, nonce, raw, "bound")
	}
	h := j.ecHolder(elliptic.P224())
	digest := loginDigest(crypto.SHA256, origin, nonce)
	j.bare("P-224", h.spki, crypto.SHA256, digest, j.sign(h.key, digest, crypto.SHA256), "curve")
	j.compare(1000)
}

func (j *judge) numbers(h, stranger holder, alg webeid.Algorithm) {
	curve := h.key.Public().(*ecdsa.PublicKey).Curve
	size := width(curve)
	digest := loginDigest(alg.Hash(), origin, nonce)
	p := pairOf(j, j.sign(h.key, digest, alg.Hash()))
	say := func(name string, raw []byte, reason string) {
		j.login(name, h.cert.Raw, h.spki, alg, origin, nonce, raw, reason)
	}
	for name, q := range p.pairs(curve.Params().N) {
		least := max(size, len(q.r.Bytes()), len(q.s.Bytes()))
		say(name, q.raw(least), "")
		say(name+", wider", q.raw(least+1), "width")
		say(name+", much wider", q.raw(3*least), "width")
	}
	raw := p.raw(size)
	torn := j.torn(raw, 20)
	for _, name := range slices.Sorted(maps.Keys(torn)) {
		say(name, torn[name], "")
	}
	say("DER", p.der(), "")
	j.login("another origin", h.cert.Raw, h.spki, alg, origin+":444", nonce, raw, "")
	j.login("another nonce", h.cert.Raw, h.spki, alg, origin, nonce[1:]+"A", raw, "")
	j.login("another's key", stranger.cert.Raw, stranger.spki, alg, origin, nonce, raw, "")
	for _, c := range curves {
		if c.alg != alg {
			j.login("as another algorithm", h.cert.Raw, h.spki, c.alg, origin, nonce, raw, "")
		}
	}
	for range 20 {
		spki := j.flippedKey(h.spki)
		j.login("a flipped key", replaceKey(h, spki), spki, alg, origin, nonce, raw, inKey(spki))
	}
	hybrid := bytes.Clone(h.spki)
	hybrid[len(hybrid)-2*((curve.Params().BitSize+7)/8)-1] = 6 | hybrid[len(hybrid)-1]&1
	j.login("a hybrid point", replaceKey(h, hybrid), hybrid, alg, origin, nonce, raw, "keyEncoding")
}

// shortNumbers makes a signature whose r and s both begin with a zero byte, by choosing the key last: d = (sk - z) / r.
func (j *judge) shortNumbers(curve elliptic.Curve, alg webeid.Algorithm) {
	n, size := curve.Params().N, width(curve)
	digest := loginDigest(alg.Hash(), origin, nonce)
	z := new(big.Int).SetBytes(digest) // no digest here is longer than its curve's order
	for {
		secret, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(j, err)
		k, err := secret.Bytes()
		require.NoError(j, err)
		point, err := secret.PublicKey.Bytes()
		require.NoError(j, err)
		r := new(big.Int).SetBytes(point[1 : 1+(len(point)-1)/2])
		r.Mod(r, n)
		s := new(big.Int).SetBytes(j.bytes(size - 1))
		d := new(big.Int).Mul(s, new(big.Int).SetBytes(k))
		d.Mod(d.Mul(d.Sub(d, z), new(big.Int).ModInverse(r, n)), n)
		if len(r.Bytes()) >= size || len(s.Bytes()) >= size || d.Sign() == 0 {
			continue
		}
		key, err := ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, size)))
		require.NoError(j, err)
		h := j.holder(key)
		p := pair{r, s}
		j.login("leading zeros", h.cert.Raw, h.spki, alg, origin, nonce, p.raw(size), "")
		j.login("leading zeros left out", h.cert.Raw, h.spki, alg, origin, nonce, p.raw(size-1), "width")
		j.bare("leading zeros", h.spki, alg.Hash(), digest, p.der(), "")
		j.bare("leading zeros kept", h.spki, alg.Hash(), digest, tlv(0x30, tlv(2, r.FillBytes(make([]byte, size))), tlv(2, s.FillBytes(make([]byte, size)))), "")
		return
	}
}

func (j *judge) der(h, stranger holder, hash crypto.Hash) {
	digest := sum(hash, []byte("a document"))
	made := j.sign(h.key, digest, hash)
	p := pairOf(j, made)
	say := func(name string, signature []byte) { j.bare(name, h.spki, hash, digest, signature, "") }
	for name, q := range p.pairs(h.key.Public().(*ecdsa.PublicKey).Params().N) {
		say(name, q.der())
	}
	for name, encoding := range p.encodings() {
		say(name, encoding)
	}
	torn := j.torn(made, 40)
	for _, name := range slices.Sorted(maps.Keys(torn)) {
		say(name, torn[name])
	}
	for cut := range len(made) {
		say("cut short", made[:cut])
	}
	for range 20 {
		spki := j.flippedKey(h.spki)
		j.bare("a flipped key", spki, hash, digest, made, inKey(spki))
		j.bare("a flipped digest", h.spki, hash, j.flipped(digest), made, "")
	}
	j.bare("another's key", stranger.spki, hash, digest, made, "")
	for name, d := range map[string][]byte{"a digest cut short": digest[:len(digest)-1], "a digest with a byte more": append(bytes.Clone(digest), 0), "no digest": {}} {
		j.bare(name, h.spki, hash, d, made, "")
		if len(d) > 0 {
			j.bare(name+", which was signed", h.spki, hash, d, j.sign(h.key, d, crypto.Hash(0)), "")
		}
	}
	for _, other := range hashes {
		if other != hash {
			j.bare("as another hash", h.spki, other, digest, made, "")
		}
	}
}
