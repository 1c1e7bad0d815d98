//go:build unix

package doctor

import (
	"context"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/policy"

	"github.com/cardbridge/cardbridge/host/internal/token"
)

const (
	chromiumSystem = "/etc/chromium/native-messaging-hosts/" + hostID + ".json"
	chromiumUser   = home + "/.config/chromium/NativeMessagingHosts/" + hostID + ".json"
	firefox64      = "/usr/lib64/mozilla/native-messaging-hosts/" + hostID + ".json"
	firefoxSystem  = "/usr/lib/mozilla/native-messaging-hosts/" + hostID + ".json"
	chromiumPolicy = "/etc/chromium/policies/managed/it.json"
	firefoxPolicy  = "/etc/firefox/policies/policies.json"
)

// listener is a line of /proc/net/tcp; state 0A listens, 01 is a connection.
func listener(port, state string) string {
	return listenHead + "   0: 0100007F:" + port + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000  1000        0 1 1\n"
}

// machine is a broken one: what was done to a healthy one, all that wants a repair then.
type machine struct {
	name  string
	spoil func(f *fabricated)
	bad   []string
}

// firefoxOfRedHat replaces Debian's, whose manifest stays.
func firefoxOfRedHat(f *fabricated) {
	f.remove("/usr/bin/firefox-esr")
	f.write("/usr/lib64/firefox/firefox", "", 0o755)
}

