package web

import (
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

// newLiveSite is a portal that asks in this way, over a test PKI whose responder runs.
func newLiveSite(t *testing.T, authorities *pki.PKI, mode revocation.Mode) *site {
	t.Helper()
	trust := filepath.Join(t.TempDir(), "trust")
	require.NoError(t, authorities.WriteTrust(trust))
	roots, intermediates, err := verify.LoadTrust(trust)
	require.NoError(t, err)
	config := verify.Config{Roots: roots, Intermediates: intermediates}
	if mode != revocation.None {
		checker, err := revocation.New(revocation.Config{Mode: mode})
		require.NoError(t, err)
		t.Cleanup(checker.Close)
		config.Revocation = checker
	}
	verifier, err := verify.New(config)
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
		mode      revocation.Mode
		ocsp, crl pki.Mode
		card      string
		code      string // "" is in
		text      string
	}{
		{revocation.OCSPThenCRL, pki.Good, pki.Broken, good, "", "已查詢，未廢止"},
		{revocation.OCSPThenCRL, pki.Broken, pki.Good, good, "", "已查詢，未廢止"},
		{revocation.OCSPOnly, pki.Good, pki.Broken, good, "", "已查詢，未廢止"},
		{revocation.CRLOnly, pki.Broken, pki.Good, good, "", "已查詢，未廢止"},
		{revocation.None, pki.Broken, pki.Broken, good, "", "本示範入口已關閉查詢"},
		{revocation.None, pki.Good, pki.Good, "revoked", "", "本示範入口已關閉查詢"},
		{revocation.OCSPThenCRL, pki.Good, pki.Good, "revoked", "revoked", "憑證已廢止。"},
		{revocation.OCSPThenCRL, pki.Broken, pki.Good, "revoked", "revoked", "憑證已廢止。"},
		{revocation.OCSPThenCRL, pki.Broken, pki.Broken, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{revocation.OCSPThenCRL, pki.Unknown, pki.Good, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{revocation.OCSPOnly, pki.Broken, pki.Good, good, "revocation", "目前無法查詢憑證是否已廢止。"},
		{revocation.CRLOnly, pki.Good, pki.Broken, good, "revocation", "目前無法查詢憑證是否已廢止。"},
	} {
		require.NoError(t, authorities.SetOCSP(c.ocsp))
		require.NoError(t, authorities.SetCRL(c.crl))
		b := newLiveSite(t, authorities, c.mode).browser(t)
		got := b.login(cards[c.card])
		if c.code == "" {
			require.Equal(t, http.StatusOK, got.StatusCode, "%+v: %s", c, got.body)
			assert.Contains(t, b.get("/account").body, c.text)
			continue
		}
		assert.Equal(t, c.code, got.code(t), "%+v", c)
		assert.Contains(t, got.body, c.text)
		assert.Empty(t, b.cookie("session"))
	}
}
