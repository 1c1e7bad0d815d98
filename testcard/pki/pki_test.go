package pki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

var (
	wang   = pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}
	agency = pki.Office{Name: "範例機關", Unit: "範例單位", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29999}}
)

// setup gives a PKI with its server, a folder with its trust, and a public key to certify.
func setup(t *testing.T, o pki.Options) (*pki.PKI, string, *ecdsa.PublicKey) {
	t.Helper()
	p, err := pki.Listen(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	dir := filepath.Join(t.TempDir(), "trust")
	require.NoError(t, p.WriteTrust(dir))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return p, dir, &key.PublicKey
}

func write(t *testing.T, c *x509.Certificate) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), "certificate.pem")
	require.NoError(t, os.WriteFile(f, pki.PEM(c), 0o600))
	return f
}

func openssl(args ...string) (string, error) {
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

// untrusted gives all intermediates as arguments.
func untrusted(dir string) []string {
	var out []string
	for _, a := range pki.Authorities[1:] {
		out = append(out, "-untrusted", filepath.Join(dir, string(a)+".pem"))
	}
	return out
}

func verify(dir, file string, extra ...string) (string, error) {
	args := append([]string{"verify", "-CAfile", filepath.Join(dir, "root.pem"), "-x509_strict"}, untrusted(dir)...)
	return openssl(append(append(args, extra...), file)...)
}

func TestOpenSSLAcceptsEveryChain(t *testing.T) {
	for name, o := range map[string]pki.Options{"RSA": {}, "ECC": {ECC: true}} {
		t.Run(name, func(t *testing.T) {
			p, dir, public := setup(t, o)
			for _, issuer := range pki.Authorities[1:] {
				c, err := p.Citizen(wang, public, pki.Variant{Issuer: issuer})
				require.NoError(t, err)
				out, err := verify(dir, write(t, c))
				require.NoError(t, err, out)
				assert.Equal(t, p.Certificate(issuer).SubjectKeyId, c.AuthorityKeyId)
			}
			want := x509.SHA256WithRSA
			if o.ECC {
				want = x509.ECDSAWithSHA384
			}
			assert.Equal(t, want, p.Certificate(pki.Citizen).SignatureAlgorithm)
		})
	}
}

func TestCertificatesLookLikeTaiwans(t *testing.T) {
	p, _, public := setup(t, pki.Options{})
	c, err := p.Citizen(wang, public, pki.Variant{})
	require.NoError(t, err)
	text, err := openssl("x509", "-in", write(t, c), "-noout", "-text", "-nameopt", "utf8,sep_comma_plus,sname")
	require.NoError(t, err, text)
	for _, want := range []string{
		"Subject: C=TW,CN=王小明,serialNumber=0000000000000001",
		"Issuer: C=TW,O=行政院,OU=內政部憑證管理中心",
		"Policy: 2.16.886.101.0.3.3",
		"OCSP - URI:" + p.URL() + "/ocsp/citizen",
		"CA Issuers - URI:" + p.URL() + "/ca/citizen.crt",
		"URI:" + p.URL() + "/crl/citizen.crl",
		"X509v3 Subject Directory Attributes",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "Extended Key Usage")
	assert.Equal(t, x509.KeyUsageDigitalSignature, c.KeyUsage)
	assert.False(t, c.IsCA)
	assert.Equal(t, map[string]string{
		"2.16.886.1.100.2.1":  "2.16.886.1.100.3.1.1",
		"2.16.886.1.100.2.2":  "primary",
		"2.16.886.1.100.2.51": "6789",
	}, directory(t, c))

	encryption, err := p.Citizen(wang, public, pki.Variant{Encryption: true})
	require.NoError(t, err)
	assert.Equal(t, x509.KeyUsageKeyEncipherment|x509.KeyUsageDataEncipherment, encryption.KeyUsage)

	c, err = p.Agency(agency, public, pki.Variant{})
	require.NoError(t, err)
	assert.Equal(t, "OU=範例單位,O=範例機關,C=TW", c.Subject.String())
	assert.Equal(t, "OU=政府憑證管理中心,O=行政院,C=TW", c.Issuer.String())
	want := map[string]string{"2.16.886.1.100.2.1": "2.16.886.1.100.3.2.1.1", "2.16.886.1.100.2.102": "2.16.886.101.20003.29999"}
	assert.Equal(t, want, directory(t, c))
	asString := agency
	asString.OIDAsString = true
	c, err = p.Organisation(asString, public, pki.Variant{Issuer: pki.Test})
	require.NoError(t, err)
	assert.Equal(t, want, directory(t, c))
	assert.Equal(t, "OU=政府測試憑證管理中心,O=行政院,C=TW", c.Issuer.String())
	require.Len(t, c.Policies, 1)
	assert.Equal(t, "2.16.886.101.0.3.0", c.Policies[0].String())

	c, err = p.Business(pki.Company{Name: "範例股份有限公司", BusinessID: "00000000"}, public, pki.Variant{})
	require.NoError(t, err)
	assert.Equal(t, "OU=工商憑證管理中心,O=行政院,C=TW", c.Issuer.String())
	assert.Equal(t, map[string]string{"2.16.886.1.100.2.1": "2.16.886.1.100.3.2.2.1.1", "2.16.886.1.100.2.101": "00000000"}, directory(t, c))
}

// directory decodes subjectDirectoryAttributes, each a SET of exactly one value: an OID or a string.
func directory(t *testing.T, c *x509.Certificate) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range c.Extensions {
		if e.Id.String() != "2.5.29.9" {
			continue
		}
		var all []struct {
			ID     asn1.ObjectIdentifier
			Values []asn1.RawValue `asn1:"set"`
		}
		rest, err := asn1.Unmarshal(e.Value, &all)
		require.NoError(t, err)
		require.Empty(t, rest)
		for _, a := range all {
			require.Len(t, a.Values, 1)
			var id asn1.ObjectIdentifier
			if _, err := asn1.Unmarshal(a.Values[0].FullBytes, &id); err == nil {
				out[a.ID.String()] = id.String()
				continue
			}
			out[a.ID.String()] = string(a.Values[0].Bytes)
		}
	}
	return out
}