var broken = []machine{
	{"program writable", func(f *fabricated) { require.NoError(f.t, os.Chmod(f.path(self), 0o777)) }, []string{"binary binaryWritable"}},
	{"program's folder writable", func(f *fabricated) { require.NoError(f.t, os.Chmod(f.path("/usr/bin"), 0o777)) }, []string{"binary binaryWritable"}},
	{"program gone", func(f *fabricated) { f.m.Executable = "/usr/bin/gone" }, []string{"binary binaryUnreadable"}},
	{"clock years behind", func(f *fabricated) {
		written := now.AddDate(2, 0, 0)
		require.NoError(f.t, os.Chtimes(f.path(self), written, written))
	}, []string{"clock clockBehind"}},
	{"no browser", func(f *fabricated) { f.remove("/usr/bin/chromium"); f.remove("/usr/bin/firefox-esr") }, []string{"browsers browserNone"}},
	{"Chromium too old", func(f *fabricated) { f.write(home+"/.config/chromium/Last Version", "120.0.1", 0o644) }, []string{"browsers.chromium browserOld"}},
	{"Firefox too old", func(f *fabricated) {
		f.write("/usr/lib/firefox-esr/application.ini", "[App]\nVersion=115.9.0\n", 0o644)
	}, []string{"browsers.firefox browserOld"}},
	{"versions that say nothing", func(f *fabricated) {
		f.write(home+"/.config/chromium/Last Version", "1\x1b[2J", 0o644)
		f.write("/usr/lib/firefox-esr/application.ini", "Version=", 0o644)
	}, []string{}},
	{"Snap", func(f *fabricated) { f.write("/snap/firefox/current/x", "", 0o644) }, []string{"browsers.firefox browserSandboxed"}},
	{"Flatpak", func(f *fabricated) { f.write(home+"/.local/share/flatpak/app/org.chromium.Chromium/x", "", 0o644) }, []string{"browsers.chromium browserSandboxed"}},

	{"no manifest", func(f *fabricated) { f.remove(firefoxSystem) }, []string{"manifest.firefox manifestMissing"}},
	{"Firefox of Red Hat's 64-bit family looks in a folder of its own", firefoxOfRedHat, []string{"manifest.firefox manifestMissing"}},
	{"Firefox of Red Hat's 64-bit family, registered", func(f *fabricated) {
		firefoxOfRedHat(f)
		f.manifest(firefox64, "firefox", nil)
	}, []string{}},
	{"no manifest for a browser that this person does not use", func(f *fabricated) { f.remove(firefoxSystem); f.remove(home + "/.mozilla") }, []string{}},
	{"no manifest at all, no browser used yet", func(f *fabricated) {
		f.remove(firefoxSystem)
		f.remove(chromiumSystem)
		f.remove(home)
	}, []string{"manifest.firefox manifestMissing", "manifest.chromium manifestMissing", "extension extensionMissing"}},
	{"manifest is a folder", func(f *fabricated) { f.remove(chromiumSystem); f.write(chromiumSystem+"/x", "", 0o644) }, []string{"manifest.chromium manifestUnreadable"}},
	{"manifest is a link to nowhere", func(f *fabricated) {
		f.remove(chromiumSystem)
		require.NoError(f.t, os.Symlink("nowhere", f.path(chromiumSystem)))
	}, []string{"manifest.chromium manifestUnreadable"}},
	{"manifest is a pipe", func(f *fabricated) {
		f.remove(chromiumSystem)
		require.NoError(f.t, syscall.Mkfifo(f.path(chromiumSystem), 0o644))
	}, []string{"manifest.chromium manifestUnreadable"}},
	{"manifest too large", func(f *fabricated) { f.write(chromiumSystem, strings.Repeat(" ", mostBytes+1), 0o644) }, []string{"manifest.chromium manifestUnreadable"}},
	{"manifest is no JSON", func(f *fabricated) { f.write(chromiumSystem, "{", 0o644) }, []string{"manifest.chromium manifestInvalid"}},
	{"manifest of another name", func(f *fabricated) { f.manifest(chromiumSystem, "chromium", replaced(hostID, "tw.other")) }, []string{"manifest.chromium manifestInvalid"}},
	{"manifest's program gone", func(f *fabricated) { f.manifest(chromiumSystem, "chromium", replaced(self, "/opt/gone")) }, []string{"manifest.chromium manifestPath"}},
	{"manifest's path relative", func(f *fabricated) { f.manifest(chromiumSystem, "chromium", replaced(self, "usr/bin/cardbridge")) }, []string{"manifest.chromium manifestPath"}},
	{"manifest's program cannot be run", func(f *fabricated) { f.manifest(chromiumSystem, "chromium", replaced(self, module)) }, []string{"manifest.chromium manifestPath"}},
	{"manifest of another program", func(f *fabricated) {
		f.write("/opt/old/cardbridge", "old", 0o755)
		f.manifest(chromiumSystem, "chromium", replaced(self, "/opt/old/cardbridge"))
	}, []string{"manifest.chromium manifestOther"}},
	{"manifest without our id", func(f *fabricated) { f.manifest(chromiumSystem, "chromium", replaced(ourID, strings.Repeat("b", 32))) }, []string{"manifest.chromium manifestID"}},
	{"person's manifest hides the system's", func(f *fabricated) { f.manifest(chromiumUser, "chromium", replaced(`"x"`, `"y"`)) }, []string{"manifest.chromium manifestShadow"}},
	{"the same twice is no matter", func(f *fabricated) { f.manifest(chromiumUser, "chromium", nil) }, []string{}},

	{"host blocked", func(f *fabricated) { f.write(chromiumPolicy, `{"NativeMessagingBlocklist":["*"]}`, 0o644) }, []string{"browserPolicy.chromium hostBlocked"}},
	{"host blocked by name", func(f *fabricated) { f.write(chromiumPolicy, `{"NativeMessagingBlocklist":["`+hostID+`"]}`, 0o644) }, []string{"browserPolicy.chromium hostBlocked"}},
	{"all blocked but ours", func(f *fabricated) {
		f.write(chromiumPolicy, `{"NativeMessagingBlocklist":["*"],"NativeMessagingAllowlist":["`+hostID+`"]}`, 0o644)
	}, []string{}},
	{"another file blocks, the last one's word counts", func(f *fabricated) {
		f.write(chromiumPolicy, `{"NativeMessagingBlocklist":["*"]}`, 0o644)
		f.write(chromiumPolicy+".z", `{"NativeMessagingBlocklist":[]}`, 0o644)
	}, []string{}},
	{"persons' manifests forbidden", func(f *fabricated) {
		f.write(chromiumPolicy, `{"NativeMessagingUserLevelHosts":false}`, 0o644)
		require.NoError(f.t, os.MkdirAll(f.path(home+"/.config/chromium/NativeMessagingHosts"), 0o755))
		require.NoError(f.t, os.Rename(f.path(chromiumSystem), f.path(chromiumUser)))
	}, []string{"browserPolicy.chromium userLevelBlocked", "manifest.chromium manifestMissing"}},
	{"a person's manifest that no browser reads", func(f *fabricated) {
		f.write(chromiumPolicy, `{"NativeMessagingUserLevelHosts":false}`, 0o644)
		f.write(chromiumUser, "{", 0o644)
	}, []string{}},
	{"extension removed by rule", func(f *fabricated) {
		f.write(chromiumPolicy, `{"ExtensionSettings":{"`+ourID+`":{"installation_mode":"removed"}}}`, 0o644)
	}, []string{"browserPolicy.chromium extensionBlocked"}},
	{"extension blocked by id", func(f *fabricated) { f.write(chromiumPolicy, `{"ExtensionInstallBlocklist":["`+ourID+`"]}`, 0o644) }, []string{"browserPolicy.chromium extensionBlocked"}},
	{"policy of the browser is no JSON", func(f *fabricated) { f.write(chromiumPolicy, `{`, 0o644) }, []string{"browserPolicy.chromium browserPolicyUnreadable"}},
	{"policy of the browser of a wrong type", func(f *fabricated) { f.write(chromiumPolicy, `{"NativeMessagingBlocklist":"*"}`, 0o644) }, []string{"browserPolicy.chromium browserPolicyUnreadable"}},
	{"Firefox blocks all add-ons", func(f *fabricated) {
		f.write(firefoxPolicy, `{"policies":{"ExtensionSettings":{"*":{"installation_mode":"blocked"}}}}`, 0o644)
	}, []string{"browserPolicy.firefox extensionBlocked"}},
	{"Firefox's policies are no JSON", func(f *fabricated) { f.write(firefoxPolicy, `[`, 0o644) }, []string{"browserPolicy.firefox browserPolicyUnreadable"}},
	{"extension of another protocol", func(f *fabricated) { f.extension("0.11.0_0", "0.11.0", "[2, 3]") }, []string{"extension.chromium extensionProtocol"}},
	{"extension whose files say nothing", func(f *fabricated) {
		f.remove(chromiumExtension)
		f.write(chromiumExtension+"/1_0/manifest.json", "{", 0o644)
	}, []string{}},
	{"add-on disabled", func(f *fabricated) {
		f.addon(`{"addons":[{"id":"other@x","version":"1"},{"id":"` + f.spot("firefox").Allowed[0] + `","version":"0.1.0","userDisabled":true}]}`)
	}, []string{"extension.firefox extensionDisabled"}},
	{"add-on, of which Firefox says nothing", func(f *fabricated) { f.addon(`[`) }, []string{}},
	{"extension nowhere", func(f *fabricated) { f.remove(home + "/.config/chromium/Default") }, []string{"extension extensionMissing"}},

	{"no OS service is nothing to repair", func(f *fabricated) { f.agent = AgentState{} }, []string{}},
	{"OS service of before", func(f *fabricated) { f.agent.Version = "1.2.2" }, []string{"agent agentOther"}},
	{"impostor at the OS service's place", func(f *fabricated) {
		f.agent = AgentState{Path: agentSocket, Problem: AgentImpostor, Err: errors.New("uid 1000 listens")}
	}, []string{"agent agentImpostor"}},
	{"OS service that does not answer", func(f *fabricated) {
		f.agent.Version, f.agent.Problem, f.agent.Err = "", AgentSilent, errors.New("i/o timeout at "+home+"/x")
	}, []string{"agent agentSilent"}},
	{"OS service that serves the active session alone", func(f *fabricated) { f.agent.Problem, f.agent.Err = AgentRefused, errors.New("not active") }, []string{}},
	{"OS service that sees other readers", func(f *fabricated) { f.agent.Problem = AgentReaders }, []string{}},
	{"OS service that polkit keeps from PC/SC", func(f *fabricated) { f.agent.Problem = AgentNoPCSC }, []string{"agent agentNoPCSC"}},
	{"OS service without PC/SC, which does not run", func(f *fabricated) {
		f.agent.Problem = AgentNoPCSC
		f.cards.inv = token.Inventory{View: token.View{Service: token.ServiceNotRunning}}
	}, []string{"pcsc pcscNotRunning"}},
	{"OS service with too many connections", func(f *fabricated) { f.agent.Problem = AgentBusy }, []string{"agent agentBusy"}},

	{"no PC/SC", func(f *fabricated) { f.cards.inv = token.Inventory{View: token.View{Service: token.ServiceMissing}} }, []string{"pcsc pcscMissing"}},
	{"PC/SC not running", func(f *fabricated) { f.cards.inv = token.Inventory{View: token.View{Service: token.ServiceNotRunning}} }, []string{"pcsc pcscNotRunning"}},
	{"PC/SC refuses by its rules", func(f *fabricated) {
		f.cards.inv = token.Inventory{View: token.View{Service: token.ServiceNotRunning, Refused: true}}
		f.write(pcscSocket, "", 0o666)
	}, []string{"pcsc pcscRefused"}},
	{"PC/SC is there, says nothing", func(f *fabricated) {
		f.cards.inv = token.Inventory{View: token.View{Service: token.ServiceNotRunning}}
		f.write(pcscSocket, "", 0o666)
	}, []string{"pcsc pcscSilent"}},
	{"a scan that does not end", func(f *fabricated) { f.cards.err = context.DeadlineExceeded }, []string{"pcsc scanFailed"}},
	{"no reader", func(f *fabricated) { f.cards.inv = token.Inventory{} }, []string{"readers readerNone"}},
	{"card held", func(f *fabricated) { f.view(token.Reader{Name: reader, State: token.ReaderInUse}) }, []string{"readers readerInUse"}},
	{"no card is nothing to repair", func(f *fabricated) {
		f.cards.inv = token.Inventory{View: token.View{Readers: []token.Reader{{Name: reader}}}}
	}, []string{}},

	{"no module", func(f *fabricated) { f.cards.modules = nil }, []string{"modules moduleNone"}},
	{"module gone", func(f *fabricated) { f.remove(module) }, []string{"modules moduleMissing"}},
	{"module is a pipe", func(f *fabricated) {
		f.remove(module)
		require.NoError(f.t, syscall.Mkfifo(f.path(module), 0o644))
	}, []string{"modules moduleMissing"}},
	{"module of another processor", func(f *fabricated) { f.write(module, library(elf.EM_AARCH64), 0o644) }, []string{"modules moduleArchitecture"}},
	{"module empty", func(f *fabricated) { f.write(module, "", 0o644) }, []string{"modules moduleArchitecture"}},
	{"module writable", func(f *fabricated) { require.NoError(f.t, os.Chmod(f.path(module), 0o666)) }, []string{"modules moduleWritable"}},
	{"module invalid", failing(token.ModuleInvalid), []string{"modules moduleInvalid"}},
	{"module crashes", failing(token.ModuleFailed), []string{"modules moduleFailed"}},
	{"module hangs", failing(token.ModuleTimeout), []string{"modules moduleTimeout"}},
	{"module crashes, no card in", probing(token.ModuleFailed), []string{"modules moduleFailed"}},
	{"module hangs, no card in", probing(token.ModuleTimeout), []string{"modules moduleTimeout"}},
	{"module is none, no card in", probing(token.ModuleInvalid), []string{"modules moduleInvalid"}},
	{"module fails with a card as without", func(f *fabricated) { probing(token.ModuleFailed)(f); failing(token.ModuleFailed)(f) }, []string{"modules moduleFailed"}},
	{"module not tried", func(f *fabricated) { f.cards.probe = context.DeadlineExceeded }, []string{"modules moduleUntried"}},
	{"module of somebody else's is nothing to repair here", func(f *fabricated) { f.owned = map[string]int{f.path("/usr/lib"): 1000} }, []string{}},
	{"unknown card", func(f *fabricated) { f.cards.inv.Certificates, f.cards.inv.Unrecognised = nil, []string{reader} }, []string{"cards cardUnrecognised"}},

	{"59 days left", func(f *fabricated) { f.certificate(now.AddDate(-1, 0, 0), now.AddDate(0, 0, 59)) }, []string{"certificates certificateExpiring"}},
	{"60 days left", func(f *fabricated) { f.certificate(now.AddDate(-1, 0, 0), now.AddDate(0, 0, 60)) }, []string{}},
	{"expired", func(f *fabricated) { f.certificate(now.AddDate(-5, 0, 0), now.AddDate(0, 0, -1)) }, []string{"certificates certificateExpired"}},
	{"not yet valid", func(f *fabricated) { f.certificate(now.AddDate(0, 0, 1), now.AddDate(5, 0, 0)) }, []string{"certificates certificateNotYet"}},

	{"a connection is no sign server", func(f *fabricated) {
		f.view(token.Reader{Name: reader, State: token.ReaderInUse})
		f.write("/proc/net/tcp", listener("1E61", "01"), 0o444)
	}, []string{"readers readerInUse"}},
	{"scdaemon, card held", func(f *fabricated) {
		f.view(token.Reader{Name: reader, State: token.ReaderInUse})
		f.write("/proc/4711/comm", "scdaemon\n", 0o444)
	}, []string{"readers readerInUse", "rivals scdaemonHolds"}},
	{"scdaemon, nothing held", func(f *fabricated) { f.write("/proc/4711/comm", "scdaemon\n", 0o444) }, []string{}},
	{"extension forced", func(f *fabricated) {
		f.write(chromiumPolicy, `{"ExtensionInstallBlocklist":["*"],"ExtensionInstallForcelist":["`+ourID+`;https://it.example/x"],"ExtensionInstallAllowlist":["pbjmkmfiabchoodbocfoiebiblhbiijh"]}`, 0o644)
	}, []string{}},
	{"a certificate for encryption alone", func(f *fabricated) { f.cards.inv.Certificates[0].X509.KeyUsage = x509.KeyUsageDataEncipherment }, []string{}},
	{"remote is nothing to repair", func(f *fabricated) { f.m.Remote = "SSH" }, []string{}},
}

