package wine

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	policyFile  = `C:\ProgramData\CardBridge\policy.json`
	uninstalled = `HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall`
	chromeLists = `HKLM\SOFTWARE\Policies\Google\Chrome\`
	edgeLists   = `HKLM\SOFTWARE\Policies\Microsoft\Edge\`
)

// files are those of a version's folder, the same that the custom action of the removal knows (sweep).
var files = []string{"LICENSE.txt", "THIRD-PARTY-NOTICES.txt", "cardbridge.exe", "tw.cardbridge.host.firefox.json", "tw.cardbridge.host.json"}

// notBegun is what Wine logs of a launch condition that is not met; Windows says its text.
const notBegun = "LaunchConditions. Return value 0"

// there tells whether a file is in this Windows.
func there(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(inWindows(path))
	require.True(t, err == nil || os.IsNotExist(err), "%v", err)
	return err == nil
}

// file puts one beside the packages, gives its name in Windows.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(world, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return "Z:" + strings.ReplaceAll(path, "/", `\`)
}

// names are those in a folder, sorted.
func names(t *testing.T, path string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(inWindows(path))
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func registered(t *testing.T) string {
	t.Helper()
	printed, err := program("reg", "query", `HKLM\SYSTEM\CurrentControlSet\Services\cardbridge-agent`)
	if err != nil {
		return ""
	}
	return printed
}

func TestAnInstallationInSilence(t *testing.T) {
	withInstaller(t)
	before := state(t)
	install(t, "1.0.0", "FORCE_EXTENSION=1")
	for id, key := range keys(t) {
		require.Equal(t, program100, hostOf(t, key), id)
	}
	folder := strings.TrimSuffix(program100, `\cardbridge.exe`)
	require.Equal(t, files, names(t, folder))
	require.Contains(t, contents(t, folder+`\THIRD-PARTY-NOTICES.txt`), "\ngithub.com/Microsoft/go-winio@", "linked into the program for Windows alone")
	talks(t, hostOf(t, keys(t)["chrome"]))
	answers(t, program100, "1.0.0")
	for _, want := range []string{`"` + program100 + `" service run`, `NT AUTHORITY\LocalService`, "0x2"} {
		require.Contains(t, registered(t), want)
	}
	for _, lists := range []string{chromeLists, edgeLists} {
		require.Equal(t, ownID+";"+updateURL, value(t, lists+"ExtensionInstallForcelist", "88140"))
		require.Equal(t, "tw.cardbridge.host", value(t, lists+"NativeMessagingAllowlist", "88140"))
	}
	events, err := program("reg", "query", `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\CardBridge`)
	require.NoError(t, err, events)
	require.Regexp(t, `EventMessageFile\s+REG_EXPAND_SZ\s+%SystemRoot%\\System32\\EventCreate.exe`, events)
	listed, err := program("reg", "query", uninstalled, "/s")
	require.NoError(t, err, listed)
	require.Regexp(t, `DisplayVersion\s+REG_SZ\s+1\.0\.0\s`, listed)
	require.Regexp(t, `NoModify\s+REG_DWORD\s+0x1`, listed)
	require.Regexp(t, `HelpLink\s+REG_SZ\s+https://`, listed)

	for name, want := range map[string]string{"INSTALL_SERVICE": "1", "FORCE_EXTENSION": "1", "BROWSERS": "", "EXTENSION_ID": "", "UPDATE_URL": "", "Version": "1.0.0"} {
		require.Equal(t, want, value(t, `HKLM\Software\CardBridge\Setup`, name), "the next version has its own defaults: %s", name)
	}
	install(t, "1.0.0") // again: nothing changes
	answers(t, program100, "1.0.0")

	uninstall(t, "1.0.0")
	require.True(t, there(t, `C:\ProgramData\CardBridge\log`), "logs stay")
	require.NoError(t, os.RemoveAll(inWindows(`C:\ProgramData\CardBridge`)))
	after := state(t)
	require.Empty(t, without(after, before), "left behind")
	require.Empty(t, without(before, after), "taken along")
}

