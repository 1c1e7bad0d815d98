package fleet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	chrome = strings.Repeat("a", 32)
	edge   = strings.Repeat("b", 32)
	own    = strings.Repeat("c", 32)
)

func TestEachBrowserInstallsFromWhereItCan(t *testing.T) {
	stores := Release{Chrome: chrome, Edge: edge}
	require.NoError(t, stores.Check())
	for browser, want := range map[string][2]string{"chrome": {chrome, chromeStore}, "edge": {edge, edgeStore}, "chromium": {chrome, chromeStore}, "brave": {chrome, chromeStore}} {
		m, err := stores.Chromium(browser, "tw.cardbridge.host")
		require.NoError(t, err)
		require.Equal(t, map[string]Rule{want[0]: {Mode: "force_installed", UpdateURL: want[1], ToolbarPin: "force_pinned"}}, m.ExtensionSettings)
		require.Equal(t, []string{"tw.cardbridge.host"}, m.HostAllowlist)
		require.Nil(t, m.ThirdParty)
	}
	m, err := Release{Chrome: chrome}.Chromium("edge", "tw.cardbridge.host")
	require.NoError(t, err)
	require.Contains(t, m.ExtensionSettings, chrome, "Edge takes from Chrome's store what is not in its own")

	packed := Release{Chrome: chrome, Edge: edge, Own: own, UpdateURL: "https://files.example.gov.tw/updates.xml", Settings: &Settings{Language: "zh-TW"}}
	require.NoError(t, packed.Check())
	m, err = packed.Chromium("edge", "tw.cardbridge.host")
	require.NoError(t, err)
	require.Equal(t, map[string]Rule{own: {Mode: "force_installed", UpdateURL: packed.UpdateURL, Override: true, ToolbarPin: "force_pinned"}}, m.ExtensionSettings)
	require.Equal(t, "zh-TW", m.ThirdParty.Extensions[own].Language)
}

func TestTheRegistryFileIsOneThatWindowsReads(t *testing.T) {
	r := Release{Own: own, UpdateURL: "https://files.example.gov.tw/updates.xml", Settings: &Settings{Language: "zh-TW", HelpDesk: &HelpDesk{Text: `資訊室 "A"`}}}
	raw, err := r.Registry("chrome", `SOFTWARE\Policies\Google\Chrome`, "tw.cardbridge.host")
	require.NoError(t, err)
	require.Equal(t, `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome]
"NativeMessagingUserLevelHosts"=dword:00000000

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome\ExtensionInstallForcelist]
"88140"="`+own+`;https://files.example.gov.tw/updates.xml"

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome\NativeMessagingAllowlist]
"88140"="tw.cardbridge.host"

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome\3rdparty\extensions\`+own+`\policy]
"language"="zh-TW"
"helpDesk"="{\"text\":\"資訊室 \\\"A\\\"\"}"
`, lines(t, raw))
}

func TestNothingToForceIsAnError(t *testing.T) {
	_, err := Release{Edge: edge}.Chromium("chrome", "tw.cardbridge.host")
	require.ErrorIs(t, err, ErrNothingToForce)
	_, err = Release{Chrome: chrome}.Firefox("cardbridge@cardbridge.tw")
	require.ErrorIs(t, err, ErrNothingToForce)
}

func TestWhatNoBrowserTakesIsRefused(t *testing.T) {
	for name, r := range map[string]Release{
		"a short id":          {Chrome: "abc"},
		"letters beyond p":    {Edge: strings.Repeat("z", 32)},
		"an own id alone":     {Own: own},
		"an update URL alone": {UpdateURL: "https://files.example.gov.tw/updates.xml"},
		"no address":          {FirefoxURL: "cardbridge.xpi"},
	} {
		require.Error(t, r.Check(), name)
	}
}