// rows of competing components: each beside a healthy machine, then while some card is held.
func init() {
	held := func(f *fabricated) { f.view(token.Reader{Name: reader, State: token.ReaderInUse}) }
	for name, port := range map[string]string{"61161": "EEE9", "16888": "41F8", "7777": "1E61"} {
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			listens := func(f *fabricated) { f.write(table, listener(port, "0A"), 0o444) }
			broken = append(broken,
				machine{"sign server on " + name + ", nothing held, " + table, listens, []string{}},
				machine{"sign server on " + name + ", card held, " + table, func(f *fabricated) { held(f); listens(f) }, []string{"readers readerInUse", "rivals signServerHolds"}})
		}
	}
	for id, packages := range map[string]map[string]string{
		"chrome":   {"Flatpak": "/var/lib/flatpak/app/com.google.Chrome"},
		"chromium": {"Snap": "/snap/chromium/current", "Flatpak": "/var/lib/flatpak/app/org.chromium.Chromium"},
		"edge":     {"Flatpak": "/var/lib/flatpak/app/com.microsoft.Edge"},
		"brave":    {"Snap": "/snap/brave/current", "Flatpak": "/var/lib/flatpak/app/com.brave.Browser"},
		"firefox":  {"Snap": "/snap/firefox/current", "Flatpak": "/var/lib/flatpak/app/org.mozilla.firefox"},
	} {
		for packaging, path := range packages {
			broken = append(broken, machine{packaging + " of " + id, func(f *fabricated) { f.write(path+"/x", "", 0o644) }, []string{"browsers." + id + " browserSandboxed"}})
		}
	}
	for _, how := range []string{"SSH", "xrdp", "RDP"} {
		broken = append(broken, machine{"from elsewhere: " + how, func(f *fabricated) { f.m.Remote = how }, []string{}})
	}
}

