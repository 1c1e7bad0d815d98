package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// brief gives up on a silent server soon.
func brief(config Config) Config {
	config.Timeout, config.CRLTimeout = 100*time.Millisecond, 100*time.Millisecond
	return config
}

func TestOCSPInEveryMode(t *testing.T) {
	for name, options := range map[string]pki.Options{"RSA": {}, "ECC": {ECC: true}} {
		w := newWorld(t, options)
		good, revoked := w.citizen(pki.Variant{}), w.citizen(pki.Variant{Revoked: true})
		wants := map[pki.Mode]error{
			pki.Good: nil, pki.Revoked: verify.ErrRevoked, pki.Stale: ErrStale, pki.WrongSigner: ErrSigner, pki.Broken: ErrTransport,
			pki.Silent: ErrTransport, pki.Unknown: ErrUnknown, pki.NotDelegated: ErrSigner, pki.WrongNonce: ErrNonce,
		}
		for _, mode := range pki.Modes {
			w.modes(mode, pki.Broken)
			config := Config{Mode: OCSPOnly}
			if mode == pki.Silent {
				config = brief(config)
			}
			err := w.check(config, good)
			if mode == pki.TryLater {
				refused, ok := errors.AsType[*Refused](err)
				require.True(t, ok, "%s: %v", name, err)
				assert.Equal(t, 3, refused.Status)
				continue
			}
			want, listed := wants[mode]
			require.True(t, listed, "a mode without an expectation: %s", mode)
			if want == nil {
				require.NoError(t, err, "%s %s", name, mode)
			} else {
				require.ErrorIs(t, err, want, "%s %s", name, mode)
			}
			assert.Equal(t, mode == pki.Revoked, errors.Is(err, verify.ErrRevoked), "%s %s", name, mode)
		}
		w.modes(pki.Good, pki.Broken)
		for _, useSHA256 := range []bool{false, true} {
			require.NoError(t, w.check(Config{Mode: OCSPOnly, SHA256: useSHA256}, good))
			err := w.check(Config{Mode: OCSPOnly, SHA256: useSHA256}, revoked)
			found, ok := errors.AsType[*Revoked](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, "OCSP", found.By)
			assert.WithinDuration(t, time.Now().Add(-time.Hour), found.At, time.Minute)
		}
	}
}

func TestCRLInEveryMode(t *testing.T) {
	for name, options := range map[string]pki.Options{"RSA": {}, "ECC": {ECC: true}} {
		w := newWorld(t, options)
		good, revoked := w.citizen(pki.Variant{}), w.citizen(pki.Variant{Revoked: true})
		wants := map[pki.Mode]error{
			pki.Revoked: verify.ErrRevoked, pki.Stale: ErrStale, pki.WrongSigner: ErrSigner, pki.Broken: ErrTransport, pki.Silent: ErrTransport,
		}
		for _, mode := range pki.Modes {
			w.modes(pki.Broken, mode)
			config := Config{Mode: CRLOnly}
			if mode == pki.Silent {
				config = brief(config)
			}
			err := w.check(config, good)
			if want := wants[mode]; want != nil { // the others count as good for a CRL
				require.ErrorIs(t, err, want, "%s %s", name, mode)
			} else {
				require.NoError(t, err, "%s %s", name, mode)
			}
			assert.Equal(t, mode == pki.Revoked, errors.Is(err, verify.ErrRevoked), "%s %s", name, mode)
		}
		w.modes(pki.Broken, pki.Good)
		found, ok := errors.AsType[*Revoked](w.check(Config{Mode: CRLOnly}, revoked))
		require.True(t, ok)
		assert.Equal(t, "CRL", found.By)
		assert.WithinDuration(t, time.Now().Add(-time.Hour), found.At, time.Minute)
	}
}

