package verify_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// liveDeck is every certificate of every test card, with the CAs' responder running.
type liveDeck struct {
	*pki.PKI
	dir   string          // trust folder; all.pem beside it holds all of it
	cards map[string]card // by name and slot, such as "citizen/9A"
}

func newLiveDeck(t *testing.T) liveDeck {
	t.Helper()
	p, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	d := liveDeck{p, filepath.Join(t.TempDir(), "trust"), map[string]card{}}
	require.NoError(t, p.WriteTrust(d.dir))
	var all []byte
	for _, a := range pki.Authorities {
		all = append(all, pki.PEM(p.Certificate(a))...)
	}
	require.NoError(t, os.WriteFile(d.bundle(), all, 0o600))
	source := deck.New(p)
	for _, name := range deck.Names() {
		c, err := source.Card(name)
		require.NoError(t, err)
		for slot, ref := range map[string]byte{"9A": piv.Slot9A, "9C": piv.Slot9C, "9D": piv.Slot9D} {
			if s, ok := c.Slot(ref); ok {
				d.cards[name+"/"+slot] = card{s.Certificate, s.Key}
			}
		}
	}
	require.NotEmpty(t, d.cards)
	return d
}

func (d liveDeck) bundle() string { return filepath.Join(filepath.Dir(d.dir), "all.pem") }

// config trusts the folder, asks by mode.
func (d liveDeck) config(t *testing.T, mode revocation.Mode) verify.Config {
	t.Helper()
	roots, intermediates, err := verify.LoadTrust(d.dir)
	require.NoError(t, err)
	checker, err := revocation.New(revocation.Config{Mode: mode})
	require.NoError(t, err)
	t.Cleanup(checker.Close)
	return verify.Config{Roots: roots, Intermediates: intermediates, Revocation: checker, CARevocation: checker}
}

// One deck for all, since its RSA keys take their time; the last two revoke CAs.
func TestDeck(t *testing.T) {
	d := newLiveDeck(t)
	opinions := d.opinions(t)
	t.Run("every card, in every mode", func(t *testing.T) { d.everyCard(t, opinions) })
	t.Run("policies", func(t *testing.T) { d.policies(t, opinions) })
	t.Run("dates alone", func(t *testing.T) { d.datesAlone(t, opinions) })
	t.Run("openssl ocsp agrees", d.opensslOCSP)
	t.Run("openssl verify agrees on CAs", d.opensslCAs)
	t.Run("a revoked CA", d.revokedCA)
}

// A revoked CA takes its own cards with it, nobody else's; by CRL alone as well.
func (d liveDeck) revokedCA(t *testing.T) {
	require.NoError(t, d.Revoke(d.Certificate(pki.Citizen)))
	for _, mode := range []revocation.Mode{revocation.OCSPThenCRL, revocation.CRLOnly} {
		v, err := verify.New(d.config(t, mode))
		require.NoError(t, err)
		_, err = v.Token(t.Context(), d.cards["citizen/9A"].token(t), origin, nonce)
		invalid, ok := errors.AsType[*verify.Invalid](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, verify.ErrIssuerRevoked, invalid.Reason)
		_, err = v.Token(t.Context(), d.cards["agency/9A"].token(t), origin, nonce)
		assert.NoError(t, err, "another CA's cards are not touched")
		_, err = v.Token(t.Context(), d.cards["citizen-old/9A"].token(t), origin, nonce)
		assert.NoError(t, err, "nor are those of another generation")
	}
}
