package verify_test

import (
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// refusals are the certificates that must not log in; all others must.
var refusals = map[string]verify.Reason{
	"test/9A": verify.ErrTestCard, "test-agency/9A": verify.ErrTestCard, "test/9D": verify.ErrTestCard, "test-agency/9D": verify.ErrTestCard,
	"untrusted/9A": verify.ErrUntrusted, "expired/9A": verify.ErrExpired, "notyet/9A": verify.ErrNotYetValid,
	"revoked/9A": verify.ErrRevoked, "emailonly/9A": verify.ErrExtKeyUsage, "wrongusage/9A": verify.ErrKeyUsage,
}

func refusal(name string) verify.Reason {
	if reason, ok := refusals[name]; ok {
		return reason
	}
	if strings.HasSuffix(name, "/9D") {
		return verify.ErrKeyUsage // the encryption certificate
	}
	return ""
}

// One deck for all, since its RSA keys take their time; the last two revoke CAs.
func TestDeck(t *testing.T) {
	d := newLiveDeck(t)
	t.Run("every card", d.everyCard)
	t.Run("openssl ocsp agrees", d.opensslOCSP)
	t.Run("openssl verify agrees", d.opensslVerify)
	t.Run("openssl verify agrees on CAs", d.opensslCAs)
	t.Run("could not check is not invalid", d.troubles)
}

// Every card of the deck, in every mode, with the CAs above it asked about too.
func (d liveDeck) everyCard(t *testing.T) {
	for name := range refusals {
		require.Contains(t, d.cards, name)
	}
	for _, mode := range []revocation.Mode{revocation.OCSPThenCRL, revocation.CRLOnly, revocation.OCSPOnly} {
		v, err := verify.New(d.config(t, mode))
		require.NoError(t, err)
		for name, c := range d.cards {
			id, err := v.Token(t.Context(), c.token(t), origin, nonce)
			if want := refusal(name); want != "" {
				invalid, ok := errors.AsType[*verify.Invalid](err)
				require.True(t, ok, "%s by %s: %v", name, mode, err)
				assert.Equal(t, want, invalid.Reason, "%s by %s: %v", name, mode, err)
				continue
			}
			require.NoError(t, err, "%s by %s", name, mode)
			assert.True(t, id.RevocationChecked)
		}
	}
}

// Neither dead nor lying services let anybody in, and none of them makes a card invalid.
func (d liveDeck) troubles(t *testing.T) {
	v, err := verify.New(d.config(t, revocation.OCSPThenCRL))
	require.NoError(t, err)
	for _, mode := range []pki.Mode{pki.Broken, pki.Stale, pki.WrongSigner} {
		require.NoError(t, d.SetOCSP(mode))
		require.NoError(t, d.SetCRL(mode))
		_, err := v.Token(t.Context(), d.cards["citizen/9A"].token(t), origin, nonce)
		unchecked, ok := errors.AsType[*verify.Unchecked](err)
		require.True(t, ok, "%s: %v", mode, err)
		assert.Equal(t, verify.ErrRevocation, unchecked.Reason)
	}
	require.NoError(t, d.SetOCSP(pki.Good))
	require.NoError(t, d.SetCRL(pki.Good))
	require.NoError(t, d.Revoke(d.Certificate(pki.Citizen)))
	_, err = v.Token(t.Context(), d.cards["citizen/9A"].token(t), origin, nonce)
	invalid, ok := errors.AsType[*verify.Invalid](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, verify.ErrIssuerRevoked, invalid.Reason)
	_, err = v.Token(t.Context(), d.cards["agency/9A"].token(t), origin, nonce)
	assert.NoError(t, err, "another CA's cards are not touched")
	_, err = v.Token(t.Context(), d.cards["citizen-old/9A"].token(t), origin, nonce)
	assert.NoError(t, err, "nor are those of another generation")
}

func openssl(args ...string) string {
	out, _ := exec.Command("openssl", args...).CombinedOutput() // what it says is looked at
	return string(out)
}

// verdict is a word that OpenSSL's and our answers have in common.
func verdict(err error) string {
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, verify.ErrRevoked):
		return "revoked"
	case errors.Is(err, revocation.ErrUnknown):
		return "unknown"
	default:
		return "error"
	}
}

