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
		"modules":["/usr/lib/a.so"],"extensions":["abcdefghijklmnopabcdefghijklmnop"],"unlock":{"agency":"https://unlock.example.gov.tw/"},
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
	for _, text := range validDocuments {
		f.Add(text)
	}
	for _, bad := range badDocuments {
		f.Add(bad.text[:min(len(bad.text), 1000)])
	}
	f.Fuzz(func(t *testing.T, in string) {
		doc, bad := decode(strings.NewReader(in))
		if bad != nil {
			require.Contains(t, faults, bad.Code)
			require.NotRegexp(t, `[\x00-\x1f\x7f]`, bad.Error(), "a terminal gets no control character")
			return
		}
		for _, p := range doc.Portals {
			require.True(t, validOrigin(p.Origin))
		}
	})
}
