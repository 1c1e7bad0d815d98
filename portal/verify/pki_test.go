package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

const origin = "https://portal.example"

var (
	nonce  = strings.Repeat("N", 44)
	now    = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	serial atomic.Int64
)

func clock() time.Time { return now }

// authority is one CA of the tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func issuerName(unit string) pkix.Name {
	return pkix.Name{Country: []string{"TW"}, Organization: []string{"行政院"}, OrganizationalUnit: []string{unit}}
}

// newCA makes a CA under parent, or a root when parent is nil.
func newCA(t testing.TB, name pkix.Name, parent *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: name,
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(15, 0, 0),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if change != nil {
		change(template)
	}
	made := &authority{key: key}
	if parent == nil {
		parent = &authority{cert: template, key: key}
	}
	made.cert = sign(t, template, parent, key)
	return made
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	return generateKey()
}

func generateKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func sign(t testing.TB, template *x509.Certificate, parent *authority, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// card is a holder's certificate with its key.
type card struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newCard(t testing.TB, ca *authority, change func(*x509.Certificate)) card {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)),
		Subject:      pkix.Name{Country: []string{"TW"}, CommonName: "王小明", SerialNumber: "0000000112345678"},
		NotBefore:    now.AddDate(-1, 0, 0), NotAfter: now.AddDate(4, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	key := newKey(t)
	return card{sign(t, template, ca, key), key}
}

func (c card) token(t testing.TB) webeid.Token {
	t.Helper()
	token, err := c.tokenFor(origin, nonce)
	require.NoError(t, err)
	return token
}

func (c card) tokenFor(origin, nonce string) (webeid.Token, error) {
	alg, err := webeid.DefaultAlgorithm(c.key.Public())
	if err != nil {
		return webeid.Token{}, err
	}
	digest, err := webeid.Digest(alg, origin, nonce)
	if err != nil {
		return webeid.Token{}, err
	}
	signature, err := c.key.Sign(rand.Reader, digest, alg.SignerOpts())
	if err != nil {
		return webeid.Token{}, err
	}
	return webeid.NewToken(c.cert, alg, signature, "test")
}

// hierarchy is a root with a citizen CA below it.
type hierarchy struct{ root, moica *authority }

func newPKI(t testing.TB) hierarchy {
	root := newCA(t, pkix.Name{Country: []string{"TW"}, Organization: []string{"Government Root Certification Authority"}}, nil, nil)
	return hierarchy{root, newCA(t, issuerName("內政部憑證管理中心"), root, nil)}
}

func (p hierarchy) config(more ...*authority) verify.Config {
	config := verify.Config{Roots: []*x509.Certificate{p.root.cert}, Intermediates: []*x509.Certificate{p.moica.cert}, Clock: clock}
	for _, ca := range more {
		config.Intermediates = append(config.Intermediates, ca.cert)
	}
	return config
}

func login(t testing.TB, config verify.Config, c card) (verify.Identity, error) {
	t.Helper()
	v, err := verify.New(config)
	require.NoError(t, err)
	return v.Token(t.Context(), c.token(t), origin, nonce)
}

// attributes builds subjectDirectoryAttributes from type/value pairs; a value is a string (UTF8String) or an OID.
func attributes(t testing.TB, pairs ...any) func(*x509.Certificate) {
	t.Helper()
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	var list []attribute
	for i := 0; i < len(pairs); i += 2 {
		der, err := asn1.Marshal(pairs[i+1])
		if text, ok := pairs[i+1].(string); ok {
			der, err = asn1.MarshalWithParams(text, "utf8")
		}
		require.NoError(t, err)
		list = append(list, attribute{pairs[i].(asn1.ObjectIdentifier), []asn1.RawValue{{FullBytes: der}}})
	}
	value, err := asn1.Marshal(list)
	require.NoError(t, err)
	return rawAttributes(value)
}

func rawAttributes(value []byte) func(*x509.Certificate) {
	return func(cert *x509.Certificate) {
		cert.ExtraExtensions = append(cert.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 9}, Value: value})
	}
}

// gpki gives an OID below 2.16.886.1.100.
func gpki(arcs ...int) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier{2, 16, 886, 1, 100}, arcs...)
}
