package operation

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
	"github.com/cardbridge/cardbridge/signature/cms"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func certificate(t testing.TB, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "王小明", SerialNumber: "0000000000000001"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func TestTheTableIsSorted(t *testing.T) {
	require.True(t, slices.IsSortedFunc(Table, func(a, b Operation) int { return strings.Compare(a.Method, b.Method) }))
	for _, op := range Table {
		found, ok := Find(op.Method)
		require.True(t, ok)
		require.Equal(t, op.Method, found.Method)
	}
	_, ok := Find("unlock")
	require.False(t, ok)
}

// The grant is checked where it is used too: an operation called with another's, or with the zero Grant, does nothing.
func TestNoOperationWithoutItsGrant(t *testing.T) {
	p := policy.Load(t.TempDir() + "/none")
	other, err := p.Admit("https://ecpa.dgpa.gov.tw", policy.Certificates)
	require.NoError(t, err)
	for _, g := range []policy.Grant{{}, other} {
		op, _ := Find(protocol.MethodAuthenticate)
		_, err := op.Do(context.Background(), &Room{}, &Call{Grant: g}, protocol.AuthenticateParams{})
		require.ErrorIs(t, err, policy.ErrOperation)
	}
}

func TestUnusable(t *testing.T) {
	for want, change := range map[string]func(*x509.Certificate){
		"":               nil,
		"expired":        func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) },
		"notYetValid":    func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) },
		"encryptionOnly": func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment },
		"otherPurpose":   func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} },
	} {
		require.Equal(t, want, unusable(token.Certificate{X509: certificate(t, change)}, now, filter{}), want)
	}
	clientAuth := certificate(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	require.Empty(t, unusable(token.Certificate{X509: clientAuth}, now, filter{}))
	unknown := certificate(t, func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}} })
	require.Equal(t, "otherPurpose", unusable(token.Certificate{X509: unknown}, now, filter{}))
	require.Equal(t, "wrongKind", unusable(token.Certificate{X509: certificate(t, nil)}, now, filter{kinds: []string{"agency"}}))
}

func subjectTypeExtension(t testing.TB, oid asn1.ObjectIdentifier) pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(oid)
	require.NoError(t, err)
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
	der, err := asn1.Marshal([]attribute{{subjectTypeAttribute, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: value}}})
	require.NoError(t, err)
	return pkix.Extension{Id: subjectDirectoryAttributes, Value: der}
}

func TestKind(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		change func(*x509.Certificate)
	}{
		"by issuer": {"agency", func(c *x509.Certificate) {
			c.Subject = pkix.Name{OrganizationalUnit: []string{"政府憑證管理中心"}}
		}},
		"test issuer": {"test", func(c *x509.Certificate) {
			c.Subject = pkix.Name{OrganizationalUnit: []string{"政府測試憑證管理中心"}}
		}},
		"by subject type": {"citizen", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{subjectTypeExtension(t, asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 1, 1})}
		}},
		"unknown": {"other", nil},
		"malformed": {"other", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: subjectDirectoryAttributes, Value: []byte{0x30, 0x80}}}
		}},
		"of another shape": {"other", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: subjectDirectoryAttributes, Value: []byte{0x30, 0}}}
		}},
	} {
		require.Equal(t, c.want, kindOf(certificate(t, c.change)), name)
	}
}

// Names in certificates are hostile: what turns or hides text is taken out, the rest is bounded.
func TestClean(t *testing.T) {
	require.Equal(t, "王小明", clean("王\u202e小\u200b明\x00\n"))
	require.Equal(t, "<b>", clean("<b>"), "escaping is the window's work")
	require.Equal(t, "a\uFFFDb", clean("a\xffb"))
	require.LessOrEqual(t, len([]rune(clean(strings.Repeat("長", 5000)))), 201)
}

func TestFilters(t *testing.T) {
	require.Empty(t, intersect(nil, nil))
	require.Equal(t, []string{"citizen"}, intersect(nil, []string{"citizen"}))
	require.Equal(t, []string{"agency"}, intersect([]string{"agency", "citizen"}, []string{"agency"}))
	none := intersect([]string{"agency"}, []string{"citizen"})
	require.NotEmpty(t, none, "no kind allowed is not every kind allowed")
	require.Equal(t, "wrongKind", unusable(token.Certificate{X509: certificate(t, nil)}, now, filter{kinds: none}))
}

