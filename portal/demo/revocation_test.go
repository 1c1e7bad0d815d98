package main

import (
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// newLiveSite is a portal with the flags given, over a test PKI whose responder runs.
func newLiveSite(t *testing.T, authorities *pki.PKI, args ...string) *site {
	t.Helper()
	trust := filepath.Join(t.TempDir(), "trust")
	require.NoError(t, authorities.WriteTrust(trust))
	log := slog.New(slog.DiscardHandler)
	o, err := parse(append(args, "-trust", trust), io.Discard)
	require.NoError(t, err)
	var asked verify.Revocation
	if o.revocation != string(revocation.None) {
		checker, err := newChecker(o, log)
		require.NoError(t, err)
		t.Cleanup(checker.Close)
		asked = checker
	}
	verifier, err := newVerifier(o, asked, log)
	require.NoError(t, err)
	return newSite(t, trust, func(settings *Settings) { settings.Verifier = verifier })
}

// What the person reads, by what the issuer's services say.
func TestRevocationInTheBrowser(t *testing.T) {
	authorities, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, authorities.Close()) })
	cards := map[string]*card{}
	for _, name := range []string{"citizen-p256", "revoked"} {
		made, err := deck.New(authorities).Card(name)
		require.NoError(t, err)
		slot, ok := made.Slot(0x9A)
		require.True(t, ok)
		cards[name] = &card{slot.Certificate, slot.Key}
	}
	const good = "citizen-p256"
	for _, c := range []struct {
		flag      string
		ocsp, crl pki.Mode
		card      string
		code      string // "" is in
		text      string
	}{
		{"", pki.Good, pki.Broken, good, "", "已查詢，未廢止"},
		{"", pki.Broken, pki.Good, good, "", "已查詢，未廢止"},
		{"ocsp", pki.Good, pki.Broken, good, "", "已查詢，未廢止"},
		{"crl", pki.Broken, pki.Good, good, "", "已查詢，未廢止"},
		{"none", pki.Broken, pki.Broken, good, "", "本示範入口已關閉查詢"},
		{"none", pki.Good, pki.Good, "revoked", "", "本示範入口已關閉查詢"},
		{"", pki.Good, pki.Good, "revoked", "revoked", "憑證已廢止。"},
		{"", pki.Broken, pki.Good, "revoked", "revoked", "憑證已廢止。"},
		{"", pki.Broken, pki.Broken, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{"", pki.Unknown, pki.Good, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{"ocsp", pki.Broken, pki.Good, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{"crl", pki.Good, pki.Broken, good, "revocation", "目前無法查詢憑證是否已廢止。"},
	} {
		require.NoError(t, authorities.SetOCSP(c.ocsp))
		require.NoError(t, authorities.SetCRL(c.crl))
		var args []string
		if c.flag != "" {
			args = []string{"-revocation", c.flag}
		}
		b := newLiveSite(t, authorities, args...).browser(t)
		got := b.login(cards[c.card])
		if c.code == "" {
			require.Equal(t, http.StatusOK, got.StatusCode, "%+v: %s", c, got.body)
			assert.Contains(t, b.get("/welcome").body, c.text)
			continue
		}
		assert.Equal(t, c.code, got.code(t), "%+v", c)
		assert.Contains(t, got.body, c.text)
		assert.Empty(t, b.cookie("session"))
	}
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, string(revocation.OCSPThenCRL), o.revocation, "on unless switched off")
}
