// Package ecdsasig turns ECDSA signatures from r‖s (PKCS#11, JWA) into ASN.1 DER (X.509, crypto.Signer), or back.
package ecdsasig

import (
	"crypto/elliptic"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrEncoding says that a signature has another length or shape than its curve demands, or r or s outside 1 … n-1.
var ErrEncoding = errors.New("ecdsasig: malformed ECDSA signature; sign again")

// FromDER turns the SEQUENCE of two INTEGERs (RFC 3279, section 2.2.3) into r‖s, each as wide as the curve's order
// (RFC 7518, section 3.4).
func FromDER(curve elliptic.Curve, der []byte) ([]byte, error) {
	var r, s big.Int
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&r) || !body.ReadASN1Integer(&s) || !body.Empty() || !inRange(curve, &r) || !inRange(curve, &s) {
		return nil, ErrEncoding
	}
	size := orderSize(curve)
	raw := make([]byte, 2*size)
	r.FillBytes(raw[:size])
	s.FillBytes(raw[size:])
	return raw, nil
}

// ToDER is the way back. Lengths and ranges are exact, so there is one r‖s for each DER. The pair (r, n-s) of a valid (r, s)
// is valid too: ECDSA allows it, so nothing may use a signature's bytes as an identity.
func ToDER(curve elliptic.Curve, raw []byte) ([]byte, error) {
	size := orderSize(curve)
	if len(raw) != 2*size {
		return nil, ErrEncoding
	}
	r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
	if !inRange(curve, r) || !inRange(curve, s) {
		return nil, ErrEncoding
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

func inRange(curve elliptic.Curve, n *big.Int) bool {
	return n.Sign() > 0 && n.Cmp(curve.Params().N) < 0
}

func orderSize(curve elliptic.Curve) int { return (curve.Params().N.BitLen() + 7) / 8 }
