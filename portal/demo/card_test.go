package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

// card is a holder's certificate with its key, issued by a CA of the test.
type card struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCertificate makes a certificate under parent, or a self-signed CA when parent is nil.
func newCertificate(t testing.TB, parent *card, subject pkix.Name, change func(*x509.Certificate)) *card {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: number, Subject: subject,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(4, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	issuer, signer := template, crypto.Signer(key)
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &card{cert, key}
}

func asCA(cert *x509.Certificate) {
	cert.BasicConstraintsValid, cert.IsCA, cert.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

func issuerName(unit string) pkix.Name {
	return pkix.Name{Country: []string{"TW"}, Organization: []string{"行政院"}, OrganizationalUnit: []string{unit}}
}

// newMOICA gives a citizen CA whose certificate stands in a trust folder.
func newMOICA(t testing.TB) (ca *card, trust string) {
	t.Helper()
	root := newCertificate(t, nil, pkix.Name{CommonName: "Test Root"}, asCA)
	ca = newCertificate(t, root, issuerName("內政部憑證管理中心"), asCA)
	trust = t.TempDir()
	for name, cert := range map[string]*x509.Certificate{"root.pem": root.cert, "moica.pem": ca.cert} {
		data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		require.NoError(t, os.WriteFile(filepath.Join(trust, name), data, 0o600))
	}
	return ca, trust
}

const (
	idTail        = "6789"
	subjectSerial = "0000000112345678"
)

func newCitizen(t testing.TB, ca *card, name string, change func(*x509.Certificate)) *card {
	t.Helper()
	tail, err := asn1.Marshal([]struct {
		Type   asn1.ObjectIdentifier
		Values []string `asn1:"set"`
	}{{asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 51}, []string{idTail}}})
	require.NoError(t, err)
	return newCertificate(t, ca, pkix.Name{Country: []string{"TW"}, CommonName: name, SerialNumber: subjectSerial}, func(cert *x509.Certificate) {
		cert.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 9}, Value: tail}}
		if change != nil {
			change(cert)
		}
	})
}

func (c *card) sign(t testing.TB, origin, nonce string) webeid.Token {
	t.Helper()
	alg, err := webeid.DefaultAlgorithm(c.key.Public())
	require.NoError(t, err)
	digest, err := webeid.Digest(alg, origin, nonce)
	require.NoError(t, err)
	signature, err := c.key.Sign(rand.Reader, digest, alg.SignerOpts())
	require.NoError(t, err)
	token, err := webeid.NewToken(c.cert, alg, signature, "test")
	require.NoError(t, err)
	return token
}
