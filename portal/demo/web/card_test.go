package web

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
	ca, _, trust = newAuthorities(t)
	return ca, trust
}

// newAuthorities gives an agency CA as well.
func newAuthorities(t testing.TB) (moica, gca *card, trust string) {
	t.Helper()
	root := newCertificate(t, nil, pkix.Name{CommonName: "Test Root"}, asCA)
	moica = newCertificate(t, root, issuerName("內政部憑證管理中心"), asCA)
	gca = newCertificate(t, root, issuerName("政府憑證管理中心"), asCA)
	trust = t.TempDir()
	for name, cert := range map[string]*x509.Certificate{"root.pem": root.cert, "moica.pem": moica.cert, "gca.pem": gca.cert} {
		data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		require.NoError(t, os.WriteFile(filepath.Join(trust, name), data, 0o600))
	}
	return moica, gca, trust
}

const (
	agencyOID     = "2.16.886.101.20003.29999"
	idTail        = "6789"
	subjectSerial = "0000000112345678"
)

// newCitizen is the bound card, or, with another name, a card that says it is.
func newCitizen(t testing.TB, ca *card, name string, change func(*x509.Certificate)) *card {
	t.Helper()
	return newHolder(t, ca, name, subjectSerial, idTail, change)
}

// newHolder is a citizen's card; an empty tail leaves its attribute out.
func newHolder(t testing.TB, ca *card, name, serial, tail string, change func(*x509.Certificate)) *card {
	t.Helper()
	return newCertificate(t, ca, pkix.Name{Country: []string{"TW"}, CommonName: name, SerialNumber: serial}, func(cert *x509.Certificate) {
		if tail != "" {
			cert.ExtraExtensions = attribute(t, 51, tail)
		}
		if change != nil {
			change(cert)
		}
	})
}

// newAgency is an agency's card, of an agency CA.
func newAgency(t testing.TB, ca *card, oid string) *card {
	t.Helper()
	return newCertificate(t, ca, pkix.Name{Country: []string{"TW"}, Organization: []string{"範例機關"}}, func(cert *x509.Certificate) {
		cert.ExtraExtensions = attribute(t, 102, oid)
	})
}

// attribute is a subjectDirectoryAttributes extension with one of Taiwan's own attributes.
func attribute(t testing.TB, number int, value string) []pkix.Extension {
	t.Helper()
	der, err := asn1.Marshal([]struct {
		Type   asn1.ObjectIdentifier
		Values []string `asn1:"set"`
	}{{asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, number}, []string{value}}})
	require.NoError(t, err)
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 9}, Value: der}}
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
