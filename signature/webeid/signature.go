package webeid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func sum(h crypto.Hash, parts ...[]byte) []byte {
	state := h.New()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}

// encodeSignature turns what a crypto.Signer gave into what a token carries: RSA as it is, ECDSA from ASN.1 DER to r ‖ s,
// each as wide as the curve's order (RFC 7518 section 3.4).
func encodeSignature(public crypto.PublicKey, signature []byte) ([]byte, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if len(signature) != key.Size() {
			return nil, fmt.Errorf("%w: %d bytes for an RSA key of %d; the signer is at fault", ErrSignatureEncoding, len(signature), key.Size())
		}
		return signature, nil
	case *ecdsa.PublicKey:
		return derToRaw(key, signature)
	default:
		return nil, fmt.Errorf("%w: %s", ErrKey, describe(public))
	}
}

func derToRaw(key *ecdsa.PublicKey, der []byte) ([]byte, error) {
	var r, s big.Int
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&r) || !body.ReadASN1Integer(&s) || !body.Empty() {
		return nil, fmt.Errorf("%w: not the DER SEQUENCE of two INTEGERs of RFC 3279 section 2.2.3; the signer is at fault", ErrSignatureEncoding)
	}
	if !inRange(key, &r) || !inRange(key, &s) {
		return nil, fmt.Errorf("%w: r or s outside 1 … n-1; the signer is at fault", ErrSignatureEncoding)
	}
	size := orderSize(key)
	raw := make([]byte, 2*size)
	r.FillBytes(raw[:size])
	s.FillBytes(raw[size:])
	return raw, nil
}

// rawToDER is the way back, for the verifier. There is one r ‖ s for each pair, since lengths and ranges are exact. The
// pair (r, n-s) of a valid (r, s) is valid too: ECDSA allows it, cards do not normalise, and nothing may use a
// signature's bytes as an identity.
func rawToDER(key *ecdsa.PublicKey, raw []byte) ([]byte, error) {
	size := orderSize(key)
	if len(raw) != 2*size {
		return nil, fmt.Errorf("%w: %d bytes, the curve wants %d; ask the sender for r and s at full width", ErrSignatureEncoding, len(raw), 2*size)
	}
	r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
	if !inRange(key, r) || !inRange(key, s) {
		return nil, fmt.Errorf("%w: r or s outside 1 … n-1; log in again", ErrSignatureEncoding)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

func inRange(key *ecdsa.PublicKey, n *big.Int) bool {
	return n.Sign() > 0 && n.Cmp(key.Params().N) < 0
}

func orderSize(key *ecdsa.PublicKey) int { return (key.Params().N.BitLen() + 7) / 8 }

// verifySignature wants alg.Fits(public) to have been asked before.
func verifySignature(alg Algorithm, public crypto.PublicKey, digest, signature []byte) error {
	valid := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		if len(signature) != key.Size() {
			return fmt.Errorf("%w: %d bytes for an RSA key of %d; log in again", ErrSignatureEncoding, len(signature), key.Size())
		}
		if options, isPSS := alg.SignerOpts().(*rsa.PSSOptions); isPSS {
			valid = rsa.VerifyPSS(key, alg.Hash(), digest, signature, options) == nil
		} else {
			valid = rsa.VerifyPKCS1v15(key, alg.Hash(), digest, signature) == nil
		}
	case *ecdsa.PublicKey:
		der, err := rawToDER(key, signature)
		if err != nil {
			return err
		}
		valid = ecdsa.VerifyASN1(key, digest, der)
	}
	if !valid {
		return fmt.Errorf("%w this certificate, origin and challenge nonce: another page, an old challenge or a changed token; log in again", ErrSignature)
	}
	return nil
}
