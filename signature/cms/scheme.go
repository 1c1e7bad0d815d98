package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.SHA256.New needs it linked in
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512 likewise
	"slices"

	"github.com/cardbridge/cardbridge/signature/ecdsasig"
)

// Scheme is how to sign. One hash serves the content and the signed attributes, whatever the key's size (RFC 5652, section 5.4).
type Scheme struct {
	Hash crypto.Hash // SHA-256, SHA-384 or SHA-512
	PSS  bool        // RSASSA-PSS with a salt of the hash's length, where the key is RSA; else PKCS #1 v1.5
}

// The RSA sizes that are taken, in bits: as for the login.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// SignerOpts is what crypto.Signer wants beside the digest.
func (s Scheme) SignerOpts() crypto.SignerOpts {
	if s.PSS {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.Hash}
	}
	return s.Hash
}

type family int

const (
	pkcs1 family = iota + 1
	pss
	ecdsaFamily
)

// familyFor is the family of a key under a scheme, or ErrUnsupported.
func (s Scheme) familyFor(public crypto.PublicKey) (family, error) {
	if _, ok := hashes[s.Hash]; !ok {
		return 0, ErrUnsupported
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return 0, ErrUnsupported
		}
		if s.PSS {
			return pss, nil
		}
		return pkcs1, nil
	case *ecdsa.PublicKey:
		if !s.PSS && slices.Contains([]elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}, key.Curve) {
			return ecdsaFamily, nil
		}
	}
	return 0, ErrUnsupported
}

// verify checks one signature over a digest of the hash's length, which crypto/ecdsa alone would not ask for: it shortens what is
// longer than the curve's order. An ECDSA signature must be the one DER of its r and s.
func verify(public crypto.PublicKey, f family, hash crypto.Hash, digest, signature []byte) error {
	scheme := Scheme{Hash: hash, PSS: f == pss}
	if fits, err := scheme.familyFor(public); err != nil || fits != f {
		return ErrUnsupported
	}
	if len(digest) != hash.Size() {
		return ErrSignature
	}
	ok := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		if f == pss {
			ok = rsa.VerifyPSS(key, hash, digest, signature, scheme.SignerOpts().(*rsa.PSSOptions)) == nil
		} else {
			ok = rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil
		}
	case *ecdsa.PublicKey:
		_, err := ecdsasig.FromDER(key.Curve, signature)
		ok = err == nil && ecdsa.VerifyASN1(key, digest, signature)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// RawAlgorithm names what a bare signature of a key is, in Web Cryptography's words, or ErrUnsupported.
func RawAlgorithm(public crypto.PublicKey) (string, error) {
	f, err := Scheme{Hash: crypto.SHA256}.familyFor(public)
	if err != nil {
		return "", err
	}
	return map[family]string{pkcs1: "RSASSA-PKCS1-v1_5", ecdsaFamily: "ECDSA"}[f], nil
}

// Raw verifies a bare signature over a digest; one of ECDSA comes as DER and goes out as r||s (RFC 7518, section 3.4).
func Raw(public crypto.PublicKey, hash crypto.Hash, digest, signature []byte) ([]byte, error) {
	f, err := Scheme{Hash: hash}.familyFor(public)
	if err == nil {
		err = verify(public, f, hash, digest, signature)
	}
	if key, ok := public.(*ecdsa.PublicKey); ok && err == nil {
		return ecdsasig.FromDER(key.Curve, signature)
	}
	return signature, err
}
