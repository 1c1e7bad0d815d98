package webeid_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

func TestRoundTrip(t *testing.T) {
	for _, alg := range everyAlgorithm(t) {
		h := holderFor(t, alg)
		token := newToken(t, alg, h)
		wire, err := json.Marshal(token)
		require.NoError(t, err)
		decoded, err := webeid.DecodeToken(wire)
		require.NoError(t, err)
		require.Equal(t, token, decoded)
		cert, err := decoded.Verify(origin, nonce)
		require.NoError(t, err, alg)
		assert.True(t, cert.Equal(h.cert))
		assert.Equal(t, "web-eid:1.0", decoded.Format)
	}
}

func TestOtherOriginOrNonceIsRefused(t *testing.T) {
	for _, alg := range everyAlgorithm(t) {
		token := newToken(t, alg, holderFor(t, alg))
		for _, other := range []string{"https://portal.example:8443", "http://portal.example", "https://portal.examplf", "https://www.portal.example"} {
			_, err := token.Verify(other, nonce)
			assert.ErrorIs(t, err, webeid.ErrSignature, other)
		}
		for _, other := range []string{"b" + nonce[1:], nonce + "A", strings.Repeat("x", 44)} {
			_, err := token.Verify(origin, other)
			assert.ErrorIs(t, err, webeid.ErrSignature, other)
		}
		_, err := token.Verify(origin+"/", nonce)
		assert.ErrorIs(t, err, webeid.ErrOrigin)
		_, err = token.Verify(origin, nonce[1:])
		assert.ErrorIs(t, err, webeid.ErrNonceLength)
	}
}

// Every bit of an ECDSA signature is flipped, and each seventh of an RSA one (7 is prime to 8: each bit position occurs).
func TestEveryFlippedSignatureBitIsRefused(t *testing.T) {
	for _, alg := range everyAlgorithm(t) {
		token := newToken(t, alg, holderFor(t, alg))
		raw, err := base64.StdEncoding.DecodeString(token.Signature)
		require.NoError(t, err)
		step := 1
		if len(raw) >= 256 {
			step = 7
		}
		for bit := 0; bit < 8*len(raw); bit += step {
			changed := bytes.Clone(raw)
			changed[bit/8] ^= 1 << (bit % 8)
			token.Signature = base64.StdEncoding.EncodeToString(changed)
			_, err := token.Verify(origin, nonce)
			require.Error(t, err, "%s bit %d", alg, bit)
		}
	}
}

