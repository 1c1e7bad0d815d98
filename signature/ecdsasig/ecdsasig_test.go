package ecdsasig

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

var curves = []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}

func TestThereAndBack(t *testing.T) {
	digest := sha256.Sum256([]byte("x"))
	for _, curve := range curves {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		for range 50 { // short r and s occur once in 256
			der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
			require.NoError(t, err)
			raw, err := FromDER(curve, der)
			require.NoError(t, err)
			require.Len(t, raw, 2*orderSize(curve))
			back, err := ToDER(curve, raw)
			require.NoError(t, err)
			require.Equal(t, der, back)
			require.True(t, ecdsa.VerifyASN1(&key.PublicKey, digest[:], back))
		}
	}
}

func TestRefused(t *testing.T) {
	for _, curve := range curves {
		size, n := orderSize(curve), curve.Params().N.Bytes()
		one := append(make([]byte, size-1), 1)
		for name, raw := range map[string][]byte{
			"empty": nil, "short": make([]byte, 2*size-1), "long": bytes.Repeat([]byte{1}, 2*size+1), "zero": make([]byte, 2*size),
			"s zero": append(bytes.Clone(one), make([]byte, size)...), "s is n": append(bytes.Clone(one), n...), "r is n": append(bytes.Clone(n), one...),
		} {
			_, err := ToDER(curve, raw)
			require.ErrorIs(t, err, ErrEncoding, name)
		}
		for name, der := range map[string][]byte{
			"empty": nil, "no sequence": {2, 1, 1}, "one integer": {0x30, 3, 2, 1, 1}, "three": {0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1},
			"trailing": {0x30, 6, 2, 1, 1, 2, 1, 1, 0}, "negative": {0x30, 6, 2, 1, 0x81, 2, 1, 1}, "padded": {0x30, 7, 2, 2, 0, 1, 2, 1, 1},
			"zero": {0x30, 6, 2, 1, 0, 2, 1, 1}, "long form": {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1},
		} {
			_, err := FromDER(curve, der)
			require.ErrorIs(t, err, ErrEncoding, name)
		}
	}
}

func FuzzFromDER(f *testing.F) {
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, curve := range curves {
			if raw, err := FromDER(curve, der); err == nil {
				back, err := ToDER(curve, raw)
				require.NoError(t, err)
				require.Equal(t, der, back, "one encoding for one signature")
			}
		}
	})
}
