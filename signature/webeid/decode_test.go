package webeid_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

const fine = `{"unverifiedCertificate":"c","algorithm":"a","signature":"s","format":"f","appVersion":"v"}`

func TestDecodeTokenIsStrict(t *testing.T) {
	token, err := webeid.DecodeToken([]byte(fine))
	require.NoError(t, err)
	assert.Equal(t, webeid.Token{UnverifiedCertificate: "c", Algorithm: "a", Signature: "s", Format: "f", AppVersion: "v"}, token)

	replace := func(old, new string) string {
		require.Contains(t, fine, old)
		return strings.Replace(fine, old, new, 1)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"no object":       "[]",
		"null":            "null",
		"empty object":    "{}",
		"cut":             fine[:len(fine)-1],
		"trailing":        fine + "{}",
		"unknown member":  replace(`"format"`, `"more":1,"format"`),
		"duplicate":       replace(`"format":"f"`, `"format":"f","format":"f"`),
		"escaped twin":    replace(`"format":"f"`, `"format":"f","form\u0061t":"g"`),
		"wrong case":      replace(`"format"`, `"Format"`),
		"null member":     replace(`"s"`, `null`),
		"number":          replace(`"s"`, `1`),
		"array":           replace(`"s"`, `["s"]`),
		"object":          replace(`"s"`, `{"s":"s"}`),
		"missing":         replace(`"signature":"s",`, ``),
		"invalid UTF-8":   replace(`"s"`, "\"\xff\""),
		"lone surrogate":  replace(`"s"`, `"\ud800"`),
		"comment":         replace(`{`, `{/**/`),
		"byte order mark": "\ufeff" + fine,
		"deep":            strings.Repeat("[", 60_000),
		"over 64 KiB":     fine + strings.Repeat(" ", 64<<10),
		"appVersion long": replace(`"v"`, `"`+strings.Repeat("v", 256)+`"`),
		"appVersion text": replace(`"v"`, `"\u0000"`),
	} {
		_, err := webeid.DecodeToken([]byte(text))
		assert.ErrorIs(t, err, webeid.ErrToken, name)
		if err != nil {
			assert.Less(t, len(err.Error()), 300, name)
		}
	}
}

func FuzzDecodeToken(f *testing.F) {
	f.Add([]byte(fine))
	wire, err := json.Marshal(newToken(f, webeid.ES256, holderFor(f, webeid.ES256)))
	require.NoError(f, err)
	f.Add(wire)
	f.Add([]byte(`{"format":"f","format":"f"}`))
	f.Add([]byte("[[[[[["))
	f.Fuzz(func(t *testing.T, data []byte) {
		token, err := webeid.DecodeToken(data)
		if err != nil {
			require.ErrorIs(t, err, webeid.ErrToken)
			require.Zero(t, token)
			return
		}
		again, err := json.Marshal(token)
		require.NoError(t, err)
		same, err := webeid.DecodeToken(again)
		require.NoError(t, err)
		require.Equal(t, token, same)
	})
}

// No change to a token's certificate, algorithm, signature or format may verify unless it still names the same certificate
// and one of our formats.
func FuzzVerify(f *testing.F) {
	for _, alg := range everyAlgorithm(f) {
		token := newToken(f, alg, holderFor(f, alg))
		f.Add(token.UnverifiedCertificate, token.Algorithm, token.Signature, token.Format, origin, nonce)
	}
	f.Add("AAAA", "none", "", "web-eid:1", "https://[::1]:1", strings.Repeat("A", 44))
	f.Fuzz(func(t *testing.T, certificate, algorithm, signature, format, origin, nonce string) {
		token := webeid.Token{UnverifiedCertificate: certificate, Algorithm: algorithm, Signature: signature, Format: format}
		cert, err := token.Verify(origin, nonce)
		if err != nil {
			require.Nil(t, cert)
			require.Less(t, len(err.Error()), 2000)
			return
		}
		alg, err := webeid.ParseAlgorithm(algorithm)
		require.NoError(t, err)
		require.NoError(t, alg.Fits(cert.PublicKey))
		require.True(t, strings.HasPrefix(format, "web-eid:1"))
		require.NoError(t, webeid.CheckOrigin(origin))
		require.NoError(t, webeid.CheckNonce(nonce))
	})
}
