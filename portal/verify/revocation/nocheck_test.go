package revocation

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// A responder whose certificate does not say id-pkix-ocsp-nocheck is looked up in its issuer's list (RFC 6960 section
// 4.2.2.2.1): a key that was stolen from it could call every card good.
func TestRevokedResponder(t *testing.T) {
	issuer := newCA(t, nil)
	responderSerial := big.NewInt(4711)
	var list, answer []byte
	var asked atomic.Int64
	cert := serve(t, issuer, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ocsp" {
			_, _ = w.Write(answer)
			return
		}
		asked.Add(1)
		if list == nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(list)
	})
	revoking := func(numbers ...*big.Int) []byte {
		return makeCRL(t, issuer, func(l *x509.RevocationList) {
			for _, number := range numbers {
				l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: number, RevocationTime: time.Now()})
			}
		})
	}
	listed := func(c *x509.Certificate) {
		c.SerialNumber, c.CRLDistributionPoints = responderSerial, cert.CRLDistributionPoints
	}
	exempt := func(c *x509.Certificate) {
		listed(c)
		c.ExtraExtensions = []pkix.Extension{{Id: noCheck, Value: []byte{5, 0}}}
	}
	for name, c := range map[string]struct {
		responder func(*x509.Certificate)
		list      []byte
		want      error
		asked     int64
	}{
		"good":                 {listed, revoking(), nil, 1},
		"revoked":              {listed, revoking(responderSerial), ErrSigner, 1},
		"list not to be had":   {listed, nil, ErrSigner, 1},
		"nocheck":              {exempt, revoking(responderSerial), nil, 0},
		"nowhere to be listed": {nil, revoking(responderSerial), nil, 0},
	} {
		by := newResponder(t, issuer, c.responder)
		var err error
		answer, err = ocsp.CreateResponse(issuer.cert, by.cert, ocsp.Response{
			Status: ocsp.Good, SerialNumber: cert.SerialNumber, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
			IssuerHash: crypto.SHA1, Certificate: by.cert,
		}, by.key)
		require.NoError(t, err, name)
		list = c.list
		asked.Store(0)
		err = newChecker(t, Config{Mode: OCSPOnly, AllowMissingNonce: true}).Check(t.Context(), cert, issuer.cert, time.Now())
		if c.want == nil {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, c.want, name)
		}
		assert.NotErrorIs(t, err, verify.ErrRevoked, "%s: the holder is not", name)
		assert.Equal(t, c.asked, asked.Load(), name)
	}
}