// probing is a module that fails before any card is looked at.
func probing(reason token.ModuleReason) func(f *fabricated) {
	return func(f *fabricated) {
		f.cards.inv = token.Inventory{View: token.View{Readers: []token.Reader{{Name: reader}}}}
		f.cards.probe = &token.ModuleError{Path: module, Reason: reason, Call: "C_Initialize", Code: 5}
	}
}

// addon installs ours in a Firefox profile, with what the browser has noted.
func (f *fabricated) addon(noted string) {
	profile := home + "/.mozilla/firefox/x.default/"
	f.write(profile+"extensions/"+f.spot("firefox").Allowed[0]+".xpi", "", 0o644)
	f.write(profile+"extensions.json", noted, 0o644)
}

func failing(reason token.ModuleReason) func(f *fabricated) {
	return func(f *fabricated) {
		f.cards.inv.Failures = []*token.ModuleError{{Path: module, Reason: reason, Call: "C_Initialize", Code: 5}}
	}
}

func TestAHealthyMachine(t *testing.T) {
	f := healthy(t)
	list := Examine(context.Background(), f.m)
	told := map[string]bool{}
	for _, finding := range list {
		assert.Equal(t, OK, finding.Level, "%+v", finding)
		name, _, _ := strings.Cut(finding.Check, ".")
		told[name] = true
	}
	for _, c := range checks {
		assert.True(t, told[c.name], "%s says nothing", c.name)
	}
	assert.Equal(t, OK, Worst(list))
}

