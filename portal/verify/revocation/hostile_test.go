package revocation

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

func answerWith(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

func TestResponders(t *testing.T) {
	issuer, stranger := newCA(t, nil), newCA(t, nil) // of one name
	proper := newResponder(t, issuer, nil)
	now := time.Now().Truncate(time.Second)
	for name, c := range map[string]struct {
		by     ca
		embed  bool
		change func(*ocsp.Response)
		want   error
	}{
		"the issuer itself":           {issuer, false, nil, nil},
		"the issuer, embedded":        {issuer, true, nil, nil},
		"a delegate":                  {proper, true, nil, nil},
		"a delegate, not embedded":    {proper, false, nil, ErrSigner},
		"a stranger of the same name": {stranger, true, nil, ErrSigner},
		"a stranger, not embedded":    {stranger, false, nil, ErrSigner},
		"a stranger's delegate":       {newResponder(t, stranger, nil), true, nil, ErrSigner},
		"a delegate's delegate":       {newResponder(t, proper, nil), true, nil, ErrSigner},
		"no EKU":                      {newResponder(t, issuer, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), true, nil, ErrSigner},
		"any EKU":                     {newResponder(t, issuer, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), true, nil, ErrSigner},
		"EKU with others":             {newResponder(t, issuer, func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) }), true, nil, nil},
		"not for signatures":          {newResponder(t, issuer, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), true, nil, ErrSigner},
		"expired responder":           {newResponder(t, issuer, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour) }), true, nil, ErrSigner},
		"responder of tomorrow":       {newResponder(t, issuer, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(2*time.Hour) }), true, nil, ErrSigner},
		"critical extension": {newResponder(t, issuer, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 99}, Critical: true, Value: []byte{5, 0}}}
		}), true, nil, ErrSigner},
		"revoked": {proper, true, func(r *ocsp.Response) {
			r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now, ocsp.CertificateHold
		}, verify.ErrRevoked},
		"another serial number":      {proper, true, func(r *ocsp.Response) { r.SerialNumber = big.NewInt(7) }, ErrOther},
		"CertID by another hash":     {proper, true, func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }, ErrOther},
		"from tomorrow":              {proper, true, func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now.Add(24*time.Hour), now.Add(48*time.Hour) }, ErrStale},
		"until yesterday":            {proper, true, func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now.Add(-48*time.Hour), now.Add(-24*time.Hour) }, ErrStale},
		"ends before it begins":      {proper, true, func(r *ocsp.Response) { r.NextUpdate = r.ThisUpdate.Add(-time.Second) }, ErrStale},
		"without end, new":           {proper, true, func(r *ocsp.Response) { r.NextUpdate = time.Time{} }, nil},
		"without end, two hours old": {proper, true, func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now.Add(-2*time.Hour), time.Time{} }, ErrStale},
		"critical extension in single": {proper, true, func(r *ocsp.Response) {
			r.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, ErrMalformed},
		"other extension in single": {proper, true, func(r *ocsp.Response) {
			r.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Value: []byte{5, 0}}}
		}, nil},
	} {
		var answer []byte
		cert := serve(t, issuer, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
		template := ocsp.Response{Status: ocsp.Good, SerialNumber: cert.SerialNumber, ThisUpdate: now, NextUpdate: now.Add(time.Hour), IssuerHash: crypto.SHA1}
		if c.change != nil {
			c.change(&template)
		}
		if c.embed {
			template.Certificate = c.by.cert
		}
		var err error
		answer, err = ocsp.CreateResponse(issuer.cert, c.by.cert, template, c.by.key)
		require.NoError(t, err, name)
		err = newChecker(t, Config{Mode: OCSPOnly, AllowMissingNonce: true}).Check(t.Context(), cert, issuer.cert, time.Now())
		if c.want == nil {
			assert.NoError(t, err, name)
			err = newChecker(t, Config{Mode: OCSPOnly}).Check(t.Context(), cert, issuer.cert, time.Now())
			assert.ErrorIs(t, err, ErrNonce, "%s: by default the nonce must come back", name)
			continue
		}
		assert.ErrorIs(t, err, c.want, name)
		assert.Equal(t, c.want == verify.ErrRevoked, errorIsRevoked(err), "%s: %v", name, err)
	}
}

func errorIsRevoked(err error) bool { _, ok := err.(*Revoked); return ok }

// A good answer about somebody else's certificate, and a good answer from before, are no answers.
func TestReplays(t *testing.T) {
	w := newWorld(t, pki.Options{})
	mine, other := w.citizen(pki.Variant{Revoked: true}), w.citizen(pki.Variant{})
	request, err := ocsp.CreateRequest(other, w.Certificate(pki.Citizen), &ocsp.RequestOptions{Hash: crypto.SHA1})
	require.NoError(t, err)
	answer, err := w.OCSP(pki.Citizen, request)
	require.NoError(t, err)
	w.instead = func(out http.ResponseWriter, _ *http.Request, _ int64) bool { _, _ = out.Write(answer); return true }
	assert.ErrorIs(t, w.check(Config{Mode: OCSPOnly, AllowMissingNonce: true}, mine), ErrOther)
	assert.NoError(t, w.check(Config{Mode: OCSPOnly, AllowMissingNonce: true}, other))

	// A recorded answer about this certificate, from before it was revoked, with its nonce of then.
	var recorded []byte
	victim := w.citizen(pki.Variant{})
	w.instead = func(out http.ResponseWriter, r *http.Request, _ int64) bool {
		body, _ := io.ReadAll(r.Body)
		if recorded == nil {
			recorded, _ = w.OCSP(pki.Citizen, body)
		}
		_, _ = out.Write(recorded)
		return true
	}
	require.NoError(t, w.check(Config{Mode: OCSPOnly}, victim))
	require.NoError(t, w.Revoke(victim))
	assert.ErrorIs(t, w.check(Config{Mode: OCSPOnly}, victim), ErrNonce)
	assert.ErrorIs(t, w.check(Config{Mode: OCSPOnly, AllowMissingNonce: true}, victim), ErrNonce, "a wrong nonce is worse than none")
}

