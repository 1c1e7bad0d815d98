package webeid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

func TestParseAlgorithm(t *testing.T) {
	for _, alg := range everyAlgorithm(t) {
		got, err := webeid.ParseAlgorithm(string(alg))
		require.NoError(t, err)
		assert.Equal(t, alg, got)
		assert.NotZero(t, alg.Hash())
		assert.Equal(t, alg.Hash(), alg.SignerOpts().HashFunc())
	}
	for _, name := range []string{"", "rs256", "RS256 ", "none", "HS256", "ES256K", "EdDSA", "RS1"} {
		_, err := webeid.ParseAlgorithm(name)
		assert.ErrorIs(t, err, webeid.ErrAlgorithm, name)
		assert.Zero(t, webeid.Algorithm(name).Hash())
		assert.Nil(t, webeid.Algorithm(name).SignerOpts())
		assert.ErrorIs(t, webeid.Algorithm(name).Fits(holderFor(t, webeid.RS256).key.Public()), webeid.ErrAlgorithm)
	}
}

func TestPSSSaltIsAsLongAsTheHash(t *testing.T) {
	for _, alg := range []webeid.Algorithm{webeid.PS256, webeid.PS384, webeid.PS512} {
		options, ok := alg.SignerOpts().(*rsa.PSSOptions)
		require.True(t, ok)
		assert.Equal(t, rsa.PSSSaltLengthEqualsHash, options.SaltLength)
	}
}

func TestDefaultAlgorithm(t *testing.T) {
	for want, key := range map[webeid.Algorithm]crypto.PublicKey{
		webeid.RS256: holderFor(t, webeid.RS256).key.Public(),
		webeid.ES256: holderFor(t, webeid.ES256).key.Public(),
		webeid.ES384: holderFor(t, webeid.ES384).key.Public(),
		webeid.ES512: holderFor(t, webeid.ES512).key.Public(),
	} {
		got, err := webeid.DefaultAlgorithm(key)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, key := range []crypto.PublicKey{nil, ed, newEC(t, elliptic.P224()).Public(), &ecdsa.PublicKey{}, (*rsa.PublicKey)(nil), &rsa.PublicKey{}} {
		_, err := webeid.DefaultAlgorithm(key)
		assert.ErrorIs(t, err, webeid.ErrKey, "%T", key)
	}
}

func TestFitsBindsCurveAndSize(t *testing.T) {
	rsaKey, p256 := holderFor(t, webeid.RS256).key.Public(), holderFor(t, webeid.ES256).key.Public()
	assert.ErrorIs(t, webeid.ES384.Fits(p256), webeid.ErrKey, "P-256 with ES384")
	assert.ErrorIs(t, webeid.ES256.Fits(holderFor(t, webeid.ES384).key.Public()), webeid.ErrKey, "P-384 with ES256")
	assert.ErrorIs(t, webeid.ES256.Fits(rsaKey), webeid.ErrKey)
	assert.ErrorIs(t, webeid.PS256.Fits(p256), webeid.ErrKey)
	for _, bits := range []uint{1024, 2047, 8193, 100_000} {
		odd := new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1)
		assert.ErrorIs(t, webeid.RS256.Fits(&rsa.PublicKey{N: odd, E: 65537}), webeid.ErrKey, "%d bits", bits)
	}
	for _, bits := range []uint{2048, 3072, 4096, 8192} {
		odd := new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1)
		assert.NoError(t, webeid.PS512.Fits(&rsa.PublicKey{N: odd, E: 65537}), "%d bits", bits)
	}
}
