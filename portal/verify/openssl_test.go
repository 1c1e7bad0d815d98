package verify_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

func writePEM(t *testing.T, name string, certs ...*x509.Certificate) {
	t.Helper()
	var data []byte
	for _, cert := range certs {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	require.NoError(t, os.WriteFile(name, data, 0o600))
}

// openssl verify is the second opinion on chains.
func TestOpenSSLAgreesOnChains(t *testing.T) {
	p, stranger := newPKI(t), newPKI(t)
	g3 := newCA(t, issuerName("內政部憑證管理中心"), p.root, nil)
	old := newCA(t, issuerName("舊憑證管理中心"), p.root, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	config := p.config(g3, old)
	for name, c := range map[string]struct {
		card card
		good bool
	}{
		"first generation": {newCard(t, p.moica, nil), true},
		"third generation": {newCard(t, g3, nil), true},
		"stranger":         {newCard(t, stranger.moica, nil), false},
		"expired CA":       {newCard(t, old, nil), false},
		"expired":          {newCard(t, g3, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }), false},
		"not yet valid":    {newCard(t, g3, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }), false},
		"e-mail only":      {newCard(t, g3, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), false},
	} {
		dir := t.TempDir()
		writePEM(t, filepath.Join(dir, "root.pem"), config.Roots...)
		writePEM(t, filepath.Join(dir, "cas.pem"), config.Intermediates...)
		writePEM(t, filepath.Join(dir, "card.pem"), c.card.cert)
		cmd := exec.Command("openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", "root.pem", "-untrusted", "cas.pem",
			"-purpose", "sslclient", "-attime", strconv.FormatInt(now.Unix(), 10), "card.pem")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.Equal(t, c.good, err == nil, "openssl on %s: %s", name, out)
		_, err = login(t, config, c.card)
		assert.Equal(t, c.good, err == nil, "we on %s: %v", name, err)
	}
}

// The attributes are also read from a certificate that OpenSSL wrote.
func TestOpenSSLWritesAttributes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "card.conf"), []byte(`
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
utf8 = yes
string_mask = utf8only
[dn]
C = TW
CN = 陳大文
serialNumber = 0000000187654321
[ext]
keyUsage = critical, digitalSignature
2.5.29.9 = ASN1:SEQUENCE:attributes
[attributes]
a = SEQUENCE:type
b = SEQUENCE:tail
[type]
oid = OID:2.16.886.1.100.2.1
values = SET:typevalue
[typevalue]
v = OID:2.16.886.1.100.3.1.1
[tail]
oid = OID:2.16.886.1.100.2.51
values = SET:tailvalue
[tailvalue]
v = PRINTABLESTRING:4321
`), 0o600))
	cmd := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-keyout", "key.pem", "-out", "card.pem", "-config", "card.conf", "-days", "30")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(filepath.Join(dir, "card.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	id := verify.Describe(cert, verify.DefaultTable())
	assert.Equal(t, "4321", id.IDTail)
	assert.Equal(t, verify.KindPerson, id.Kind)
	assert.Equal(t, "陳大文", id.Name)
	assert.Equal(t, verify.CardOther, id.CardKind)
}