func TestHostileServers(t *testing.T) {
	issuer := newCA(t, nil)
	elsewhere := httptest.NewServer(answerWith([]byte("x")))
	t.Cleanup(elsewhere.Close)
	forever := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}
	drip := func(w http.ResponseWriter, r *http.Request) { // one byte, then nothing more, yet the connection stays
		_, _ = w.Write([]byte{0x30})
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"endless": {forever, ErrTooLarge},
		"says it is huge": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			w.WriteHeader(200)
		}, ErrTooLarge},
		"slow drip": {drip, ErrTransport},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte{0x30})
		}, ErrTransport},
		"empty":          {answerWith(nil), ErrMalformed},
		"HTML":           {answerWith([]byte("<html>captive portal</html>")), ErrMalformed},
		"huge length":    {answerWith([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}), ErrMalformed},
		"nested":         {answerWith(bytes.Repeat([]byte{0x30, 0x80}, 10000)), ErrMalformed},
		"another host":   {http.RedirectHandler(elsewhere.URL+"/x", http.StatusTemporaryRedirect).ServeHTTP, errRedirect},
		"another scheme": {http.RedirectHandler("ftp://127.0.0.1/x", http.StatusTemporaryRedirect).ServeHTTP, errRedirect},
		"in a circle":    {http.RedirectHandler("/x", http.StatusTemporaryRedirect).ServeHTTP, errRedirect},
		"404":            {http.NotFound, ErrTransport},
		"204":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, ErrTransport},
	} {
		cert := serve(t, issuer, c.handler)
		for _, mode := range []Mode{OCSPOnly, CRLOnly} {
			config := Config{Mode: mode, MaxCRL: 1 << 20, Attempts: 1}
			if name == "slow drip" {
				config = brief(config)
			}
			err := newChecker(t, config).Check(t.Context(), cert, issuer.cert, time.Now())
			assert.ErrorIs(t, err, c.want, "%s by %s", name, mode)
		}
	}
}

func TestRedirectWithinTheHost(t *testing.T) {
	w := newWorld(t, pki.Options{})
	w.instead = func(out http.ResponseWriter, r *http.Request, _ int64) bool {
		if r.URL.Query().Has("again") {
			return false
		}
		http.Redirect(out, r, r.URL.Path+"?again", http.StatusTemporaryRedirect)
		return true
	}
	cert := w.citizen(pki.Variant{})
	assert.NoError(t, w.check(Config{Mode: CRLOnly}, cert))
	assert.NoError(t, w.check(Config{Mode: OCSPOnly}, cert), "307 keeps the POST")
	w.instead = func(out http.ResponseWriter, r *http.Request, _ int64) bool {
		http.Redirect(out, r, r.URL.Path+"?again", http.StatusFound)
		return true
	}
	assert.ErrorIs(t, w.check(Config{Mode: OCSPOnly}, cert), errRedirect, "302 would turn it into a GET")
}

// Every cut and every flipped bit of a true answer is no answer.
func TestSpoiltAnswers(t *testing.T) {
	w := newWorld(t, pki.Options{ECC: true})
	cert, issuer := w.citizen(pki.Variant{}), w.Certificate(pki.Citizen)
	q := question{cert: cert, issuer: issuer, now: time.Now}
	id, err := newCertID(q, false)
	require.NoError(t, err)
	nonce := newNonce()
	request, err := ocspRequest(id, nonce)
	require.NoError(t, err)
	answer, err := w.OCSP(pki.Citizen, request)
	require.NoError(t, err)
	list, err := w.CRL(pki.Citizen)
	require.NoError(t, err)
	checker := newChecker(t, Config{})
	judge := func(data []byte) error {
		parsed, err := parseOCSP(data)
		if err != nil {
			return err
		}
		return checker.judge(t.Context(), parsed, id, nonce, q)
	}
	read := func(data []byte) error {
		_, err := parseCRL(data, issuer)
		return err
	}
	for name, c := range map[string]struct {
		data []byte
		read func([]byte) error
	}{"OCSP": {answer, judge}, "CRL": {list, read}} {
		require.NoError(t, c.read(c.data), name)
		for i := range c.data {
			require.Error(t, c.read(c.data[:i]), "%s cut at %d", name, i)
		}
		require.Error(t, c.read(append(bytes.Clone(c.data), 0)), name)
		for i := 0; i < len(c.data); i += 1 + len(c.data)/400 {
			spoilt := bytes.Clone(c.data)
			spoilt[i] ^= 1 << (i % 8)
			if err := c.read(spoilt); err == nil {
				t.Errorf("%s: byte %d flipped, still good", name, i)
			}
		}
	}
}

func TestResponderID(t *testing.T) {
	issuer := newCA(t, nil)
	bits, ok := keyBits(issuer.cert)
	require.True(t, ok)
	sum := sha1.Sum(bits)
	assert.True(t, ocspAnswer{byKey: sum[:]}.names(issuer.cert))
	assert.False(t, ocspAnswer{byKey: sum[:19]}.names(issuer.cert))
	assert.True(t, ocspAnswer{byName: issuer.cert.RawSubject}.names(issuer.cert))
	assert.False(t, ocspAnswer{}.names(issuer.cert))
}