func TestAnUpgradeWhileTheOldProgramRuns(t *testing.T) {
	withInstaller(t)
	install(t, "1.0.0", "INSTALL_SERVICE=0", "BROWSERS=edge,firefox", "FORCE_EXTENSION=1", "UPDATE_URL=https://it.example.gov.tw/u.xml")
	require.Empty(t, registered(t))
	old := startHost(t, program100).greet()

	install(t, "1.1.0")
	require.NotNil(t, old.call("status", map[string]any{"origin": "https://ecpa.dgpa.gov.tw"}), "whoever uses the old program goes on")
	require.True(t, there(t, program100), "it starts itself anew for each card")
	require.Empty(t, registered(t), "the choice is kept")
	require.Equal(t, program110, hostOf(t, keys(t)["edge"]))
	require.Equal(t, program110, hostOf(t, keys(t)["firefox"]))
	require.Empty(t, value(t, keys(t)["chrome"], "@"), "the choice is kept")
	require.Equal(t, ownID+";https://it.example.gov.tw/u.xml", value(t, edgeLists+"ExtensionInstallForcelist", "88140"))
	talks(t, hostOf(t, keys(t)["edge"]))
	old.leave()

	install(t, "1.1.0", "REINSTALL=ALL", "INSTALL_SERVICE=1") // the choice is changed; the old program can go
	answers(t, program110, "1.1.0")
	require.False(t, there(t, folder100))
	install(t, "1.1.0", "REINSTALL=ALL", "INSTALL_SERVICE=0")
	gone(t)
	require.Empty(t, registered(t))
	uninstall(t, "1.1.0")
	require.False(t, there(t, `C:\Program Files\CardBridge`))
}

func TestAnUpgradeOfTheService(t *testing.T) {
	withInstaller(t)
	install(t, "1.0.0")
	answers(t, program100, "1.0.0")
	b := startHost(t, program100).greet()
	install(t, "1.1.0")
	require.Equal(t, 1, b.code(), "a relay ends with its agent; the extension starts the next host")
	answers(t, hostOf(t, keys(t)["chrome"]), "1.1.0")
	require.Contains(t, registered(t), `"`+program110+`" service run`)
}

// Another program at the agent's pipe: the service does not stay, the installation does.
func TestAnImpostorKeepsNobodyFromInstalling(t *testing.T) {
	withInstaller(t)
	printed, kill := impostor(t)
	install(t, "1.0.0")
	gone(t)
	talks(t, hostOf(t, keys(t)["chrome"]))
	require.NotRegexp(t, "told [^0]", printed())
	kill()
	install(t, "1.0.0", "REINSTALL=ALL")
	answers(t, program100, "1.0.0")
}

func TestADowngradeIsRefused(t *testing.T) {
	withInstaller(t)
	install(t, "1.1.0")
	notInstalled(t, notBegun, "1.0.0")
	require.False(t, there(t, program100))
	answers(t, hostOf(t, keys(t)["chrome"]), "1.1.0")
}

func TestARepair(t *testing.T) {
	withInstaller(t)
	install(t, "1.0.0", "INSTALL_SERVICE=0")
	manifest := inWindows(value(t, keys(t)["chrome"], "@"))
	require.NoError(t, os.Remove(manifest))
	whole, err := os.ReadFile(inWindows(program100))
	require.NoError(t, err)
	printed, err := program("reg", "delete", keys(t)["edge"], "/f")
	require.NoError(t, err, printed)
	for _, damage := range []func() error{ // what is left starts, or does not, or is none
		func() error { return os.WriteFile(inWindows(program100), whole[:len(whole)/2], 0o755) },
		func() error { return os.WriteFile(inWindows(program100), []byte("no program"), 0o755) },
		func() error { return os.Remove(inWindows(program100)) },
	} {
		require.NoError(t, damage())
		install(t, "1.0.0", "REINSTALL=ALL", "REINSTALLMODE=amus")
		repaired, err := os.ReadFile(inWindows(program100))
		require.NoError(t, err)
		require.True(t, string(whole) == string(repaired), "the program is another")
	}
	for _, key := range keys(t) {
		require.Equal(t, program100, hostOf(t, key))
	}
	require.Empty(t, registered(t), "the choice is kept")
}

