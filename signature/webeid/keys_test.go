package webeid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

const (
	origin     = "https://portal.example"
	appVersion = "https://cardbridge.example/releases/1.0.0"
)

var nonce = strings.Repeat("Ab1+", 11)

// holder is one test card: a key and a self-signed certificate (the token's signature does not look at the issuer).
type holder struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newHolder(t testing.TB, key crypto.Signer) holder {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{Country: []string{"TW"}, CommonName: "王小明", SerialNumber: "0000000000000001"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return holder{key, cert}
}

func newRSA(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

var (
	holdersOnce sync.Once
	holders     map[string]holder
)

// holderFor gives the shared card whose key goes with the algorithm.
func holderFor(t testing.TB, alg webeid.Algorithm) holder {
	t.Helper()
	holdersOnce.Do(func() {
		holders = map[string]holder{
			"RSA":   newHolder(t, newRSA(t, 2048)),
			"ES256": newHolder(t, newEC(t, elliptic.P256())),
			"ES384": newHolder(t, newEC(t, elliptic.P384())),
			"ES512": newHolder(t, newEC(t, elliptic.P521())),
		}
	})
	if h, ok := holders[string(alg)]; ok {
		return h
	}
	return holders["RSA"]
}

func newToken(t testing.TB, alg webeid.Algorithm, h holder) webeid.Token {
	t.Helper()
	digest, err := webeid.Digest(alg, origin, nonce)
	require.NoError(t, err)
	signature, err := h.key.Sign(rand.Reader, digest, alg.SignerOpts())
	require.NoError(t, err)
	token, err := webeid.NewToken(h.cert, alg, signature, appVersion)
	require.NoError(t, err)
	return token
}

// everyAlgorithm fails when the table is empty: a loop over nothing proves nothing.
func everyAlgorithm(t testing.TB) []webeid.Algorithm {
	t.Helper()
	all := webeid.Algorithms()
	require.Len(t, all, 9)
	return all
}
