package webeid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"

	"github.com/cardbridge/cardbridge/signature/ecdsasig"
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
		raw, err := ecdsasig.FromDER(key.Curve, signature)
		if err != nil {
			return nil, fmt.Errorf("%w: not the DER SEQUENCE of two INTEGERs of RFC 3279 section 2.2.3, or r or s outside 1 … n-1; the signer is at fault", ErrSignatureEncoding)
		}
		return raw, nil
	default:
		return nil, fmt.Errorf("%w: %s", ErrKey, describe(public))
	}
}

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
		// the pair (r, n-s) of a valid (r, s) is valid too: nothing may use a signature's bytes as an identity
		der, err := ecdsasig.ToDER(key.Curve, signature)
		if err != nil {
			return fmt.Errorf("%w: %d bytes that are not r ‖ s at the full width of %s, each within 1 … n-1; ask the sender for that form",
				ErrSignatureEncoding, len(signature), key.Params().Name)
		}
		valid = ecdsa.VerifyASN1(key, digest, der)
	}
	if !valid {
		return fmt.Errorf("%w this certificate, origin and challenge nonce: another page, an old challenge or a changed token; log in again", ErrSignature)
	}
	return nil
}