// everywhere are findings of the computer as a whole.
var everywhere = []string{"browserNone", "browserOld", "extensionMissing", "pcscMissing", "pcscNotRunning", "pcscRefused", "scanFailed", "readerNone", "moduleNone"}

// The fault is named with its place and its way out, and nothing else is red.
func TestBrokenMachines(t *testing.T) {
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			f := healthy(t)
			b.spoil(f)
			assert.ElementsMatch(t, b.bad, f.bad())
			for _, finding := range Examine(context.Background(), f.m) {
				if !finding.Level.Bad() {
					continue
				}
				assert.NotEmpty(t, finding.Chinese.Fix, finding.Code)
				assert.NotEmpty(t, finding.English.Fix, finding.Code)
				assert.True(t, finding.Where != "" || slices.Contains(everywhere, finding.Code), "%s: where?", finding.Code)
			}
		})
	}
}

// Every check is broken at least once, but the session's, which has nothing to repair.
func TestEachCheckIsBroken(t *testing.T) {
	spoilt, n := map[string]bool{"session": true, "policy": true}, 0 // the policy in TestAPolicyWithAMistake
	for _, b := range broken {
		if len(b.bad) > 0 {
			n++
		}
		for _, bad := range b.bad {
			name, _, _ := strings.Cut(strings.Fields(bad)[0], ".")
			spoilt[name] = true
		}
	}
	for _, c := range checks {
		assert.True(t, spoilt[c.name], "no machine has a broken %s", c.name)
	}
	assert.Greater(t, n, 50)
}

