package verify_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// opinion is all that openssl says of one certificate: openssl x509 on what stands in it, openssl verify on the rest.
type opinion struct {
	extensions string
	issuer     string
	verify     string
	errors     []opensslError
}

type opensslError struct{ number, depth int }

var opensslErrors = regexp.MustCompile(`error (\d+) at (\d+) depth lookup`)

// opinions asks openssl about every certificate of every card: chain, dates, purpose, CRLs of all CAs.
func (d liveDeck) opinions(t *testing.T) map[string]opinion {
	all := map[string]opinion{}
	list, err := d.CRL(pki.Root) // its own certificate names none
	require.NoError(t, err)
	roots := filepath.Join(t.TempDir(), "root.crl")
	require.NoError(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list}), 0o600))
	for name, c := range d.cards {
		file := filepath.Join(t.TempDir(), "cert.pem")
		writePEM(t, file, c.cert)
		o := opinion{
			extensions: openssl("x509", "-in", file, "-noout", "-ext", "basicConstraints,keyUsage,extendedKeyUsage,certificatePolicies"),
			issuer:     openssl("x509", "-in", file, "-noout", "-issuer", "-nameopt", "utf8,sep_comma_plus,sname"),
			verify:     d.opensslVerify(file, "-crl_check_all", "-crl_download", "-CRLfile", roots),
		}
		for _, found := range opensslErrors.FindAllStringSubmatch(o.verify, -1) {
			number, _ := strconv.Atoi(found[1])
			depth, _ := strconv.Atoi(found[2])
			o.errors = append(o.errors, opensslError{number, depth})
		}
		require.Equal(t, len(o.errors) == 0, strings.Contains(o.verify, file+": OK"), "%s: %s", name, o.verify)
		all[name] = o
	}
	require.NotEmpty(t, all)
	return all
}

func (d liveDeck) opensslVerify(file string, more ...string) string {
	args := []string{"verify", "-no-CApath", "-no-CAstore", "-CAfile", filepath.Join(d.dir, "root.pem"), "-untrusted", d.bundle(), "-purpose", "sslclient"}
	return openssl(append(append(args, more...), file)...)
}

// reason is what our verifier has to say, by openssl's words alone, in the order in which it looks. Two things openssl does
// not judge, it only reads them: that an issuer or a policy is a test one, and which of keyUsage and extendedKeyUsage made
// the purpose a wrong one (error 26).
func (o opinion) reason() verify.Reason {
	test := strings.Contains(o.issuer, "政府測試憑證管理中心") || regexp.MustCompile(`Policy: 2\.16\.886\.101\.0\.3\.0\b`).MatchString(o.extensions)
	eku := strings.Contains(o.extensions, "Extended Key Usage")
	switch {
	case strings.Contains(o.extensions, "CA:TRUE"):
		return verify.ErrCA
	case test:
		return verify.ErrTestCard
	case !strings.Contains(o.extensions, "Digital Signature"):
		return verify.ErrKeyUsage
	case eku && !strings.Contains(o.extensions, "TLS Web Client Authentication"):
		return verify.ErrExtKeyUsage
	}
	for _, word := range []struct {
		number       int
		holder, over verify.Reason
	}{
		{20, verify.ErrUntrusted, verify.ErrUntrusted}, // unable to get local issuer certificate
		{9, verify.ErrNotYetValid, verify.ErrIssuerExpired},
		{10, verify.ErrExpired, verify.ErrIssuerExpired},
		{23, verify.ErrRevoked, verify.ErrIssuerRevoked},
	} {
		switch {
		case slices.Contains(o.errors, opensslError{word.number, 0}):
			return word.holder
		case slices.ContainsFunc(o.errors, func(e opensslError) bool { return e.number == word.number }):
			return word.over
		}
	}
	if len(o.errors) > 0 {
		return verify.Reason(fmt.Sprintf("what of openssl's %v?", o.errors))
	}
	return ""
}

