package webeid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.SHA256.New needs it linked in
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512 likewise
	"fmt"
	"slices"
)

// Algorithm is a JSON Web Algorithms name (RFC 7518 section 3.1), spelled as the token's member "algorithm" carries it.
type Algorithm string

// The nine algorithms of the Web eID authentication token. EdDSA and ES256K are not among them.
const (
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5, SHA-256
	RS384 Algorithm = "RS384" // RSASSA-PKCS1-v1_5, SHA-384
	RS512 Algorithm = "RS512" // RSASSA-PKCS1-v1_5, SHA-512
	PS256 Algorithm = "PS256" // RSASSA-PSS, SHA-256, MGF1 with SHA-256, salt of 32 bytes
	PS384 Algorithm = "PS384" // RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 bytes
	PS512 Algorithm = "PS512" // RSASSA-PSS, SHA-512, MGF1 with SHA-512, salt of 64 bytes
	ES256 Algorithm = "ES256" // ECDSA, P-256, SHA-256
	ES384 Algorithm = "ES384" // ECDSA, P-384, SHA-384
	ES512 Algorithm = "ES512" // ECDSA, P-521, SHA-512
)

// The RSA sizes that are taken, in bits. The lower bound is NIST SP 800-57 part 1's for 112-bit security; the upper one
// keeps a hostile certificate from buying seconds of our processor time with one request.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

type family int

const (
	pkcs1 family = iota + 1
	pss
	ec
)

type parameters struct {
	family family
	hash   crypto.Hash
	curve  elliptic.Curve // ECDSA only: RFC 7518 section 3.4 binds each name to one curve
}

var table = map[Algorithm]parameters{
	RS256: {pkcs1, crypto.SHA256, nil}, RS384: {pkcs1, crypto.SHA384, nil}, RS512: {pkcs1, crypto.SHA512, nil},
	PS256: {pss, crypto.SHA256, nil}, PS384: {pss, crypto.SHA384, nil}, PS512: {pss, crypto.SHA512, nil},
	ES256: {ec, crypto.SHA256, elliptic.P256()}, ES384: {ec, crypto.SHA384, elliptic.P384()}, ES512: {ec, crypto.SHA512, elliptic.P521()},
}

// Algorithms gives every supported name, sorted.
func Algorithms() []Algorithm {
	names := make([]Algorithm, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ParseAlgorithm takes a name exactly as spelled above; anything else is ErrAlgorithm.
func ParseAlgorithm(name string) (Algorithm, error) {
	if _, ok := table[Algorithm(name)]; !ok {
		return "", fmt.Errorf("%w: %s is none of %v; ask for one of these", ErrAlgorithm, quote(name), Algorithms())
	}
	return Algorithm(name), nil
}

// DefaultAlgorithm names the algorithm for a key whose caller asked for none: RS256 for RSA, the curve's own for ECDSA.
// A key that no algorithm fits is ErrKey.
func DefaultAlgorithm(public crypto.PublicKey) (Algorithm, error) {
	for _, alg := range []Algorithm{RS256, ES256, ES384, ES512} {
		if alg.Fits(public) == nil {
			return alg, nil
		}
	}
	return "", fmt.Errorf("%w: %s has no Web eID algorithm; use RSA of %d to %d bits, or P-256, P-384, P-521",
		ErrKey, describe(public), minRSABits, maxRSABits)
}

// Hash is the hash of the algorithm, applied to the origin, to the nonce and to their concatenation; 0 if the name is
// not one of ours.
func (alg Algorithm) Hash() crypto.Hash { return table[alg].hash }

// SignerOpts is what crypto.Signer wants beside the digest: *rsa.PSSOptions for PS*, the crypto.Hash for the others, nil
// if the name is not one of ours.
func (alg Algorithm) SignerOpts() crypto.SignerOpts {
	switch p := table[alg]; p.family {
	case pss:
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: p.hash}
	case pkcs1, ec:
		return p.hash
	default:
		return nil
	}
}

// Fits says whether the key may be used with the algorithm: its kind, its curve, its size. Errors: ErrAlgorithm for an
// unknown name, else ErrKey.
func (alg Algorithm) Fits(public crypto.PublicKey) error {
	p, ok := table[alg]
	if !ok {
		_, err := ParseAlgorithm(string(alg))
		return err
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if p.family == ec || key == nil || key.N == nil {
			break
		}
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Errorf("%w: RSA of %d bits; use %d to %d", ErrKey, bits, minRSABits, maxRSABits)
		}
		return nil
	case *ecdsa.PublicKey:
		if p.family == ec && key != nil && key.Curve == p.curve {
			return nil
		}
	}
	return fmt.Errorf("%w: %s does not go with %s; choose the algorithm of the key", ErrKey, describe(public), alg)
}

// describe names a key for an error text without any of its bytes.
func describe(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return "an RSA key"
	case *ecdsa.PublicKey:
		if key != nil && key.Curve != nil {
			return "an ECDSA key on " + key.Curve.Params().Name
		}
		return "an ECDSA key without a curve"
	default:
		return fmt.Sprintf("a key of type %T", public)
	}
}

// quote shortens hostile text before it goes into an error: at most 40 bytes, escaped.
func quote(text string) string {
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return fmt.Sprintf("%q", text)
}