// said is what is found under a code.
func said(t *testing.T, f *fabricated, code string) Finding {
	t.Helper()
	for _, finding := range Examine(context.Background(), f.m) {
		if finding.Code == code {
			return finding
		}
	}
	t.Fatalf("no %s", code)
	return Finding{}
}

func TestVersionsAreTold(t *testing.T) {
	f := healthy(t)
	require.Equal(t, "browsers installed: Chromium 150.0.7871.100, Mozilla Firefox 140.5.0", said(t, f, "browsers").English.Finding)
	require.Equal(t, "Chromium: the extension is installed in 1 profiles, version 0.10.0", said(t, f, "extension").English.Finding)
	require.Equal(t, "the module can be loaded: Example PKCS#11 0.23", said(t, f, "module").English.Finding)
	require.Equal(t, "the OS service answers (1.2.3)", said(t, f, "agent").English.Finding)
	f.extension("0.11.0_0", "0.11.0", "[2, 3]")
	require.Equal(t, "the extension (0.11.0) of Chromium and this program speak other protocols: 2, 3 there, 1 here", said(t, f, "extensionProtocol").English.Finding)
	f.owned = map[string]int{f.path("/usr"): 1000}
	require.Contains(t, said(t, f, "moduleOwner").English.Finding, "could replace /usr, so")
}

// What doctor knows of the extension is what the extension's own files say.
func TestTheExtensionsFilesAreRead(t *testing.T) {
	raw, err := os.ReadFile("../../../extension/background/hostlink.js")
	require.NoError(t, err)
	require.NotNil(t, protocolsLine().FindSubmatch(raw), "hostlink.js says in another way which protocols it speaks")
	raw, err = os.ReadFile("../../../extension/manifest.json")
	require.NoError(t, err)
	var manifest struct {
		Minimum  string `json:"minimum_chrome_version"`
		Specific struct {
			Gecko struct {
				Minimum string `json:"strict_min_version"`
			}
		} `json:"browser_specific_settings"`
	}
	require.NoError(t, json.Unmarshal(raw, &manifest))
	require.Equal(t, map[string]int{"chromium": major(manifest.Minimum), "firefox": major(manifest.Specific.Gecko.Minimum)}, leastVersion)
}

