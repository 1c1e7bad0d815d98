package webeid_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

func TestDigestIsHashOfHashes(t *testing.T) {
	got, err := webeid.Digest(webeid.RS256, origin, nonce)
	require.NoError(t, err)
	o, n := sha256.Sum256([]byte(origin)), sha256.Sum256([]byte(nonce))
	want := sha256.Sum256(append(o[:], n[:]...))
	assert.Equal(t, hex.EncodeToString(want[:]), hex.EncodeToString(got))
	for _, alg := range everyAlgorithm(t) {
		got, err := webeid.Digest(alg, origin, nonce)
		require.NoError(t, err)
		assert.Len(t, got, alg.Hash().Size())
	}
	_, err = webeid.Digest("none", origin, nonce)
	assert.ErrorIs(t, err, webeid.ErrAlgorithm)
}

func TestNonceBounds(t *testing.T) {
	for _, n := range []int{44, 45, 127, 128} {
		_, err := webeid.Digest(webeid.ES256, origin, strings.Repeat("x", n))
		assert.NoError(t, err, "%d characters", n)
	}
	for _, n := range []int{0, 1, 43, 129, 1 << 20} {
		_, err := webeid.Digest(webeid.ES256, origin, strings.Repeat("x", n))
		assert.ErrorIs(t, err, webeid.ErrNonceLength, "%d characters", n)
	}
	for _, c := range []string{" ", "\n", "\x00", "\x7f", "\x80", "\xff", "é", "通"} {
		_, err := webeid.Digest(webeid.ES256, origin, strings.Repeat("x", 60)+c)
		assert.ErrorIs(t, err, webeid.ErrNonceCharacter, "%q", c)
	}
}

func TestOriginShape(t *testing.T) {
	for _, good := range []string{
		"https://ecpa.dgpa.gov.tw", "https://ecpa.dgpa.gov.tw:8443", "http://localhost", "http://localhost:1",
		"http://127.0.0.1:65535", "http://[::1]:8080", "https://[2001:db8::1]", "https://xn--fiqs8s.example",
		"https://a_b.example", "http://example:443", "https://example:80", "https://1password.example", "https://0a",
	} {
		assert.NoError(t, webeid.CheckOrigin(good), good)
	}
	for _, bad := range []string{
		"", "null", "https", "https://", "https:///", "https://a/", "https://a/b", "https://a?b", "https://a#b",
		"HTTPS://a", "https://A", "https://a.", "https://.a", "https://a..b", "https://u@a", "https://u:p@a",
		"https://a:443", "http://a:80", "https://a:", "https://a:0", "https://a:08443", "https://a:65536", "https://a:+1",
		"https://a:99999999999999999999", "https://a b", "https://通.example", "https://a\n", " https://a", "https://a ",
		"ftp://a", "chrome-extension://abc", "file://", "https:a", "https://a:b:c", "https://[::1", "https://::1",
		"https://[::1]x", "https://[::1]:", "https://[0:0:0:0:0:0:0:1]", "https://[::FFFF]", "https://[fe80::1%25eth0]",
		"https://[127.0.0.1]", "https://[::ffff:127.0.0.1]", "https://127.1", "https://0127.0.0.1", "https://2130706433",
		"https://0x7f", "https://a.0x7f", "https://1.2.3.4.5", "https://256.0.0.1", "https://*.gov.tw", "https://a%2e",
		"https://" + strings.Repeat("a", 64), "https://" + strings.Repeat("a.", 200) + "a",
	} {
		assert.ErrorIs(t, webeid.CheckOrigin(bad), webeid.ErrOrigin, bad)
	}
	_, err := webeid.Digest(webeid.RS256, origin+"/", nonce)
	require.ErrorIs(t, err, webeid.ErrOrigin)
}

func TestErrorsQuoteAtMostAFewBytes(t *testing.T) {
	err := webeid.CheckOrigin("javascript:" + strings.Repeat("\x1b[31m", 40))
	require.ErrorIs(t, err, webeid.ErrOrigin)
	assert.Less(t, len(err.Error()), 400)
	assert.NotContains(t, err.Error(), "\x1b")
}
