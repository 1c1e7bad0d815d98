package verify_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// Go always writes a subjectKeyIdentifier into a CA's certificate; some real ones have none, so OpenSSL makes these: two
// generations of one DN, told apart by nothing but their keys.
func TestCAsWithoutKeyIdentifier(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	read := func(name string) *x509.Certificate { return readCertificate(t, filepath.Join(dir, name)) }
	for name, text := range map[string]string{
		"ca.ext":   "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n",
		"card.ext": "keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	request := func(name, subject string) {
		run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-keyout", name+".key", "-out", name+".csr", "-subj", subject)
	}
	issue := func(name, by, ext string) {
		run("x509", "-req", "-in", name+".csr", "-CA", by+".pem", "-CAkey", by+".key", "-CAcreateserial", "-days", "30", "-extfile", ext, "-out", name+".pem")
	}
	request("root", "/C=TW/O=Root")
	run("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-days", "30", "-extfile", "ca.ext", "-out", "root.pem")
	for _, name := range []string{"first", "second", "third"} {
		request(name, "/C=TW/O=行政院/OU=內政部憑證管理中心")
		issue(name, "root", "ca.ext")
		require.Empty(t, read(name+".pem").SubjectKeyId)
		request(name+"card", "/C=TW/CN=王小明/serialNumber=0000000112345678")
		issue(name+"card", name, "card.ext")
		require.Empty(t, read(name+"card.pem").AuthorityKeyId)
	}
	roots := []*x509.Certificate{read("root.pem")}
	intermediates := []*x509.Certificate{read("first.pem"), read("second.pem")}
	for name, want := range map[string]error{"first": nil, "second": nil, "third": verify.ErrUntrusted} {
		_, err := login(t, verify.Config{Roots: roots, Intermediates: intermediates}, readCard(t, dir, name+"card"))
		assert.ErrorIs(t, err, want, name)
	}
}