// What a mistake in the policy leaves: nothing is permitted, the document's extensions are not known either.
func TestAPolicyWithAMistake(t *testing.T) {
	f := healthy(t)
	f.policy("{\n  \"portal\": []\n}")
	list := Examine(context.Background(), f.m)
	require.Equal(t, "policyInvalid", list[0].Code)
	require.Equal(t, "/etc/cardbridge/policy.json:2:3", list[0].Where)
	require.Contains(t, list[0].English.Finding, `unknownMember`)
	require.Contains(t, list[0].Chinese.Finding, `"portal"`)
	require.Contains(t, list[0].Chinese.Fix, "cardbridge policy check")
	require.Contains(t, list[0].English.Fix, "cardbridge policy check")
	require.Equal(t, "cardbridge policy show", judge(policy.Registry), "policy check does not look there")
	require.Equal(t, Error, Worst(list))
	require.Equal(t, []string{"policy policyInvalid"}, f.bad(), "what follows from it is not told as faults of their own")
}

// A self-signed certificate's issuer is its holder.
func TestSelfSigned(t *testing.T) {
	f := healthy(t)
	cert := f.cards.inv.Certificates[0].X509
	cert.Issuer = cert.Subject
	raw, err := json.Marshal(Examine(context.Background(), f.m))
	require.NoError(t, err)
	require.Contains(t, string(raw), "self-signed")
	require.NotContains(t, string(raw), holder)
}

func TestTheHomeFolderIsNotShown(t *testing.T) {
	v := &visit{Machine: Machine{Home: "/home/小明"}}
	for text, shown := range map[string]string{
		"/home/小明": "~", "/home/小明/a.so": "~/a.so", "at \"/home/小明\"": "at \"~\"", "/home/小明明/a": "/home/小明明/a", "/opt/a": "/opt/a",
	} {
		assert.Equal(t, shown, v.shown(text))
	}
}

func TestTheWorstComesFirst(t *testing.T) {
	f := healthy(t)
	f.m.Remote = "SSH"
	f.remove(firefoxSystem)
	f.certificate(now.AddDate(-1, 0, 0), now.AddDate(0, 0, 5))
	list := Examine(context.Background(), f.m)
	require.Equal(t, []Level{Error, Warning, Info, OK}, []Level{list[0].Level, list[1].Level, list[2].Level, list[3].Level})
}

var braces = regexp.MustCompile(`\{[a-z]+\}`)

// Whatever is wrong, the report may be handed on: it says what, where in the system, what to do, and nothing of the person.
func TestWhatIsToldMayBeHandedOn(t *testing.T) {
	for _, b := range broken {
		f := healthy(t)
		b.spoil(f)
		list := Examine(context.Background(), f.m)
		raw, err := json.Marshal(list)
		require.NoError(t, err)
		for _, secret := range []string{holder, number, "SN55667788", "5ec12e7", "98320103", "/home/", f.m.Root} {
			assert.NotContains(t, strings.ToLower(string(raw)), strings.ToLower(secret), b.name)
		}
		assert.Empty(t, braces.FindString(string(raw)), b.name)
	}
}

func TestEveryFindingHasItsWords(t *testing.T) {
	for code, words := range catalogue {
		assert.NotEmpty(t, words.chinese.Finding, code)
		assert.NotEmpty(t, words.english.Finding, code)
		assert.Equal(t, words.level.Bad(), words.chinese.Fix != "", "%s: what is bad has a way out, nothing else has", code)
		assert.Equal(t, words.level.Bad(), words.english.Fix != "", code)
		assert.Subset(t, braces.FindAllString(words.english.Finding+words.english.Fix+"{chinese}", -1), braces.FindAllString(words.chinese.Finding+words.chinese.Fix, -1), code)
	}
}

// Reader names are the devices' own: only what stands in brackets is taken out.
func TestReaderNames(t *testing.T) {
	for name, shown := range map[string]string{
		reader: "Example Reader 00 00", "EZ100PU 0": "EZ100PU 0", "A (1) [b] 01 00": "A 01 00", "(half": "(half",
	} {
		assert.Equal(t, shown, readerName(name))
	}
}
