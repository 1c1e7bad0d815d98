package doctor

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/host/internal/token"
)

const (
	chromePolicies  = `Software\Policies\Google\Chrome`
	firefoxPolicies = `Software\Policies\Mozilla\Firefox`
)

// chrome has Chrome's key of one view lead to a manifest.
func (c *computer) chrome(h hive, view uint32, path string) {
	c.set(h, view, c.spot("chrome").System, "", path)
}

// spoilt has Chrome's manifest be another.
func spoilt(change func(m map[string]any)) func(c *computer) {
	return func(c *computer) { c.manifest("chrome.json", "chrome", change) }
}

func set(key string, value any) func(map[string]any) {
	return func(m map[string]any) { m[key] = value }
}

// managed writes a policy of the computer's for Chrome; a key's values are below it.
func managedBy(h hive, key, name string, value any) func(c *computer) {
	return func(c *computer) { c.set(h, 0, strings.TrimSuffix(chromePolicies+`\`+key, `\`), name, value) }
}

func rule(mode string) string { return `{"installation_mode":"` + mode + `"}` }

var broken = []struct {
	name  string
	spoil func(c *computer)
	bad   []string
}{
	{"nothing", func(*computer) {}, []string{}},
	{"no browser", func(c *computer) {
		remove(c.t, personal, appPaths+"chrome.exe")
		remove(c.t, personal, appPaths+"firefox.exe")
	}, []string{"browsers browserNone"}},
	{"Chrome too old", func(c *computer) { c.set(personal, 0, `Software\Google\Chrome\BLBeacon`, "version", "120.0.1") }, []string{"browsers.chrome browserOld"}},
	{"Firefox too old", func(c *computer) {
		c.set(common, 0, `Software\Mozilla\Mozilla Firefox`, "CurrentVersion", "115.9.0 (x64 en-US)")
	}, []string{"browsers.firefox browserOld"}},

	{"no manifest", func(c *computer) { remove(c.t, common, c.spot("chrome").System) }, []string{"manifest.chrome manifestMissing"}},
	{"no manifest for a browser that this person does not use", func(c *computer) { remove(c.t, common, c.spot("firefox").System) }, []string{}},
	{"key to nowhere", func(c *computer) { c.chrome(common, 0, `C:\gone.json`) }, []string{"manifest.chrome manifestUnreadable"}},
	{"key to nowhere in the home folder, in other letters", func(c *computer) { c.chrome(common, 0, strings.ToUpper(c.m.Home)+`\GONE.JSON`) }, []string{"manifest.chrome manifestUnreadable"}},
	{"key to a folder", func(c *computer) { c.chrome(common, 0, `C:\windows`) }, []string{"manifest.chrome manifestUnreadable"}},
	{"key with a number", func(c *computer) { c.set(common, 0, c.spot("chrome").System, "", 1) }, []string{"manifest.chrome manifestUnreadable"}},
	{"manifest too large", func(c *computer) { c.write("chrome.json", strings.Repeat(" ", mostBytes+1)) }, []string{"manifest.chrome manifestUnreadable"}},
	{"manifest is no JSON", func(c *computer) { c.write("chrome.json", "{") }, []string{"manifest.chrome manifestInvalid"}},
	{"manifest of another name", spoilt(set("name", "tw.other")), []string{"manifest.chrome manifestInvalid"}},
	{"manifest of another type", spoilt(set("type", "pipe")), []string{"manifest.chrome manifestInvalid"}},
	{"manifest's program gone", spoilt(set("path", `C:\gone.exe`)), []string{"manifest.chrome manifestPath"}},
	{"manifest without a program", spoilt(set("path", "")), []string{"manifest.chrome manifestPath"}},
	{"manifest's program cannot be run", func(c *computer) { spoilt(set("path", c.write("text.txt", "")))(c) }, []string{"manifest.chrome manifestPath"}},
	{"manifest of another program", func(c *computer) { spoilt(set("path", c.write("old.exe", "old")))(c) }, []string{"manifest.chrome manifestOther"}},
	{"manifest of another program, beside it", func(c *computer) { c.write("old.exe", "old"); spoilt(set("path", "old.exe"))(c) }, []string{"manifest.chrome manifestOther"}},
	{"manifest without our id", spoilt(set("allowed_origins", []string{})), []string{"manifest.chrome manifestID"}},
	{"person's manifest hides the system's", func(c *computer) {
		c.chrome(personal, 0, c.manifest("mine.json", "chrome", set("description", "y")))
	}, []string{"manifest.chrome manifestShadow"}},
	{"the same twice is no matter", func(c *computer) { c.chrome(personal, 0, c.manifest("mine.json", "chrome", nil)) }, []string{}},
	{"the view of 32-bit programs comes first", func(c *computer) { c.chrome(common, registry.WOW64_32KEY, `C:\gone.json`) }, []string{"manifest.chrome manifestUnreadable"}},
	{"only in the view of 32-bit programs", func(c *computer) {
		remove(c.t, common, c.spot("chrome").System)
		c.chrome(common, registry.WOW64_32KEY, filepath.Join(c.folder, "chrome.json"))
	}, []string{}},

	{"host blocked", managedBy(common, "NativeMessagingBlocklist", "1", "*"), []string{"browserPolicy.chrome hostBlocked"}},
	{"host blocked for the person, by name", managedBy(personal, "NativeMessagingBlocklist", "2", hostID), []string{"browserPolicy.chrome hostBlocked"}},
	{"all blocked but ours", func(c *computer) {
		managedBy(common, "NativeMessagingBlocklist", "1", "*")(c)
		managedBy(common, "NativeMessagingAllowlist", "1", hostID)(c)
	}, []string{}},
	{"the computer's list counts before the person's", func(c *computer) {
		managedBy(personal, "NativeMessagingBlocklist", "1", "*")(c)
		managedBy(common, "NativeMessagingBlocklist", "1", "tw.other")(c)
	}, []string{}},
	{"a value that is none of a list's", managedBy(common, "NativeMessagingBlocklist", "note", "*"), []string{}},
	{"persons' manifests forbidden", func(c *computer) {
		managedBy(common, "", "NativeMessagingUserLevelHosts", 0)(c)
		remove(c.t, common, c.spot("chrome").System)
		c.chrome(personal, 0, c.manifest("mine.json", "chrome", nil))
	}, []string{"browserPolicy.chrome userLevelBlocked", "manifest.chrome manifestMissing"}},
	{"persons' manifests forbidden, a broken one is not read", func(c *computer) {
		managedBy(common, "", "NativeMessagingUserLevelHosts", 0)(c)
		c.chrome(personal, 0, `C:\gone.json`)
	}, []string{}},
	{"extension blocked", managedBy(common, "ExtensionInstallBlocklist", "1", "*"), []string{"browserPolicy.chrome extensionBlocked"}},
	{"extensions blocked but ours", func(c *computer) {
		managedBy(common, "ExtensionInstallBlocklist", "1", "*")(c)
		managedBy(common, "ExtensionInstallAllowlist", "1", plainID(c.spot("chrome").Allowed[0]))(c)
	}, []string{}},
	{"extension forced", func(c *computer) {
		managedBy(common, "ExtensionInstallBlocklist", "1", "*")(c)
		managedBy(common, "ExtensionInstallForcelist", "1", plainID(c.spot("chrome").Allowed[0])+";https://it.example/x")(c)
	}, []string{}},
	{"extension removed by rule", func(c *computer) {
		managedBy(common, "", "ExtensionSettings", `{"`+plainID(c.spot("chrome").Allowed[0])+`":`+rule("removed")+`}`)(c)
	}, []string{"browserPolicy.chrome extensionBlocked"}},
	{"extension blocked by a key of its own", managedBy(common, `ExtensionSettings\*`, "installation_mode", "blocked"), []string{"browserPolicy.chrome extensionBlocked"}},
	{"rules are no JSON", managedBy(common, "", "ExtensionSettings", "{"), []string{"browserPolicy.chrome browserPolicyUnreadable"}},
	{"a list's value is a number", managedBy(common, "NativeMessagingBlocklist", "1", 1), []string{"browserPolicy.chrome browserPolicyUnreadable"}},
	{"a number is text", managedBy(common, "", "NativeMessagingUserLevelHosts", "no"), []string{"browserPolicy.chrome browserPolicyUnreadable"}},
	{"Firefox blocks all add-ons", func(c *computer) {
		c.set(common, 0, firefoxPolicies, "ExtensionSettings", []string{`{"*":`, rule("blocked"), `}`})
	}, []string{"browserPolicy.firefox extensionBlocked"}},
	{"Firefox's file blocks all add-ons", func(c *computer) {
		c.write(`programs\Firefox\distribution\policies.json`, `{"policies":{"ExtensionSettings":{"*":`+rule("blocked")+`}}}`)
	}, []string{"browserPolicy.firefox extensionBlocked"}},
	{"Firefox's registry counts before its file", func(c *computer) {
		c.write(`programs\Firefox\distribution\policies.json`, `{"policies":{"ExtensionSettings":{"*":`+rule("blocked")+`}}}`)
		c.set(common, 0, firefoxPolicies, "ExtensionSettings", "{}")
	}, []string{}},
	{"Firefox's rules are no JSON", func(c *computer) { c.set(personal, 0, firefoxPolicies, "ExtensionSettings", "[") }, []string{"browserPolicy.firefox browserPolicyUnreadable"}},
	{"Firefox's file is no JSON", func(c *computer) { c.write(`programs\Firefox\distribution\policies.json`, "[") }, []string{"browserPolicy.firefox browserPolicyUnreadable"}},

	{"extension of another protocol", func(c *computer) { c.extension("0.11.0", "[2, 3]") }, []string{"extension.chrome extensionProtocol"}},
	{"extension nowhere", func(c *computer) { c.move("Local AppData", filepath.Join(c.m.Home, "Other")) }, []string{"extension extensionMissing"}},
	{"add-on disabled", func(c *computer) {
		profile := person + `\AppData\Roaming\Mozilla\Firefox\Profiles\x.default\`
		id := c.spot("firefox").Allowed[0]
		c.write(profile+`extensions\`+id+".xpi", "")
		c.write(profile+"extensions.json", `{"addons":[{"id":"`+id+`","version":"0.1.0","userDisabled":true}]}`)
	}, []string{"extension.firefox extensionDisabled"}},

	{"PC/SC not running", func(c *computer) { c.cards.view = token.View{Service: token.ServiceNotRunning} }, []string{"pcsc pcscNotRunning"}},
}

// The fault is named, with its place and its way out, nothing else is; and nothing tells who the person is.
func TestBrokenComputers(t *testing.T) {
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			c := healthy(t)
			b.spoil(c)
			assert.ElementsMatch(t, b.bad, c.bad())
			raw, err := json.Marshal(Examine(t.Context(), c.m))
			require.NoError(t, err)
			assert.NotContains(t, strings.ToLower(string(raw)), strings.ToLower(person))
		})
	}
}

func TestWhatIsThereIsTold(t *testing.T) {
	c := healthy(t)
	require.Equal(t, "browsers installed: Google Chrome 150.0.7871.100, Mozilla Firefox 140.5.0", c.said("browsers").English.Finding)
	require.Equal(t, "Google Chrome: the extension is installed in 1 profiles, version 0.10.0", c.said("extension").English.Finding)
	require.Equal(t, OK, c.said("browserPolicy").Level)
	require.Equal(t, OK, c.said("session").Level, "Wine has no Remote Desktop")
}

// Every browser is found, by App Paths or by the start menu, and not by what an uninstaller left.
func TestBrowsersAreFound(t *testing.T) {
	c := healthy(t)
	c.install("edge", `Edge\msedge.exe`)
	c.install("brave", `Brave\brave.exe`)
	chromium := c.write(`programs\Chromium\Application\chrome.exe`, "program")
	c.set(common, 0, startMenu+`\Chromium.ABCDEF\shell\open\command`, "", `"`+chromium+`"`)
	require.Equal(t, "browsers installed: Google Chrome 150.0.7871.100, Chromium, Microsoft Edge, Brave, Mozilla Firefox 140.5.0", c.said("browsers").English.Finding)
	c.set(personal, 0, appPaths+"msedge.exe", "", filepath.Join(c.folder, "gone.exe"))
	require.NotContains(t, c.said("browsers").English.Finding, "Edge")
	c.set(personal, 0, appPaths+"chrome.exe", "", chromium)
	require.NotContains(t, c.said("browsers").English.Finding, "Google", "Chromium's program is a chrome.exe too")
}

func TestWhereItStands(t *testing.T) {
	c := healthy(t)
	managedBy(personal, "NativeMessagingBlocklist", "1", "*")(c)
	require.Equal(t, `HKCU\SOFTWARE\Policies\Google\Chrome\NativeMessagingBlocklist`, c.said("hostBlocked").Where)
	remove(t, common, c.spot("chrome").System)
	require.Equal(t, `HKLM\Software\Google\Chrome\NativeMessagingHosts\`+hostID, c.said("manifestMissing").Where)
	c.cards.view = token.View{Service: token.ServiceNotRunning}
	require.Contains(t, c.said("pcscNotRunning").Where, smartCards)
}

func TestListenersAreSeen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		require.True(t, (&visit{}).listening()[port], address)
		require.NoError(t, l.Close())
		require.False(t, (&visit{}).listening()[port], address)
	}
}

// Rows as the system has them: a port is in network order; a table may say that it has more rows than it holds.
func TestTablesOfListeners(t *testing.T) {
	raw := make([]byte, 4+2*24)
	raw[0], raw[4+8], raw[4+9], raw[4+24+8], raw[4+24+9] = 2, 0xEE, 0xE9, 0x1E, 0x61
	require.Equal(t, []int{61161, 7777}, tables[0].ports(raw))
	raw[0], raw[3] = 0xFF, 0xFF
	require.Equal(t, []int{61161, 7777}, tables[0].ports(raw))
	require.Empty(t, tables[1].ports(nil))
	six := make([]byte, 4+56)
	six[0], six[4+20], six[4+21] = 1, 0x41, 0xF8
	require.Equal(t, []int{16888}, tables[1].ports(six))
}

// What runs, what does not, what there is not: Wine has its Plug and Play run always.
func TestServicesAreSeen(t *testing.T) {
	require.Eventually(t, func() bool { _, runs := stateOf("PlugPlay"); return runs }, time.Minute, 100*time.Millisecond)
	where, runs := stateOf("CardBridge-none")
	require.False(t, runs)
	require.Contains(t, where, "CardBridge-none: ")
}

func TestProgramsAreSeen(t *testing.T) {
	v := &visit{}
	c := healthy(t)
	require.True(t, v.runs(strings.TrimSuffix(strings.ToUpper(filepath.Base(c.m.Executable)), ".EXE")))
	require.False(t, v.runs("scdaemon"))
}