func TestTamperedMembers(t *testing.T) {
	good := newToken(t, webeid.ES256, holderFor(t, webeid.ES256))
	otherKey := newHolder(t, newEC(t, elliptic.P256()))
	cases := map[string]struct {
		change func(*webeid.Token)
		want   error
	}{
		"no format":               {func(t *webeid.Token) { t.Format = "" }, webeid.ErrFormat},
		"format 2":                {func(t *webeid.Token) { t.Format = "web-eid:2.0" }, webeid.ErrFormat},
		"format 10":               {func(t *webeid.Token) { t.Format = "web-eid:10" }, webeid.ErrFormat},
		"format with bare dot":    {func(t *webeid.Token) { t.Format = "web-eid:1." }, webeid.ErrFormat},
		"format with text":        {func(t *webeid.Token) { t.Format = "web-eid:1.0\n" }, webeid.ErrFormat},
		"format in capitals":      {func(t *webeid.Token) { t.Format = "WEB-EID:1.0" }, webeid.ErrFormat},
		"algorithm none":          {func(t *webeid.Token) { t.Algorithm = "none" }, webeid.ErrAlgorithm},
		"algorithm of RSA":        {func(t *webeid.Token) { t.Algorithm = "RS256" }, webeid.ErrKey},
		"algorithm of P-384":      {func(t *webeid.Token) { t.Algorithm = "ES384" }, webeid.ErrKey},
		"no certificate":          {func(t *webeid.Token) { t.UnverifiedCertificate = "" }, webeid.ErrCertificate},
		"PEM certificate":         {func(t *webeid.Token) { t.UnverifiedCertificate = "-----BEGIN CERTIFICATE-----" }, webeid.ErrCertificate},
		"certificate of noughts":  {func(t *webeid.Token) { t.UnverifiedCertificate = "AAAA" }, webeid.ErrCertificate},
		"certificate, line break": {func(t *webeid.Token) { t.UnverifiedCertificate = "\n" + t.UnverifiedCertificate }, webeid.ErrCertificate},
		"certificate and a byte":  {func(t *webeid.Token) { t.UnverifiedCertificate = appendBytes(t.UnverifiedCertificate, 0) }, webeid.ErrCertificate},
		"certificate over 16 KiB": {func(t *webeid.Token) {
			t.UnverifiedCertificate = appendBytes(t.UnverifiedCertificate, make([]byte, 16<<10)...)
		}, webeid.ErrCertificate},
		"another's certificate": {func(t *webeid.Token) {
			t.UnverifiedCertificate = base64.StdEncoding.EncodeToString(otherKey.cert.Raw)
		}, webeid.ErrSignature},
		"no signature":           {func(t *webeid.Token) { t.Signature = "" }, webeid.ErrSignatureEncoding},
		"signature, line break":  {func(t *webeid.Token) { t.Signature += "\r\n" }, webeid.ErrSignatureEncoding},
		"signature, base64url":   {func(t *webeid.Token) { t.Signature = strings.Repeat("-", 86) + "==" }, webeid.ErrSignatureEncoding},
		"signature, no padding":  {func(t *webeid.Token) { t.Signature = strings.TrimRight(t.Signature, "=") }, webeid.ErrSignatureEncoding},
		"signature too long":     {func(t *webeid.Token) { t.Signature = appendBytes(t.Signature, 0) }, webeid.ErrSignatureEncoding},
		"signature of 2 KiB":     {func(t *webeid.Token) { t.Signature = appendBytes("", make([]byte, 2048)...) }, webeid.ErrSignatureEncoding},
		"signature all noughts":  {func(t *webeid.Token) { t.Signature = appendBytes("", make([]byte, 64)...) }, webeid.ErrSignatureEncoding},
		"signature all ones":     {func(t *webeid.Token) { t.Signature = appendBytes("", bytes.Repeat([]byte{255}, 64)...) }, webeid.ErrSignatureEncoding},
		"signature in ASN.1 DER": {func(t *webeid.Token) { t.Signature = asDER(t.Signature) }, webeid.ErrSignatureEncoding},
	}
	for name, c := range cases {
		token := good
		c.change(&token)
		require.NotEqual(t, good, token, name)
		cert, err := token.Verify(origin, nonce)
		assert.ErrorIs(t, err, c.want, name)
		assert.Nil(t, cert, name)
	}
	// The specification signs neither of these: they are the sender's word, and nothing may depend on them.
	loose := good
	loose.AppVersion, loose.Format = "another", "web-eid:1.1"
	_, err := loose.Verify(origin, nonce)
	assert.NoError(t, err)
}

func appendBytes(text string, more ...byte) string {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(append(data, more...))
}

func asDER(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(raw[:len(raw)/2]), new(big.Int).SetBytes(raw[len(raw)/2:])})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// A family mix-up must not pass: a PKCS#1 v1.5 signature under a PSS name, a short salt under PS256, a hash swapped.
func TestAlgorithmsDoNotStandInForEachOther(t *testing.T) {
	h := holderFor(t, webeid.RS256)
	for _, from := range everyAlgorithm(t)[3:] {
		for _, to := range everyAlgorithm(t)[3:] {
			if from == to {
				continue
			}
			token := newToken(t, from, h)
			token.Algorithm = string(to)
			_, err := token.Verify(origin, nonce)
			require.ErrorIs(t, err, webeid.ErrSignature, "%s as %s", from, to)
		}
	}
	digest, err := webeid.Digest(webeid.PS256, origin, nonce)
	require.NoError(t, err)
	for _, salt := range []int{0, 20, 31, 33} {
		signature, err := h.key.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: salt, Hash: webeid.PS256.Hash()})
		require.NoError(t, err)
		token, err := webeid.NewToken(h.cert, webeid.PS256, signature, appVersion)
		require.NoError(t, err)
		_, err = token.Verify(origin, nonce)
		assert.ErrorIs(t, err, webeid.ErrSignature, "salt of %d", salt)
	}
}