func readCertificate(t *testing.T, name string) *x509.Certificate {
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func readCard(t *testing.T, dir, name string) card {
	cert := readCertificate(t, filepath.Join(dir, name+".pem"))
	data, err := os.ReadFile(filepath.Join(dir, name+".key"))
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return card{cert, key.(crypto.Signer)}
}

// One CA, one key, two certificates for it: as good as the better one of them, in whichever order they are configured.
func TestTwoCertificatesOfOneCA(t *testing.T) {
	p := newPKI(t)
	name := issuerName("內政部憑證管理中心")
	key := newKey(t)
	certify := func(change func(*x509.Certificate)) *x509.Certificate {
		template := *p.moica.cert
		template.Raw, template.SubjectKeyId, template.Subject = nil, []byte{1, 2, 3, 4}, name
		template.SerialNumber = newCard(t, p.moica, nil).cert.SerialNumber
		change(&template)
		return sign(t, &template, p.root, key)
	}
	good := certify(func(*x509.Certificate) {})
	expired := certify(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	other := certify(func(*x509.Certificate) {})
	holder := newCard(t, &authority{good, key}, nil)
	gone := func(dead *x509.Certificate, how error) verify.Revocation {
		return hook(func(cert, issuer *x509.Certificate, _ time.Time) error {
			require.True(t, issuer.Equal(p.root.cert))
			if cert.Equal(dead) {
				return how
			}
			return nil
		})
	}
	unknown := errors.New("no route to the responder")
	for text, c := range map[string]struct {
		cas  []*x509.Certificate
		ask  verify.Revocation
		want error
	}{
		"expired beside good":         {[]*x509.Certificate{expired, good}, nil, nil},
		"good beside expired":         {[]*x509.Certificate{good, expired}, nil, nil},
		"expired alone":               {[]*x509.Certificate{expired}, nil, verify.ErrIssuerExpired},
		"revoked beside good":         {[]*x509.Certificate{other, good}, gone(other, verify.ErrRevoked), nil},
		"good beside revoked":         {[]*x509.Certificate{good, other}, gone(other, verify.ErrRevoked), nil},
		"revoked alone":               {[]*x509.Certificate{other}, gone(other, verify.ErrRevoked), verify.ErrIssuerRevoked},
		"revoked beside expired":      {[]*x509.Certificate{expired, other}, gone(other, verify.ErrRevoked), verify.ErrIssuerRevoked},
		"not to be known beside good": {[]*x509.Certificate{other, good}, gone(other, unknown), nil},
		"not to be known, alone":      {[]*x509.Certificate{other}, gone(other, unknown), verify.ErrRevocation},
	} {
		_, err := login(t, verify.Config{Roots: []*x509.Certificate{p.root.cert}, Intermediates: c.cas, Clock: clock, CARevocation: c.ask}, holder)
		assert.ErrorIs(t, err, c.want, text)
		if c.want == nil {
			assert.NoError(t, err, text)
		}
	}
}

// Clocks differ for CAs too: a card of a CA that began this minute.
func TestSkewOfCAs(t *testing.T) {
	p := newPKI(t)
	for text, c := range map[string]struct {
		change func(*x509.Certificate)
		want   error
	}{
		"begins in a minute":      {func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }, nil},
		"begins in three minutes": {func(c *x509.Certificate) { c.NotBefore = now.Add(3 * time.Minute) }, verify.ErrIssuerExpired},
		"ended a minute ago":      {func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, nil},
		"ended 3 minutes ago":     {func(c *x509.Certificate) { c.NotAfter = now.Add(-3 * time.Minute) }, verify.ErrIssuerExpired},
	} {
		ca := newCA(t, issuerName("新憑證管理中心"), p.root, c.change)
		config := p.config(ca)
		config.Skew = 2 * time.Minute
		_, err := login(t, config, newCard(t, ca, nil))
		assert.ErrorIs(t, err, c.want, text)
		config.Skew = 0
		_, err = login(t, config, newCard(t, ca, nil))
		assert.ErrorIs(t, err, verify.ErrIssuerExpired, "without skew: "+text)
	}
}

// A demanded policy has to be one that the CAs above may issue under.
func TestPoliciesOfTheChain(t *testing.T) {
	p := newPKI(t)
	class := func(n uint64) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Policies = append(c.Policies, oid(t, 2, 16, 886, 101, 0, 3, n)) }
	}
	for text, c := range map[string]struct {
		ca   func(*x509.Certificate)
		want error
	}{
		"CA names none":                    {nil, nil},
		"CA names any":                     {func(c *x509.Certificate) { c.Policies = []x509.OID{oid(t, 2, 5, 29, 32, 0)} }, nil},
		"CA names it":                      {class(3), nil},
		"CA names another too":             {func(c *x509.Certificate) { class(1)(c); class(3)(c) }, nil},
		"CA names another":                 {class(1), verify.ErrPolicy},
		"CA names the other that is taken": {class(4), verify.ErrPolicy},
		"CA maps to it": {func(c *x509.Certificate) {
			class(1)(c)
			mappings, err := asn1.Marshal([][]asn1.ObjectIdentifier{{{2, 16, 886, 101, 0, 3, 1}, {2, 16, 886, 101, 0, 3, 3}}})
			require.NoError(t, err)
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 33}, Critical: true, Value: mappings}}
		}, nil},
		"CA demands one, names another": {func(c *x509.Certificate) {
			class(1)(c)
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 36}, Critical: true, Value: []byte{0x30, 3, 0x80, 1, 0}}}
		}, verify.ErrPolicy},
	} {
		ca := newCA(t, issuerName("某憑證管理中心"), p.root, c.ca)
		config := p.config(ca)
		holder := newCard(t, ca, class(3))
		_, err := login(t, config, holder)
		if text == "CA demands one, names another" {
			assert.ErrorIs(t, err, verify.ErrPolicy, text)
		} else {
			assert.NoError(t, err, "nothing is demanded: "+text)
		}
		config.Table = verify.DefaultTable()
		config.Table.Policies = []string{"2.16.886.101.0.3.3", "2.16.886.101.0.3.4"}
		_, err = login(t, config, holder)
		assert.ErrorIs(t, err, c.want, text)
		if c.want == nil {
			assert.NoError(t, err, text)
		}
	}
}

// A chain through two CAs: both are asked about, the root is not.
func TestEveryCAIsAskedAbout(t *testing.T) {
	p := newPKI(t)
	upper := newCA(t, pkix.Name{Country: []string{"TW"}, Organization: []string{"中間憑證管理中心"}}, p.root, nil)
	lower := newCA(t, issuerName("內政部憑證管理中心"), upper, nil)
	var asked []string
	config := p.config(upper, lower)
	config.CARevocation = hook(func(cert, issuer *x509.Certificate, _ time.Time) error {
		require.NoError(t, cert.CheckSignatureFrom(issuer))
		asked = append(asked, cert.Subject.String())
		return nil
	})
	_, err := login(t, config, newCard(t, lower, nil))
	require.NoError(t, err)
	assert.Equal(t, []string{lower.cert.Subject.String(), upper.cert.Subject.String()}, asked)
	config.CARevocation = hook(func(cert, _ *x509.Certificate, _ time.Time) error {
		if cert.Equal(upper.cert) {
			return verify.ErrRevoked
		}
		return nil
	})
	_, err = login(t, config, newCard(t, lower, nil))
	assert.ErrorIs(t, err, verify.ErrIssuerRevoked)
}