// What is installed serves on as it did when a change of it is refused.
func TestARefusedChange(t *testing.T) {
	withInstaller(t)
	install(t, "1.0.0", "EXTENSION_ID="+itsID)
	answers(t, program100, "1.0.0")
	manifest := value(t, keys(t)["chrome"], "@")
	before, serving := contents(t, manifest), agents(t)
	require.Contains(t, before, itsID)
	require.Len(t, serving, 1)
	for property, words := range map[string]string{`POLICY=Z:\none\nope.json`: "(unreadable)", "BROWSERS=lynx": `cannot be "lynx"`} {
		notInstalled(t, words, "1.0.0", "REINSTALL=ALL", "REINSTALLMODE=amus", property)
		require.Equal(t, before, contents(t, manifest))
		require.Equal(t, serving, agents(t), "the service was stopped")
	}
	talks(t, hostOf(t, keys(t)["chrome"]))
}

func TestThePolicyOfAnInstallation(t *testing.T) {
	withInstaller(t)
	const good, other = `{"portals": [], "extensions": ["ponmlkjihgfedcbaponmlkjihgfedcba"]}`, `{"portals": []}`
	bad := "POLICY=" + file(t, "bad.json", `{"portals": [}`)
	notInstalled(t, "(syntax)", "1.0.0", bad)
	require.False(t, there(t, `C:\Program Files\CardBridge`), "it is taken back")
	require.False(t, there(t, policyFile))

	install(t, "1.0.0", "INSTALL_SERVICE=0", "POLICY="+file(t, "good policy.json", good))
	require.Equal(t, good, contents(t, policyFile))
	notInstalled(t, "(syntax)", "1.1.0", bad)
	require.Equal(t, program100, hostOf(t, keys(t)["chrome"]), "the old version is untouched")
	require.Equal(t, good, contents(t, policyFile))
	talksNot(t, program100)

	install(t, "1.1.0") // without POLICY what is there stays
	require.Equal(t, good, contents(t, policyFile))
	install(t, "1.1.0", "REINSTALL=ALL", "POLICY="+file(t, "other.json", other))
	require.Equal(t, other, contents(t, policyFile))
	uninstall(t, "1.1.0")
	require.Equal(t, other, contents(t, policyFile), "it is the administrator's")
	left, err := filepath.Glob(inWindows(`C:\ProgramData\CardBridge\*`))
	require.NoError(t, err)
	require.Len(t, left, 2, "%v", left) // policy, log
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(inWindows(path))
	require.NoError(t, err)
	return string(text)
}

// talksNot: the host answers, permits nothing. Under Wine no file belongs to an administrator, so that no policy is taken.
func talksNot(t *testing.T, host string) {
	t.Helper()
	b := startHost(t, host).greet()
	require.Equal(t, false, b.call("status", map[string]any{"origin": "https://ecpa.dgpa.gov.tw"})["allowed"])
	b.leave()
}

func TestWrongPropertiesAreRefused(t *testing.T) {
	withInstaller(t)
	for property, words := range map[string]string{
		"INSTALL_SERVICE=2":                       notBegun,
		"FORCE_EXTENSION=yes":                     notBegun,
		"FORCE_EXTENSION=1 EXTENSION_ID=" + itsID: notBegun,
		"BROWSERS=chrome,lynx":                    `BROWSERS cannot be "lynx"`,
		"EXTENSION_ID=mine":                       `EXTENSION_ID cannot be "mine"`,
		"POLICY=policy.json":                      "an absolute path",
	} {
		notInstalled(t, words, "1.0.0", strings.Fields(property)...)
		require.False(t, there(t, `C:\Program Files\CardBridge`), property)
		require.Empty(t, registered(t), property)
		require.Empty(t, value(t, keys(t)["chrome"], "@"), property)
	}
}