// Where OCSP gives no word, the CRL does; where it gives one, the CRL is not asked.
func TestOCSPThenCRL(t *testing.T) {
	w := newWorld(t, pki.Options{})
	cert := w.citizen(pki.Variant{})
	for _, mode := range []pki.Mode{pki.Stale, pki.WrongSigner, pki.Broken, pki.Silent, pki.NotDelegated, pki.WrongNonce, pki.TryLater} {
		config := Config{}
		if mode == pki.Silent {
			config.Timeout = 50 * time.Millisecond
		}
		w.modes(mode, pki.Good)
		assert.NoError(t, w.check(config, cert), "OCSP %s, CRL good", mode)
		w.modes(mode, pki.Revoked)
		assert.ErrorIs(t, w.check(config, cert), verify.ErrRevoked, "OCSP %s, CRL revoked", mode)
		w.modes(mode, pki.Broken)
		err := w.check(config, cert)
		require.Error(t, err, "OCSP %s, CRL broken", mode)
		assert.NotErrorIs(t, err, verify.ErrRevoked)
	}
	for _, crl := range []pki.Mode{pki.Good, pki.Revoked, pki.Broken} {
		w.modes(pki.Good, crl)
		assert.NoError(t, w.check(Config{}, cert))
		w.modes(pki.Unknown, crl)
		assert.ErrorIs(t, w.check(Config{}, cert), ErrUnknown, "no CRL overrules a signed unknown")
	}
	w.modes(pki.Revoked, pki.Good)
	assert.ErrorIs(t, w.check(Config{}, cert), verify.ErrRevoked)
}

// Two generations of one CA with one name: each answers for its own certificates only.
func TestGenerations(t *testing.T) {
	w := newWorld(t, pki.Options{})
	old := w.citizen(pki.Variant{Issuer: pki.CitizenOld})
	for _, mode := range []Mode{OCSPOnly, CRLOnly} {
		checker := newChecker(t, Config{Mode: mode})
		assert.NoError(t, checker.Check(t.Context(), old, w.Certificate(pki.CitizenOld), time.Now()), string(mode))
		assert.Error(t, checker.Check(t.Context(), old, w.Certificate(pki.Citizen), time.Now()), string(mode))
	}
}

func TestIssuingCAs(t *testing.T) {
	w := newWorld(t, pki.Options{})
	root, ca := w.Certificate(pki.Root), w.Certificate(pki.Citizen)
	for _, mode := range []Mode{OCSPOnly, CRLOnly} {
		assert.NoError(t, newChecker(t, Config{Mode: mode}).Check(t.Context(), ca, root, time.Now()))
	}
	require.NoError(t, w.Revoke(ca))
	for _, mode := range []Mode{OCSPOnly, CRLOnly} {
		assert.ErrorIs(t, newChecker(t, Config{Mode: mode}).Check(t.Context(), ca, root, time.Now()), verify.ErrRevoked)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t, pki.Options{})
	cert := w.citizen(pki.Variant{})
	tryLater := func(out http.ResponseWriter) { _, _ = out.Write([]byte{0x30, 0x03, 0x0a, 0x01, 0x03}) }
	unauthorized := func(out http.ResponseWriter) { _, _ = out.Write([]byte{0x30, 0x03, 0x0a, 0x01, 0x06}) }
	status := func(code int) func(http.ResponseWriter) {
		return func(out http.ResponseWriter) { http.Error(out, "", code) }
	}
	hangUp := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		mode     Mode
		trouble  func(http.ResponseWriter)
		troubles int64
		asked    int64
		good     bool
	}{
		"trylater once":    {OCSPOnly, tryLater, 1, 2, true},
		"trylater twice":   {OCSPOnly, tryLater, 2, 3, true},
		"trylater forever": {OCSPOnly, tryLater, 9, 3, false},
		"unauthorized":     {OCSPOnly, unauthorized, 9, 1, false},
		"503":              {OCSPOnly, status(503), 2, 3, true},
		"404":              {OCSPOnly, status(404), 9, 1, false},
		"hang up":          {OCSPOnly, hangUp, 2, 3, true},
		"CRL 500":          {CRLOnly, status(500), 2, 3, true},
		"CRL 404":          {CRLOnly, status(404), 9, 1, false},
		"CRL 500 forever":  {CRLOnly, status(500), 9, 3, false},
	} {
		w.asked.Store(0)
		w.instead = func(out http.ResponseWriter, _ *http.Request, n int64) bool {
			if n <= c.troubles {
				c.trouble(out)
				return true
			}
			return false
		}
		err := w.check(Config{Mode: c.mode, Attempts: 3}, cert)
		assert.Equal(t, c.good, err == nil, "%s: %v", name, err)
		assert.Equal(t, c.asked, w.asked.Load(), name)
	}
}

