package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func load(t *testing.T, text string) *Policy {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Load(path)
}

func TestZeroGrantPermitsNothing(t *testing.T) {
	for _, op := range []string{"", Authenticate, Certificates} {
		require.False(t, Grant{}.Permits(op))
	}
	require.False(t, Grant{}.PINFromPage())
}

func TestBuiltIn(t *testing.T) {
	p := Load(filepath.Join(t.TempDir(), "none.json"))
	require.Equal(t, BuiltIn, p.Source())
	require.NoError(t, p.Err())
	g, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.NoError(t, err)
	require.True(t, g.Permits(Authenticate))
	require.False(t, g.Permits(Certificates), "a grant is for one operation")
	require.False(t, g.PINFromPage())
	require.Equal(t, "https://moica.nat.gov.tw/", p.UnlockURL("citizen"))
}

func TestLookAlikesAreOtherOrigins(t *testing.T) {
	p := Load(filepath.Join(t.TempDir(), "none.json"))
	for _, origin := range []string{
		"http://ecpa.dgpa.gov.tw", "https://ecpa.dgpa.gov.tw:8443", "https://ecpa.dgpa.gov.tw/", "https://www.ecpa.dgpa.gov.tw",
		"https://ecpa.dgpa.gov.tw.example.org", "https://ECPA.dgpa.gov.tw", "https://xn--ecpa-9na.dgpa.gov.tw", "null", "", "file://",
		"https://ecpa.dgpa.gov.tw ", "https://еcpa.dgpa.gov.tw", "chrome-extension://abc",
	} {
		_, err := p.Admit(origin, Authenticate)
		require.ErrorIs(t, err, ErrOrigin, origin)
	}
}

func TestDocument(t *testing.T) {
	p := load(t, `{"portals":[{"origin":"https://hr.example.gov.tw","operations":["authenticate"],"pinFromPage":true,"cardKinds":["agency"]}],
		"modules":["/usr/lib/a.so"],"extensions":["abc"],"unlock":{"agency":"https://unlock.example.gov.tw/"},
		"deadlines":{"scan":20000}}`)
	require.NoError(t, p.Err())
	g, err := p.Admit("https://hr.example.gov.tw", Authenticate)
	require.NoError(t, err)
	require.True(t, g.PINFromPage())
	require.Equal(t, []string{"agency"}, g.CardKinds())
	_, err = p.Admit("https://hr.example.gov.tw", Certificates)
	require.ErrorIs(t, err, ErrOperation)
	_, err = p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.ErrorIs(t, err, ErrOrigin, "a document replaces the built-in portals")
	require.Equal(t, []string{"/usr/lib/a.so"}, p.Modules())
	require.Equal(t, "https://unlock.example.gov.tw/", p.UnlockURL("agency"))
	require.Equal(t, "https://moica.nat.gov.tw/", p.UnlockURL("citizen"))
	require.Equal(t, Deadlines{Scan: 20000}, p.Deadlines())
}

func TestWebEIDIsOffUnlessITSaysSo(t *testing.T) {
	p := load(t, `{"portals":[{"origin":"https://a.gov.tw","operations":["authenticate"],"webEID":true},
		{"origin":"https://b.gov.tw","operations":["authenticate"],"webEID":false},{"origin":"https://c.gov.tw","operations":["authenticate"]}]}`)
	require.NoError(t, p.Err())
	require.True(t, p.WebEID("https://a.gov.tw"))
	for _, origin := range []string{"https://b.gov.tw", "https://c.gov.tw", "https://d.gov.tw", "http://a.gov.tw", "https://a.gov.tw:8443", ""} {
		require.False(t, p.WebEID(origin), origin)
	}
	require.False(t, Load(filepath.Join(t.TempDir(), "none.json")).WebEID("https://ecpa.dgpa.gov.tw"), "built-in")
	require.False(t, load(t, `{"portals":[{"origin":"https://a.gov.tw","operations":[],"webEID":true}],"modules":["a"]}`).WebEID("https://a.gov.tw"), "not valid")
}

func TestBadDocumentsFailClosed(t *testing.T) {
	for name, text := range map[string]string{
		"webEID as a word":       `{"portals":[{"origin":"https://a.gov.tw","operations":[],"webEID":"yes"}]}`,
		"webEID in another case": `{"portals":[{"origin":"https://a.gov.tw","operations":[],"webEid":true}]}`,
		"not JSON":               `{`,
		"empty":                  ``,
		"unknown member":         `{"portal":[]}`,
		"differently cased":      `{"Portals":[]}`,
		"twice a member":         `{"portals":[],"portals":[]}`,
		"unknown card kind":      `{"portals":[{"origin":"https://a.gov.tw","operations":[],"cardKinds":["citzen"]}]}`,
		"unknown operation":      `{"portals":[{"origin":"https://a.gov.tw","operations":["unlock"]}]}`,
		"path behind":            `{"portals":[{"origin":"https://a.gov.tw/","operations":["authenticate"]}]}`,
		"default port":           `{"portals":[{"origin":"https://a.gov.tw:443","operations":["authenticate"]}]}`,
		"upper case":             `{"portals":[{"origin":"https://A.gov.tw","operations":["authenticate"]}]}`,
		"plain http":             `{"portals":[{"origin":"http://a.gov.tw","operations":["authenticate"]}]}`,
		"wildcard scheme":        `{"portals":[{"origin":"*","operations":["authenticate"]}]}`,
		"an origin twice":        `{"portals":[{"origin":"https://a.gov.tw","operations":[]},{"origin":"https://a.gov.tw","operations":[]}]}`,
		"relative module":        `{"modules":["opensc-pkcs11.so"]}`,
		"dotted module":          `{"modules":["/usr/lib/../tmp/x.so"]}`,
		"script as link":         `{"unlock":{"citizen":"javascript:alert(1)"}}`,
		"hasty deadline":         `{"deadlines":{"sign":99}}`,
		"endless deadline":       `{"deadlines":{"login":120001}}`,
		"negative deadline":      `{"deadlines":{"reset":-1}}`,
		"too large":              `{"portals":[]` + strings.Repeat(" ", maxBytes) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, text)
			require.ErrorContains(t, p.Err(), "policy.json")
			_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
			require.ErrorIs(t, err, ErrInvalid)
			_, _, err = p.Operations("https://a.gov.tw")
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, p.Modules())
		})
	}
}

func TestALinkThatLeadsNowhereFailsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.Symlink(path+".gone", path))
	_, err := Load(path).Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestOthersMayNotWriteTheDocument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(`{}`), 0o644))
	require.NoError(t, os.Chmod(path, 0o666))
	require.ErrorContains(t, Load(path).Err(), "chmod go-w")
	require.ErrorContains(t, Load(t.TempDir()).Err(), "regular file")
}

func TestAReleaseHasNoLoopbackGrant(t *testing.T) {
	p := Load(filepath.Join(t.TempDir(), "none.json"))
	_, err := p.Admit("http://127.0.0.1:8080", Authenticate)
	if _, dev := devPortal("http://127.0.0.1:8080"); dev {
		require.NoError(t, err)
		_, err = p.Admit("http://127.0.0.1:8080.example.org", Authenticate)
	}
	require.ErrorIs(t, err, ErrOrigin)
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"portals":[{"origin":"https://a.gov.tw","operations":["authenticate"]}]}`)
	f.Add(`{"modules":["/a"],"unlock":{"citizen":"https://a/"}}`)
	f.Fuzz(func(t *testing.T, in string) {
		doc, err := decode(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, p := range doc.Portals {
			require.NoError(t, checkOrigin(p.Origin))
		}
	})
}
