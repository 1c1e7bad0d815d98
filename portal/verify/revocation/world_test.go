package revocation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

var holderKey = sync.OnceValue(func() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// world is a test PKI behind a server of the test's own, which may answer in its place.
type world struct {
	*pki.PKI
	t      testing.TB
	server *httptest.Server
	asked  atomic.Int64
	// instead answers a request, unless it gives false; set before the first one.
	instead func(w http.ResponseWriter, r *http.Request, n int64) bool
}

func newWorld(t testing.TB, options pki.Options) *world {
	t.Helper()
	w := &world{t: t}
	var handler http.Handler
	w.server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		n := w.asked.Add(1)
		if w.instead == nil || !w.instead(out, r, n) {
			handler.ServeHTTP(out, r)
		}
	}))
	t.Cleanup(func() { w.server.CloseClientConnections(); w.server.Close() })
	options.BaseURL = w.server.URL
	var err error
	w.PKI, err = pki.New(options)
	require.NoError(t, err)
	handler = w.Handler()
	return w
}

func (w *world) citizen(v pki.Variant) *x509.Certificate {
	w.t.Helper()
	cert, err := w.Citizen(pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}, holderKey().Public(), v)
	require.NoError(w.t, err)
	return cert
}

func (w *world) modes(ocsp, crl pki.Mode) {
	w.t.Helper()
	require.NoError(w.t, w.SetOCSP(ocsp))
	require.NoError(w.t, w.SetCRL(crl))
}

func newChecker(t testing.TB, config Config) *Checker {
	t.Helper()
	if config.Pause == 0 {
		config.Pause = time.Millisecond
	}
	checker, err := New(config)
	require.NoError(t, err)
	t.Cleanup(checker.Close)
	return checker
}

// check asks a fresh Checker about a citizen's certificate.
func (w *world) check(config Config, cert *x509.Certificate) error {
	w.t.Helper()
	return newChecker(w.t, config).Check(w.t.Context(), cert, w.Certificate(pki.Citizen), time.Now())
}