// Where anybody may write, a program of theirs may lie already: what runs as the system does not come to lie there.
func TestAFolderOutsideOfProgramFiles(t *testing.T) {
	withInstaller(t)
	theirs := inWindows(strings.Replace(program100, `C:\Program Files\CardBridge`, `C:\Apps\CB`, 1))
	require.NoError(t, os.MkdirAll(filepath.Dir(theirs), 0o755))
	require.NoError(t, os.WriteFile(theirs, []byte("of somebody"), 0o755))
	defer os.RemoveAll(inWindows(`C:\Apps`))
	before := state(t)
	for _, folder := range []string{`C:\Apps\CB`, `C:\`, `C:\Program Files`, `C:\Program Files\`, `C:\Program Files\\Apps`, `C:\Program Files\..\Apps\CB`, `C:\Program Files (x86)\CB`, `C:\Program Filesystem`, `Apps`} {
		notInstalled(t, notBegun, "1.0.0", "INSTALLDIR="+folder)
	}
	after := state(t)
	require.Empty(t, without(after, before), "left behind")
	require.Empty(t, without(before, after), "taken along")
	require.Equal(t, "of somebody", contents(t, strings.Replace(program100, `C:\Program Files\CardBridge`, `C:\Apps\CB`, 1)))
	install(t, "1.0.0", "INSTALL_SERVICE=0", `INSTALLDIR=c:\program files\CB`)
	require.Equal(t, files, names(t, strings.Replace(folder100, "CardBridge", "CB", 1)))
	uninstall(t, "1.0.0")
	require.False(t, there(t, `C:\Program Files\CB`))
}

// A folder with spaces and Chinese, an extension of IT's own packing: the next version takes over both.
func TestAFolderOfOnesOwn(t *testing.T) {
	withInstaller(t)
	const parent = `C:\Program Files\公務 程式`
	const folder, id = parent + `\憑證 通`, "ponmlkjihgfedcbaponmlkjihgfedcba"
	defer os.RemoveAll(inWindows(parent)) // it was not ours to remove
	install(t, "1.0.0", "INSTALLDIR="+folder, "EXTENSION_ID="+id)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		host := hostOf(t, keys(t)["chrome"])
		require.Regexp(t, "^"+regexp.QuoteMeta(folder+`\`+version)+`\.\d+\\cardbridge\.exe$`, host)
		require.Contains(t, contents(t, strings.TrimSuffix(host, "cardbridge.exe")+"tw.cardbridge.host.json"), "chrome-extension://"+id+"/")
		talks(t, host)
		answers(t, host, version)
		install(t, "1.1.0")
	}
	uninstall(t, "1.1.0")
	require.False(t, there(t, folder))
}

// Who is no administrator registers the program for themselves.
func TestAPersonsOwnRegistration(t *testing.T) {
	withInstaller(t)
	const own, key = `C:\personal\cardbridge.exe`, `HKCU\Software\Mozilla\NativeMessagingHosts\tw.cardbridge.host`
	require.NoError(t, put("cardbridge.exe", own))
	printed, err := program(own, "register", "--browser=firefox")
	require.NoError(t, err, printed)
	file := value(t, key, "@")
	require.Contains(t, contents(t, file), `personal`)
	require.Empty(t, value(t, keys(t)["firefox"], "@"), "only for this person")
	reg(t, "add", chromeLists+"ExtensionInstallForcelist", "/v", "88140", "/t", "REG_SZ", "/d", "by hand", "/f") // as dist/browser-policies does
	defer reg(t, "delete", `HKLM\SOFTWARE\Policies\Google`, "/f")
	install(t, "1.0.0", "INSTALL_SERVICE=0")
	uninstall(t, "1.0.0")
	require.Equal(t, file, value(t, key, "@"), "an installation leaves a person's own registration alone")
	require.Equal(t, "by hand", value(t, chromeLists+"ExtensionInstallForcelist", "88140"), "no installation has written it")
	b := startHostAs(t, own, file, "cardbridge@cardbridge.tw").greet() // as Firefox does
	b.leave()
	printed, err = program(own, "unregister", "--browser=firefox")
	require.NoError(t, err, printed)
	require.Empty(t, value(t, key, "@"))
	require.NoError(t, os.RemoveAll(inWindows(`C:\personal`)))
}
