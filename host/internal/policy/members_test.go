package policy

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMembersOfIT(t *testing.T) {
	p := load(t, `{"language":"en","audit":false,
		"portals":[{"origin":"https://a.gov.tw","operations":["authenticate"],"issuers":["內政部憑證管理中心"],"pinSource":"pad"},
			{"origin":"https://b.gov.tw","operations":["authenticate"],"pinSource":"any"}],
		"install":{"module":"https://a.gov.tw/hicos"},"helpDesk":{"text":"分機 1234","phone":"02-2345-6789"},
		"log":{"level":"debug","folder":"/var/log/cardbridge","maxMegabytes":7}}`)
	require.NoError(t, p.Err())
	g, err := p.Admit("https://a.gov.tw", Authenticate)
	require.NoError(t, err)
	require.True(t, g.PadOnly())
	require.Equal(t, []string{"內政部憑證管理中心"}, g.Issuers())
	g, err = p.Admit("https://b.gov.tw", Authenticate)
	require.NoError(t, err)
	require.False(t, g.PadOnly())
	require.Empty(t, g.Issuers())
	require.Equal(t, "en", p.Language())
	require.False(t, p.Audit())
	require.Equal(t, Install{Module: "https://a.gov.tw/hicos"}, p.Install())
	require.Equal(t, HelpDesk{Text: "分機 1234", Phone: "02-2345-6789"}, p.HelpDesk())
	require.Equal(t, Log{Level: "debug", Folder: "/var/log/cardbridge", MaxMegabytes: 7}, p.Log())
}

func TestTheMembersThatNobodyWrote(t *testing.T) {
	for name, p := range map[string]*Policy{
		"no file":   Load(filepath.Join(t.TempDir(), "none.json")),
		"empty":     load(t, `{}`),
		"not valid": load(t, `{"audit":false,"language":"en","helpDesk":{"text":"x"},"portal":[]}`),
	} {
		require.True(t, p.Audit(), "%s: who breaks the file must not end the audit", name)
		require.Empty(t, p.Language(), name)
		require.Zero(t, p.Install(), name)
		require.Zero(t, p.HelpDesk(), name)
		require.Zero(t, p.Log(), name)
	}
}

// The order is a decision of IT's: of two modules that show one card, the first one is used.
func TestModulesKeepTheirOrder(t *testing.T) {
	p := load(t, `{"modules":["/opt/z.so","/opt/a.so","/usr/lib/m.so"]}`)
	require.NoError(t, p.Err())
	require.Equal(t, []string{"/opt/z.so", "/opt/a.so", "/usr/lib/m.so"}, p.Modules())
}
