package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

// bundle writes all authorities into one file, since `openssl ocsp` takes no intermediates apart.
func bundle(t *testing.T, dir string) string {
	t.Helper()
	var all []byte
	for _, a := range pki.Authorities {
		b, err := os.ReadFile(filepath.Join(dir, string(a)+".pem"))
		require.NoError(t, err)
		all = append(all, b...)
	}
	f := filepath.Join(t.TempDir(), "bundle.pem")
	require.NoError(t, os.WriteFile(f, all, 0o600))
	return f
}

func TestOpenSSLAgreesWithTheResponder(t *testing.T) {
	for name, o := range map[string]pki.Options{"RSA": {}, "ECC": {ECC: true}} {
		t.Run(name, func(t *testing.T) {
			p, dir, public := setup(t, o)
			c, err := p.Citizen(wang, public, pki.Variant{})
			require.NoError(t, err)
			revoked, err := p.Citizen(wang, public, pki.Variant{Revoked: true})
			require.NoError(t, err)
			good, bad, authorities := write(t, c), write(t, revoked), bundle(t, dir)
			ask := func(file string, extra ...string) string {
				out, _ := openssl(append([]string{"ocsp", "-issuer", filepath.Join(dir, "citizen.pem"), "-CAfile", authorities,
					"-url", p.URL() + "/ocsp/citizen", "-cert", file}, extra...)...) // what it says is looked at
				return out
			}
			for _, hash := range []string{"-sha1", "-sha256"} {
				out, _ := openssl("ocsp", hash, "-issuer", filepath.Join(dir, "citizen.pem"), "-CAfile", authorities,
					"-url", p.URL()+"/ocsp/citizen", "-cert", good)
				assert.Contains(t, out, "Response verify OK")
				assert.Contains(t, out, good+": good")
				assert.NotContains(t, out, "WARNING", "the nonce comes back")
			}
			assert.Contains(t, ask(bad), bad+": revoked")
			assert.Contains(t, ask(bad, "-no_nonce"), bad+": revoked")
			for mode, says := range map[pki.Mode]string{
				pki.Revoked:      ": revoked",
				pki.Unknown:      ": unknown",
				pki.Stale:        "Status times invalid",
				pki.WrongSigner:  "Response Verify Failure",
				pki.NotDelegated: "Response Verify Failure",
				pki.WrongNonce:   "Nonce Verify error",
				pki.TryLater:     "trylater",
				pki.Broken:       "Error querying OCSP responder",
			} {
				require.NoError(t, p.SetOCSP(mode))
				assert.Contains(t, ask(good), says, string(mode))
			}
		})
	}
}

func TestOpenSSLAgreesWithTheCRLs(t *testing.T) {
	p, dir, public := setup(t, pki.Options{})
	c, err := p.Citizen(wang, public, pki.Variant{})
	require.NoError(t, err)
	revoked, err := p.Citizen(wang, public, pki.Variant{Revoked: true})
	require.NoError(t, err)
	good, bad := write(t, c), write(t, revoked)
	check := func(file string) (string, error) { return verify(dir, file, "-crl_check", "-crl_download") }

	out, err := check(good)
	require.NoError(t, err, out)
	out, err = check(filepath.Join(dir, "citizen.pem"))
	require.NoError(t, err, out)
	out, err = check(bad)
	require.Error(t, err)
	assert.Contains(t, out, "certificate revoked")
	for mode, says := range map[pki.Mode]string{
		pki.Revoked:     "certificate revoked",
		pki.Stale:       "CRL has expired",
		pki.WrongSigner: "CRL signature failure",
		pki.Broken:      "unable to get certificate CRL",
	} {
		require.NoError(t, p.SetCRL(mode))
		out, err := check(good)
		require.Error(t, err, string(mode))
		assert.Contains(t, out, says, string(mode))
	}
	_, err = p.CRL("nobody")
	require.Error(t, err)
}

func TestGoReadsTheResponder(t *testing.T) {
	p, _, public := setup(t, pki.Options{})
	c, err := p.Citizen(wang, public, pki.Variant{})
	require.NoError(t, err)
	issuer := p.Certificate(pki.Citizen)
	for name, x := range map[string]struct {
		of, by *x509.Certificate
		at     pki.Authority
		want   int
	}{
		"good":                      {c, issuer, pki.Citizen, ocsp.Good},
		"an authority, at the root": {issuer, p.Certificate(pki.Root), pki.Root, ocsp.Good},
		"at another authority":      {c, issuer, pki.Agency, ocsp.Unknown},
		"of another generation":     {c, p.Certificate(pki.CitizenOld), pki.Citizen, ocsp.Unknown},
		"a number never issued":     {&x509.Certificate{SerialNumber: p.Certificate(pki.Root).SerialNumber}, issuer, pki.Citizen, ocsp.Unknown},
	} {
		q, err := ocsp.CreateRequest(x.of, x.by, &ocsp.RequestOptions{Hash: crypto.SHA256})
		require.NoError(t, err)
		// GET, so that this way of asking is tried as well; base64 may hold slashes.
		a, err := http.Get(p.URL() + "/ocsp/" + string(x.at) + "/" + url.PathEscape(base64.StdEncoding.EncodeToString(q)))
		require.NoError(t, err)
		body, err := io.ReadAll(a.Body)
		require.NoError(t, err)
		require.NoError(t, a.Body.Close())
		got, err := ocsp.ParseResponse(body, p.Certificate(x.at))
		require.NoError(t, err, name)
		assert.Equal(t, x.want, got.Status, name)
	}
}

func TestResponderRefusesNonsense(t *testing.T) {
	p, _, _ := setup(t, pki.Options{})
	for path, x := range map[string]struct {
		body   []byte
		status ocsp.ResponseStatus
	}{
		"/ocsp/citizen": {[]byte("nonsense"), ocsp.Malformed},
		"/ocsp/nobody":  {nil, ocsp.Unauthorized},
	} {
		a, err := http.Post(p.URL()+path, "application/ocsp-request", bytes.NewReader(x.body))
		require.NoError(t, err)
		body, err := io.ReadAll(a.Body)
		require.NoError(t, err)
		require.NoError(t, a.Body.Close())
		_, err = ocsp.ParseResponse(body, nil)
		require.ErrorIs(t, err, ocsp.ResponseError{Status: x.status})
	}
	for path, want := range map[string]int{
		"/ocsp/citizen/%%%":        http.StatusBadRequest,
		"/ocsp/citizen/not-base64": http.StatusBadRequest,
		"/crl/nobody.crl":          http.StatusInternalServerError,
		"/ca/nobody.crt":           http.StatusNotFound,
		"/ca/citizen.crt":          http.StatusOK,
		"/crl/root.crl":            http.StatusOK,
	} {
		a, err := http.Get(p.URL() + strings.ReplaceAll(path, "%%%", "%20"))
		require.NoError(t, err)
		require.NoError(t, a.Body.Close())
		assert.Equal(t, want, a.StatusCode, path)
	}
	a, err := http.Post(p.URL()+"/ocsp/citizen", "application/ocsp-request", bytes.NewReader(make([]byte, 1<<20)))
	require.NoError(t, err)
	require.NoError(t, a.Body.Close())
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode)
	require.Error(t, p.SetOCSP("no mode"))
	require.Error(t, p.SetCRL("no mode"))
}

func TestSilentAnswersNothing(t *testing.T) {
	p, _, _ := setup(t, pki.Options{})
	require.NoError(t, p.SetOCSP(pki.Silent))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL()+"/ocsp/citizen", strings.NewReader("x"))
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(q)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
