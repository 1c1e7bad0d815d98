package operation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// issuedBy is a certificate whose issuer (here its subject too) has that name.
func issuedBy(t *testing.T, name pkix.Name) token.Certificate {
	t.Helper()
	return token.Certificate{X509: certificate(t, func(c *x509.Certificate) { c.Subject = name }), Pad: true}
}

func TestIssuersAreComparedAsTheyAreShown(t *testing.T) {
	ou := issuedBy(t, pkix.Name{Organization: []string{"行政院"}, OrganizationalUnit: []string{"內政部憑證管理中心"}})
	only := func(names ...string) filter { return filter{issuers: names} }
	for name, c := range map[string]struct {
		card token.Certificate
		only filter
		want string
	}{
		"none named":       {ou, only(), ""},
		"the unit":         {ou, only("x", "內政部憑證管理中心"), ""},
		"its organisation": {ou, only("行政院"), reasonIssuer},
		"a part of it":     {ou, only("內政部憑證管理"), reasonIssuer},
		"more than it":     {ou, only("內政部憑證管理中心 - G2"), reasonIssuer},
		"a common name goes before": {issuedBy(t, pkix.Name{CommonName: "Example CA", OrganizationalUnit: []string{"內政部憑證管理中心"}}),
			only("內政部憑證管理中心"), reasonIssuer},
		"hidden marks are not compared, as they are not shown": {issuedBy(t, pkix.Name{CommonName: "Example\u200b CA"}), only("Example CA"), ""},
		"the kind goes before":                                 {ou, filter{kinds: []string{"agency"}, issuers: []string{"x"}}, reasonKind},
	} {
		got := describe(c.card, now, c.only)
		require.Equal(t, c.want, got.Reason, name)
		require.Equal(t, c.want == "", got.Usable, name)
	}
}

func TestReadersWithoutKeys(t *testing.T) {
	with := issuedBy(t, pkix.Name{CommonName: "x"})
	without := with
	without.Pad = false
	require.Empty(t, describe(with, now, filter{padOnly: true}).Reason)
	require.Empty(t, describe(without, now, filter{}).Reason)
	require.Equal(t, reasonNoPad, describe(without, now, filter{padOnly: true}).Reason)
	old := without
	old.X509 = certificate(t, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, -1, 0) })
	require.Equal(t, "expired", describe(old, now, filter{padOnly: true}).Reason, "another reader would not help")
}

// Of several cards that are in the wrong place or the wrong ones, the person is told what takes the least.
func TestWhatToTellOfBarredCards(t *testing.T) {
	list := func(reasons ...string) (l []found) {
		for _, r := range reasons {
			l = append(l, found{shown: protocol.Certificate{Reason: r}})
		}
		return l
	}
	for want, reasons := range map[protocol.Code][]string{
		"":                      {"expired", "ca"},
		protocol.WrongCard:      {"expired", reasonIssuer, reasonKind},
		protocol.WrongIssuer:    {"ca", reasonIssuer},
		protocol.PINPadRequired: {reasonKind, reasonIssuer, reasonNoPad},
	} {
		require.Equal(t, want, barred(list(reasons...)))
	}
}