func TestSortOut(t *testing.T) {
	inv := token.Inventory{Certificates: []token.Certificate{
		{X509: certificate(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), Reader: "a"},
		{X509: certificate(t, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), Reader: "a"},
		{X509: certificate(t, nil), Reader: "b\u202e"},
	}}
	list := sortOut(inv, now, filter{})
	require.Len(t, list, 3, "none is dropped")
	require.True(t, list[0].shown.Usable, "usable ones first")
	require.Equal(t, "b", list[0].shown.Reader)
	require.Equal(t, "0000000000000001", list[0].shown.SerialNumber)
	require.Equal(t, "P-256", list[0].shown.KeyType)
	require.Equal(t, "encryptionOnly", list[1].shown.Reason)
	require.Equal(t, "ca", list[2].shown.Reason, "the issuers' own last")
}

// What the person can act on: another card than the named one, unless that one is there, or none here could be used anyway.
func TestAnotherCertificateThanTheNamedOne(t *testing.T) {
	fine := token.Certificate{X509: certificate(t, nil)}
	old := token.Certificate{X509: certificate(t, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, -1, 0) })}
	named := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		wish string
		list []token.Certificate
		want protocol.Code
	}{
		"another":                 {named, []token.Certificate{fine}, protocol.OtherCertificate},
		"another, and an old one": {named, []token.Certificate{old, fine}, protocol.OtherCertificate},
		"an old one":              {named, []token.Certificate{old}, protocol.NoUsableCertificate},
		"the named one is old":    {old.ID(), []token.Certificate{old, fine}, protocol.NoUsableCertificate},
		"none was named":          {"", []token.Certificate{old}, protocol.NoUsableCertificate},
	} {
		inv := token.Inventory{Certificates: c.list}
		l := &signing{wish: wish{certificate: c.wish}}
		require.Equal(t, c.want, l.reason(inv, sortOut(inv, now, filter{})), name)
	}
}

func TestProblems(t *testing.T) {
	codes := func(inv token.Inventory) (list []protocol.Code) {
		for _, p := range problems(inv) {
			list = append(list, p.Code)
		}
		return list
	}
	reader := func(state token.ReaderState) token.View {
		return token.View{Readers: []token.Reader{{Name: "r", State: state}}}
	}
	for want, inv := range map[protocol.Code]token.Inventory{
		protocol.NoReader:          {Modules: 1},
		protocol.NoCard:            {Modules: 1, View: reader(token.ReaderEmpty)},
		protocol.CardBusy:          {Modules: 1, View: reader(token.ReaderInUse)},
		protocol.CardNotRecognised: {Modules: 1, View: reader(token.ReaderMute), Unrecognised: []string{"r"}},
		protocol.PCSCNotRunning:    {Modules: 1, View: token.View{Service: token.ServiceNotRunning}},
		protocol.PCSCMissing:       {Modules: 1, View: token.View{Service: token.ServiceMissing}},
		protocol.ModuleFailed:      {Modules: 1, View: reader(token.ReaderPresent), Failures: []*token.ModuleError{{Reason: token.ModuleFailed}}},
		protocol.ModuleTimeout:     {Modules: 1, View: reader(token.ReaderPresent), Failures: []*token.ModuleError{{Reason: token.ModuleTimeout}}},
	} {
		require.Equal(t, []protocol.Code{want}, codes(inv), want)
		require.Equal(t, want, (&signing{}).reason(inv, nil))
	}
	require.Contains(t, codes(token.Inventory{View: reader(token.ReaderPresent)}), protocol.NoModule)
}

// A token without a number that fits is told before any PIN.
func TestACardWithoutANumber(t *testing.T) {
	content := []byte("x")
	b := &batch{room: &Room{Now: func() time.Time { return now }}, call: &Call{}, scheme: cms.Scheme{Hash: crypto.SHA256},
		params: protocol.SignParams{CardNumber: true, Documents: []protocol.Document{{Title: "x", Content: &content}}}}
	_, err := b.statement(found{card: token.Certificate{X509: certificate(t, nil)}})
	require.ErrorIs(t, err, &protocol.Error{Code: protocol.CardNumberMissing})
}

func FuzzSubjectType(f *testing.F) {
	f.Add(subjectTypeExtension(f, asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 1, 1}).Value)
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, der []byte) {
		_ = kindOf(&x509.Certificate{Extensions: []pkix.Extension{{Id: subjectDirectoryAttributes, Value: der}}})
	})
}