// s and s+N are the same number to a careless verifier: the second spelling must be refused.
func TestRSASignaturePlusModulusIsRefused(t *testing.T) {
	h := holderFor(t, webeid.RS256)
	n := h.key.Public().(*rsa.PublicKey).N
	refused := 0
	for range 64 {
		digest, err := webeid.Digest(webeid.PS256, origin, nonce)
		require.NoError(t, err)
		signature, err := h.key.Sign(rand.Reader, digest, webeid.PS256.SignerOpts())
		require.NoError(t, err)
		sum := new(big.Int).Add(new(big.Int).SetBytes(signature), n)
		if sum.BitLen() > n.BitLen() {
			continue
		}
		token, err := webeid.NewToken(h.cert, webeid.PS256, sum.FillBytes(make([]byte, len(signature))), appVersion)
		require.NoError(t, err)
		_, err = token.Verify(origin, nonce)
		require.ErrorIs(t, err, webeid.ErrSignature)
		refused++
	}
	require.NotZero(t, refused, "no signature was small enough to add the modulus")
}

func TestNewTokenRefusesABadSigner(t *testing.T) {
	ec, rsaHolder := holderFor(t, webeid.ES256), holderFor(t, webeid.RS256)
	order := elliptic.P256().Params().N
	der := func(r, s *big.Int) []byte {
		out, err := asn1.Marshal([]*big.Int{r, s})
		require.NoError(t, err)
		return out
	}
	one := big.NewInt(1)
	for name, signature := range map[string][]byte{
		"empty": nil, "raw": bytes.Repeat([]byte{1}, 64), "zero r": der(new(big.Int), one), "negative s": der(one, big.NewInt(-1)),
		"r is n": der(order, one), "s over n": der(one, new(big.Int).Lsh(order, 8)), "trailing": append(der(one, one), 0),
		"one integer":       {0x30, 0x03, 0x02, 0x01, 0x01},
		"three integers":    {0x30, 0x09, 2, 1, 1, 2, 1, 1, 2, 1, 1},
		"indefinite length": {0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0},
		"padded integer":    {0x30, 0x07, 2, 2, 0, 1, 2, 1, 1},
	} {
		_, err := webeid.NewToken(ec.cert, webeid.ES256, signature, appVersion)
		assert.ErrorIs(t, err, webeid.ErrSignatureEncoding, name)
	}
	// Small numbers keep their full width.
	token, err := webeid.NewToken(ec.cert, webeid.ES256, der(one, one), appVersion)
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(token.Signature)
	require.NoError(t, err)
	assert.Equal(t, append(append(make([]byte, 31), 1), append(make([]byte, 31), 1)...), raw)

	_, err = webeid.NewToken(rsaHolder.cert, webeid.RS256, make([]byte, 255), appVersion)
	assert.ErrorIs(t, err, webeid.ErrSignatureEncoding)
	_, err = webeid.NewToken(rsaHolder.cert, webeid.ES256, make([]byte, 256), appVersion)
	assert.ErrorIs(t, err, webeid.ErrKey)
	_, err = webeid.NewToken(rsaHolder.cert, webeid.RS256, make([]byte, 256), "通")
	assert.ErrorIs(t, err, webeid.ErrToken)
	for _, cert := range []*x509.Certificate{nil, {}, {Raw: make([]byte, 16<<10+1)}} {
		_, err = webeid.NewToken(cert, webeid.RS256, make([]byte, 256), appVersion)
		assert.ErrorIs(t, err, webeid.ErrCertificate)
	}
}

func TestWeakKeyIsRefused(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	weak := newHolder(t, newRSA(t, 1024))
	good := newToken(t, webeid.RS256, holderFor(t, webeid.RS256))
	good.UnverifiedCertificate = base64.StdEncoding.EncodeToString(weak.cert.Raw)
	_, err := good.Verify(origin, nonce)
	assert.ErrorIs(t, err, webeid.ErrKey)
}