// issuerOf gives the CA that signed a certificate; for a stranger's, the CA that it claims.
func (d liveDeck) issuerOf(c *x509.Certificate) (pki.Authority, *x509.Certificate) {
	for _, a := range pki.Authorities {
		if c.CheckSignatureFrom(d.Certificate(a)) == nil {
			return a, d.Certificate(a)
		}
	}
	return pki.Citizen, d.Certificate(pki.Citizen)
}

// every adds the issuing CAs' certificates to the cards'.
func (d liveDeck) every() map[string]*x509.Certificate {
	certs := map[string]*x509.Certificate{}
	for name, c := range d.cards {
		certs[name] = c.cert
	}
	for _, a := range pki.Authorities[1:] {
		certs["CA "+string(a)] = d.Certificate(a)
	}
	return certs
}

func (d liveDeck) opensslOCSP(t *testing.T) {
	checker, err := revocation.New(revocation.Config{Mode: revocation.OCSPOnly})
	require.NoError(t, err)
	defer checker.Close()
	seen := map[string]int{}
	for name, cert := range d.every() {
		authority, issuer := d.issuerOf(cert)
		file := filepath.Join(t.TempDir(), "cert.pem")
		writePEM(t, file, cert)
		out := openssl("ocsp", "-issuer", filepath.Join(d.dir, string(authority)+".pem"), "-cert", file, "-url", cert.OCSPServer[0], "-CAfile", d.bundle())
		require.Contains(t, out, "Response verify OK", name)
		theirs := "error"
		for _, word := range []string{"good", "revoked", "unknown"} {
			if strings.Contains(out, file+": "+word) {
				theirs = word
			}
		}
		assert.Equal(t, theirs, verdict(checker.Check(t.Context(), cert, issuer, time.Now())), name)
		seen[theirs]++
	}
	assert.Equal(t, 1, seen["revoked"])
	assert.Equal(t, 2, seen["unknown"], "both of the stranger's card")
	assert.Zero(t, seen["error"])
}

// openssl verify does everything at once: chain, dates, purpose, CRL. It differs where this portal is stricter by its own
// table: test cards are refused.
func (d liveDeck) opensslVerify(t *testing.T) {
	v, err := verify.New(d.config(t, revocation.CRLOnly))
	require.NoError(t, err)
	good := 0
	for name, c := range d.cards {
		file := filepath.Join(t.TempDir(), "cert.pem")
		writePEM(t, file, c.cert)
		out := openssl("verify", "-no-CApath", "-no-CAstore", "-CAfile", filepath.Join(d.dir, "root.pem"), "-untrusted", d.bundle(),
			"-purpose", "sslclient", "-crl_check", "-crl_download", file)
		theirs := strings.Contains(out, file+": OK")
		_, err := v.Token(t.Context(), c.token(t), origin, nonce)
		if errors.Is(err, verify.ErrTestCard) {
			assert.Equal(t, strings.HasSuffix(name, "/9A"), theirs, "%s: %s", name, out)
			continue
		}
		assert.Equal(t, theirs, err == nil, "%s: openssl: %s we: %v", name, out, err)
		assert.Equal(t, strings.Contains(out, "certificate revoked"), errors.Is(err, verify.ErrRevoked), "%s: %s", name, out)
		if theirs {
			good++
		}
	}
	assert.GreaterOrEqual(t, good, 10)
}

// opensslCAs compares on the issuing CAs themselves, one of them revoked.
func (d liveDeck) opensslCAs(t *testing.T) {
	require.NoError(t, d.Revoke(d.Certificate(pki.Organisation)))
	checker, err := revocation.New(revocation.Config{Mode: revocation.CRLOnly})
	require.NoError(t, err)
	defer checker.Close()
	for _, a := range pki.Authorities[1:] {
		root := filepath.Join(d.dir, "root.pem")
		out := openssl("verify", "-CAfile", root, "-crl_check", "-crl_download", filepath.Join(d.dir, string(a)+".pem"))
		theirs := "good"
		if strings.Contains(out, "certificate revoked") {
			theirs = "revoked"
		}
		assert.Equal(t, a == pki.Organisation, theirs == "revoked", out)
		assert.Equal(t, theirs, verdict(checker.Check(t.Context(), d.Certificate(a), d.Certificate(pki.Root), time.Now())), string(a))
	}
}