func TestDeadlineAndCancel(t *testing.T) {
	w := newWorld(t, pki.Options{})
	cert := w.citizen(pki.Variant{})
	w.modes(pki.Silent, pki.Silent)
	for _, mode := range []Mode{OCSPOnly, CRLOnly, OCSPThenCRL} {
		err := w.check(Config{Mode: mode, Deadline: 100 * time.Millisecond, Attempts: 10}, cert)
		assert.ErrorIs(t, err, context.DeadlineExceeded, string(mode))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = newChecker(t, Config{Mode: mode}).Check(ctx, cert, w.Certificate(pki.Citizen), time.Now())
		assert.ErrorIs(t, err, context.Canceled, string(mode))
	}
}

func TestFailuresAreTold(t *testing.T) {
	w := newWorld(t, pki.Options{})
	w.modes(pki.Broken, pki.Good)
	var mu sync.Mutex
	var told []string
	config := Config{Failed: func(address string, err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, address)
		assert.ErrorIs(t, err, ErrTransport)
	}}
	require.NoError(t, w.check(config, w.citizen(pki.Variant{})))
	assert.Equal(t, []string{w.URL() + "/ocsp/citizen"}, told)
}

func TestCertificateWithoutAddresses(t *testing.T) {
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	cert, err := p.Citizen(pki.Person{Name: "王小明"}, holderKey().Public(), pki.Variant{})
	require.NoError(t, err)
	for _, mode := range []Mode{"", OCSPOnly, CRLOnly} {
		err := newChecker(t, Config{Mode: mode}).Check(t.Context(), cert, p.Certificate(pki.Citizen), time.Now())
		assert.ErrorIs(t, err, ErrNoAddress)
	}
	odd := &x509.Certificate{OCSPServer: []string{"ldap://x/", "file:///etc/passwd", "http://", "http://u:p@x/", "://", "gopher://x"}}
	assert.Empty(t, usableAddresses(odd.OCSPServer))
	assert.Len(t, usableAddresses([]string{"http://a/1", "https://a/2", "http://a/3", "http://a/4", "http://a/5"}), maxAddresses)
}

// Who writes a certificate chooses what the portal connects to; the operator may narrow it.
func TestHosts(t *testing.T) {
	w := newWorld(t, pki.Options{ECC: true})
	cert := w.citizen(pki.Variant{})
	for _, mode := range []Mode{OCSPOnly, CRLOnly} {
		assert.NoError(t, w.check(Config{Mode: mode, Hosts: []string{"ocsp.example", "127.0.0.1"}}, cert))
	}
	before := w.asked.Load()
	for _, mode := range []Mode{OCSPOnly, CRLOnly, OCSPThenCRL} {
		assert.ErrorIs(t, w.check(Config{Mode: mode, Hosts: []string{"ocsp.example", ".0.0.1.example"}}, cert), ErrHost)
	}
	assert.Equal(t, before, w.asked.Load(), "not even connected to")
	config := Config{Hosts: []string{"a.example", ".b.example"}}
	for address, want := range map[string]bool{
		"http://a.example/x": true, "https://A.example:8443/": true, "http://b.example/": false, "http://x.b.example/": true,
		"http://x.y.B.example/": true, "http://xb.example/": false, "http://a.example.evil.example/": false, "http://[::1]/": false,
	} {
		assert.Equal(t, want, !config.foreign(address), address)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, config := range map[string]Config{
		"mode": {Mode: "maybe"}, "none": {Mode: None}, "skew": {Skew: time.Hour}, "negative": {Deadline: -1},
		"attempts": {Attempts: 11}, "size": {MaxCRL: -1}, "pause": {Pause: time.Hour},
		"break": {BreakAfter: -1}, "break for": {BreakFor: 2 * time.Hour}, "keep": {KeepGood: time.Hour}, "host": {Hosts: []string{"http://a"}},
		"host with port": {Hosts: []string{"a:80"}}, "host in capitals": {Hosts: []string{"A"}}, "no host": {Hosts: []string{""}},
	} {
		_, err := New(config)
		assert.Error(t, err, name)
	}
	for _, mode := range []Mode{OCSPThenCRL, CRLOnly, OCSPOnly, None} {
		got, err := ParseMode(string(mode))
		require.NoError(t, err)
		assert.Equal(t, mode, got)
	}
	_, err := ParseMode("OCSP")
	assert.ErrorContains(t, err, "ocsp-then-crl")
}
