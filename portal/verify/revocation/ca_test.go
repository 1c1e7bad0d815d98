package revocation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ca is an authority whose key the test holds.
type ca struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func certify(t testing.TB, template *x509.Certificate, by *ca) ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(time.Now().UnixNano())
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent := ca{template, key}
	if by != nil {
		parent = *by
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return ca{cert, key}
}

func newCA(t testing.TB, change func(*x509.Certificate)) ca {
	template := &x509.Certificate{
		Subject: pkix.Name{Country: []string{"TW"}, Organization: []string{"測試"}}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if change != nil {
		change(template)
	}
	return certify(t, template, nil)
}

// newResponder is a certificate that the authority issued for OCSP.
func newResponder(t testing.TB, by ca, change func(*x509.Certificate)) ca {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "OCSP"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
	}
	if change != nil {
		change(template)
	}
	return certify(t, template, &by)
}

// serve answers everything with handler; it gives a certificate of the authority that points there.
func serve(t testing.TB, by ca, handler http.HandlerFunc) *x509.Certificate {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return certify(t, &x509.Certificate{
		OCSPServer: []string{server.URL + "/ocsp"}, CRLDistributionPoints: []string{server.URL + "/crl"},
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, &by).cert
}
