package wine

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	userLevel = "NativeMessagingUserLevelHosts"
	denied    = "dword:00000000"
	storage   = `3rdparty\extensions\` + ownID + `\policy`
	itsID     = "ponmlkjihgfedcbaponmlkjihgfedcba" // of IT's own packing
	otherID   = "aaaabbbbccccddddeeeeffffgggghhhh" // of an extension that is none of ours
)

// forced has all policies of a browser be there, or none. Whether hosts of a person's own count is asked beside.
func forced(t *testing.T, lists, id string) {
	t.Helper()
	require.Equal(t, id+";"+updateURL, value(t, lists+"ExtensionInstallForcelist", "88140"))
	require.Equal(t, "tw.cardbridge.host", value(t, lists+"NativeMessagingAllowlist", "88140"))
	text, err := os.ReadFile("../../installer/windows/testdata/settings.json")
	require.NoError(t, err)
	var settings struct {
		Language   string
		InstallURL string
		HelpDesk   json.RawMessage
	}
	require.NoError(t, json.Unmarshal(text, &settings))
	key := lists + `3rdparty\extensions\` + id + `\policy`
	require.Equal(t, settings.Language, value(t, key, "language"))
	require.Equal(t, settings.InstallURL, value(t, key, "installURL"))
	require.JSONEq(t, string(settings.HelpDesk), value(t, key, "helpDesk"))
}

func notForced(t *testing.T, lists string) {
	t.Helper()
	require.Empty(t, value(t, lists+"ExtensionInstallForcelist", "88140"))
	require.Empty(t, value(t, lists+"NativeMessagingAllowlist", "88140"))
	for _, name := range []string{"language", "installURL", "helpDesk"} {
		require.Empty(t, value(t, lists+storage, name))
	}
}

// An administrator's values lie beside ours from the beginning: what is set back or removed is ours alone.
func TestWhatIsNotWishedForAnyMoreGoes(t *testing.T) {
	withInstaller(t)
	administrator := [][]string{
		{chromeLists + "ExtensionInstallForcelist", "/v", "1", "/t", "REG_SZ", "/d", otherID + ";" + updateURL},
		{chromeLists + `3rdparty\extensions\` + otherID + `\policy`, "/v", "language", "/t", "REG_SZ", "/d", "en"},
		{edgeLists[:len(edgeLists)-1], "/v", userLevel, "/t", "REG_DWORD", "/d", "0"},
		{keys(t)["brave"], "/ve", "/t", "REG_SZ", "/d", `C:\other\tw.cardbridge.host.json`},
	}
	for _, words := range administrator {
		reg(t, append(append([]string{"add"}, words...), "/f")...)
	}
	defer func() {
		for _, root := range []string{`HKLM\SOFTWARE\Policies\Google`, `HKLM\SOFTWARE\Policies\Microsoft`, `HKLM\Software\BraveSoftware`} {
			reg(t, "delete", root, "/f")
		}
	}()
	before := state(t)

	install(t, "1.0.0", "INSTALL_SERVICE=0", "FORCE_EXTENSION=1", "BROWSERS=chrome,edge,firefox")
	forced(t, chromeLists, ownID)
	forced(t, edgeLists, ownID)
	require.Equal(t, denied, value(t, chromeLists[:len(chromeLists)-1], userLevel))

	install(t, "1.0.0", "REINSTALL=ALL", "BROWSERS=chrome,firefox")
	forced(t, chromeLists, ownID)
	notForced(t, edgeLists)
	require.Empty(t, value(t, keys(t)["edge"], "@"))
	require.Equal(t, denied, value(t, edgeLists[:len(edgeLists)-1], userLevel), "it was there before us")

	install(t, "1.0.0", "REINSTALL=ALL", "FORCE_EXTENSION=0")
	notForced(t, chromeLists)
	require.Empty(t, value(t, chromeLists[:len(chromeLists)-1], userLevel))
	require.Equal(t, program100, hostOf(t, keys(t)["chrome"]))

	install(t, "1.0.0", "REINSTALL=ALL", "FORCE_EXTENSION=1")
	forced(t, chromeLists, ownID)
	require.Equal(t, denied, value(t, chromeLists[:len(chromeLists)-1], userLevel))

	install(t, "1.1.0", "EXTENSION_ID="+itsID, "UPDATE_URL="+updateURL)
	forced(t, chromeLists, itsID)
	require.Empty(t, value(t, chromeLists+storage, "language"), "of the extension before")
	require.Equal(t, denied, value(t, chromeLists[:len(chromeLists)-1], userLevel), "it stays ours")

	install(t, "1.1.0", "REINSTALL=ALL", "FORCE_EXTENSION=0", "BROWSERS=firefox")
	notForced(t, chromeLists)
	require.Empty(t, value(t, keys(t)["chrome"], "@"))
	require.Equal(t, program110, hostOf(t, keys(t)["firefox"]))
	for _, words := range administrator[2:] {
		require.NotEmpty(t, value(t, words[0], map[string]string{"/v": userLevel, "/ve": "@"}[words[1]]))
	}
	uninstall(t, "1.1.0")
	require.NoError(t, os.RemoveAll(inWindows(`C:\ProgramData\CardBridge`)))
	after := state(t)
	require.Empty(t, without(after, before), "left behind")
	require.Empty(t, without(before, after), "taken along")
}

// What an administrator says after us counts as what was said before.
func TestAnAdministratorsLaterWordStays(t *testing.T) {
	withInstaller(t)
	const allowed = "dword:00000001"
	chrome, edge := chromeLists[:len(chromeLists)-1], edgeLists[:len(edgeLists)-1]
	defer reg(t, "delete", `HKLM\SOFTWARE\Policies\Google`, "/f")
	install(t, "1.0.0", "INSTALL_SERVICE=0", "FORCE_EXTENSION=1")
	for _, lists := range []string{chrome, edge} {
		require.Equal(t, denied, value(t, lists, userLevel))
	}
	reg(t, "add", chrome, "/v", userLevel, "/t", "REG_DWORD", "/d", "1", "/f")
	says := func(edges string) {
		t.Helper()
		require.Equal(t, allowed, value(t, chrome, userLevel))
		require.Equal(t, edges, value(t, edge, userLevel))
	}
	install(t, "1.0.0", "REINSTALL=ALL", "REINSTALLMODE=amus")
	says(denied)
	require.Empty(t, value(t, `HKLM\Software\CardBridge\Setup`, userLevel+".chrome"), "it is ours no more")
	install(t, "1.1.0")
	says(denied)
	install(t, "1.1.0", "REINSTALL=ALL", "FORCE_EXTENSION=0")
	says("")
	install(t, "1.1.0", "REINSTALL=ALL", "FORCE_EXTENSION=1")
	says(denied)
	uninstall(t, "1.1.0")
	says("")
	require.Empty(t, value(t, `HKLM\Software\CardBridge\Setup`, userLevel+".edge"))
}

// What an installation cannot have noted is told in both languages, changes nothing.
func TestANoteThatIsNone(t *testing.T) {
	for _, note := range []string{"1", "2|,chrome,||", "1|,chrome,|mine|", `1|,chrome,|` + ownID + `|language|more`} {
		for _, flag := range []string{"--before=", "--now="} {
			printed, err := program(installed, "setup", "tidy", flag+note)
			require.Error(t, err, note)
			require.Contains(t, printed, "請重新安裝", note)
			require.Contains(t, printed, "install again", note)
		}
	}
	printed, err := program(installed, "setup", "tidy", "--folder=.")
	require.NoError(t, err, "the first installation: %s", printed)
}