// Every certificate of every card, in every mode, with the CAs above it asked about too: our word beside openssl's.
func (d liveDeck) everyCard(t *testing.T, opinions map[string]opinion) {
	var table []string
	counts := map[verify.Reason]int{}
	for _, mode := range []revocation.Mode{revocation.OCSPThenCRL, revocation.CRLOnly, revocation.OCSPOnly} {
		v, err := verify.New(d.config(t, mode))
		require.NoError(t, err)
		for name, c := range d.cards {
			want := opinions[name].reason()
			id, err := v.Token(t.Context(), c.token(t), origin, nonce)
			invalid, refused := errors.AsType[*verify.Invalid](err)
			if want == "" {
				require.NoError(t, err, "%s by %s", name, mode)
				assert.True(t, id.RevocationChecked)
			} else {
				require.True(t, refused, "%s by %s: %v; openssl: %s", name, mode, err, opinions[name].verify)
				assert.Equal(t, want, invalid.Reason, "%s by %s: %v; openssl: %s", name, mode, err, opinions[name].verify)
			}
			// The other way round: where openssl lets nobody in, nor do we; where we are stricter, it is for a test card.
			if len(opinions[name].errors) == 0 && err != nil {
				assert.ErrorIs(t, err, verify.ErrTestCard, name)
			}
			if slices.Contains(opinions[name].errors, opensslError{26, 0}) && want != verify.ErrTestCard {
				assert.Contains(t, []verify.Reason{verify.ErrKeyUsage, verify.ErrExtKeyUsage}, want, name)
			}
			counts[want]++
			if mode == revocation.CRLOnly {
				table = append(table, fmt.Sprintf("%-20s %-12s openssl %v", name, string(want), opinions[name].errors))
			}
		}
	}
	slices.Sort(table)
	t.Logf("card, our reason, openssl's errors with depth:\n%s", strings.Join(table, "\n"))
	for _, reason := range []verify.Reason{"", verify.ErrTestCard, verify.ErrUntrusted, verify.ErrExpired, verify.ErrNotYetValid,
		verify.ErrRevoked, verify.ErrKeyUsage, verify.ErrExtKeyUsage} {
		assert.NotZero(t, counts[reason], "no card of the deck is %q", reason)
	}
}

// With a demanded policy: the deck's is class 3, under CAs that may issue under any.
func (d liveDeck) policies(t *testing.T, opinions map[string]opinion) {
	for _, policy := range []string{"2.16.886.101.0.3.3", "2.16.886.101.0.3.4"} {
		config := d.config(t, revocation.CRLOnly)
		config.Table = verify.DefaultTable()
		config.Table.Policies = []string{policy}
		v, err := verify.New(config)
		require.NoError(t, err)
		agreed := 0
		for name, c := range d.cards {
			if reason := opinions[name].reason(); reason != "" {
				continue
			}
			file := filepath.Join(t.TempDir(), "cert.pem")
			writePEM(t, file, c.cert)
			out := d.opensslVerify(file, "-policy", policy, "-explicit_policy")
			_, err := v.Token(t.Context(), c.token(t), origin, nonce)
			assert.Equal(t, errors.Is(err, verify.ErrPolicy), strings.Contains(out, "error 43 at"), "%s: %v; openssl: %s", name, err, out)
			assert.Equal(t, err == nil, strings.Contains(out, ": OK"), "%s: %v; openssl: %s", name, err, out)
			agreed++
		}
		assert.Greater(t, agreed, 10, policy)
	}
}

// A card that we call expired, or not yet valid, is a good one at its own time: nothing else is wrong with it.
func (d liveDeck) datesAlone(t *testing.T, opinions map[string]opinion) {
	seen := 0
	for name, c := range d.cards {
		if reason := opinions[name].reason(); reason != verify.ErrExpired && reason != verify.ErrNotYetValid {
			continue
		}
		at := c.cert.NotBefore.Add(time.Hour)
		if ca := d.Certificate(pki.Citizen).NotBefore; at.Before(ca) {
			at = c.cert.NotAfter.Add(-time.Hour)
		}
		file := filepath.Join(t.TempDir(), "cert.pem")
		writePEM(t, file, c.cert)
		assert.Contains(t, d.opensslVerify(file, "-attime", strconv.FormatInt(at.Unix(), 10)), ": OK", name)
		config := d.config(t, revocation.CRLOnly)
		config.Revocation, config.CARevocation, config.Clock = nil, nil, func() time.Time { return at }
		_, err := login(t, config, c)
		assert.NoError(t, err, name)
		seen++
	}
	assert.NotZero(t, seen)
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
	assert.NotZero(t, seen["good"])
	assert.NotZero(t, seen["revoked"])
	assert.NotZero(t, seen["unknown"], "of the stranger's card")
	assert.Zero(t, seen["error"])
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