func TestVariants(t *testing.T) {
	p, dir, public := setup(t, pki.Options{})
	for name, x := range map[string]struct {
		variant pki.Variant
		says    string
	}{
		"expired": {pki.Variant{Validity: pki.Expired}, "certificate has expired"},
		"not yet": {pki.Variant{Validity: pki.NotYet}, "certificate is not yet valid"},
	} {
		c, err := p.Citizen(wang, public, x.variant)
		require.NoError(t, err)
		out, err := verify(dir, write(t, c))
		require.Error(t, err, name)
		assert.Contains(t, out, x.says)
	}
	c, err := p.Citizen(wang, public, pki.Variant{KeyUsage: x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}})
	require.NoError(t, err)
	assert.Equal(t, x509.KeyUsageKeyEncipherment, c.KeyUsage)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, c.ExtKeyUsage)
	_, err = p.Citizen(wang, public, pki.Variant{Issuer: "nobody"})
	require.ErrorContains(t, err, "there is no authority")
}

func TestRogueLooksAlikeAndIsNotTrusted(t *testing.T) {
	p, dir, public := setup(t, pki.Options{})
	rogue, err := pki.New(pki.Options{BaseURL: p.URL(), Name: "rogue"})
	require.NoError(t, err)
	c, err := rogue.Citizen(wang, public, pki.Variant{})
	require.NoError(t, err)
	assert.Equal(t, p.Certificate(pki.Citizen).RawSubject, c.RawIssuer)
	out, err := verify(dir, write(t, c))
	require.Error(t, err, out)
	require.ErrorContains(t, p.Revoke(c), "not issued here")

	again, err := pki.New(pki.Options{})
	require.NoError(t, err)
	assert.Equal(t, p.Certificate(pki.Root).PublicKey, again.Certificate(pki.Root).PublicKey, "keys are kept")
	assert.Equal(t, p.Certificate(pki.Citizen).RawSubject, p.Certificate(pki.CitizenOld).RawSubject)
	assert.NotEqual(t, p.Certificate(pki.Citizen).SubjectKeyId, p.Certificate(pki.CitizenOld).SubjectKeyId)
	assert.Nil(t, p.Certificate("nobody"))
}
