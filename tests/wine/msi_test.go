package wine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// The extension that the packages of these tests know.
const (
	ownID     = "abcdefghijklmnopabcdefghijklmnop"
	updateURL = "https://updates.example.gov.tw/updates.xml"
)

// Wine's installer is not Windows'. It takes nothing back of what it did before a failure but what the custom actions take back; it says
// to nobody that an upgrade removes the old version; with the old version it forgets the code by which a later one is found, so that a
// downgrade after an upgrade is not seen; it does not ask who holds a file open (Restart Manager).

// builtPackages makes an MSI of two versions.
var builtPackages = sync.OnceValue(func() error {
	for version, folder := range map[string]*string{"1.0.0": &folder100, "1.1.0": &folder110} {
		if err := buildPackage(version, version, ownID); err != nil {
			return err
		}
		tables, err := exec.Command("msiinfo", "export", packagePath(version), "Directory").Output()
		if err != nil {
			return err
		}
		name := regexp.MustCompile(`VERSION\|([0-9.]+)`).FindSubmatch(tables)
		if name == nil {
			return errors.New("no folder of the version")
		}
		*folder = `C:\Program Files\CardBridge\` + string(name[1])
	}
	program100, program110 = folder100+`\cardbridge.exe`, folder110+`\cardbridge.exe`
	return nil
})

// What the packages install where nothing else is said.
var folder100, folder110, program100, program110 string

// buildPackage makes one with ids of the extension, under a name.
func buildPackage(name, version, ids string) error {
	cmd := exec.Command("go", "run", "./installer/windows", "-out", filepath.Join(world, name), "-version", version, "-epoch", "1764000000", "-ids", ids, "-update-url", updateURL,
		"-settings", "installer/windows/testdata/settings.json")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(err.Error() + "\n" + string(out))
	}
	return nil
}

// packagePath is that of a package by its name.
func packagePath(name string) string {
	found, _ := filepath.Glob(filepath.Join(world, name, "*.msi")) // the pattern is none that could be wrong
	return strings.Join(found, "")
}

// withInstaller lets a test run in the Windows of the installer's tests, in which nothing of ours is left.
func withInstaller(t *testing.T) {
	t.Helper()
	require.NoError(t, builtPackages())
	place = "installer"
	t.Cleanup(func() { place = "prefix" })
	if !slices.Contains(made, place) {
		require.NoError(t, fresh())
	}
	t.Cleanup(func() {
		for _, version := range []string{"1.1.0", "1.0.0"} {
			_, _ = msiexec(t, "/x", version) // it may be gone
		}
		gone(t)
		require.NoError(t, os.RemoveAll(inWindows(`C:\ProgramData\CardBridge`)))
	})
}

// msiexec runs the Windows Installer in silence, gives its log.
func msiexec(t *testing.T, how, version string, properties ...string) (log string, err error) {
	t.Helper()
	file := inWindows(`C:\msi.log`)
	_ = os.Remove(file)
	args := append([]string{how, "Z:" + strings.ReplaceAll(packagePath(version), "/", `\`), "/qn", "/l*v", `C:\msi.log`}, properties...)
	printed, err := program("msiexec", args...)
	text, _ := os.ReadFile(file)
	return printed + string(text), err
}

func install(t *testing.T, version string, properties ...string) {
	t.Helper()
	log, err := msiexec(t, "/i", version, properties...)
	require.NoError(t, err, log)
}

// notInstalled has the installation refused with these words.
func notInstalled(t *testing.T, words, version string, properties ...string) {
	t.Helper()
	log, err := msiexec(t, "/i", version, properties...)
	require.Error(t, err, log)
	require.Contains(t, log, words)
}

func uninstall(t *testing.T, version string) {
	t.Helper()
	log, err := msiexec(t, "/x", version)
	require.NoError(t, err, log)
	gone(t)
}

// value is one of the registry, "@" the key's own; "": there is none. What reg query prints has lost its Chinese.
func value(t *testing.T, key, name string) string {
	t.Helper()
	if _, err := program("reg", "export", key, `C:\value.reg`, "/y"); err != nil {
		return ""
	}
	text, err := os.ReadFile(inWindows(`C:\value.reg`))
	require.NoError(t, err)
	require.NoError(t, os.Remove(inWindows(`C:\value.reg`)))
	units := make([]uint16, len(text)/2)
	require.NoError(t, binary.Read(bytes.NewReader(text), binary.LittleEndian, units))
	if name != "@" {
		name = `"` + name + `"`
	}
	for line := range strings.SplitSeq(string(utf16.Decode(units)), "\r\n") {
		if quoted, ok := strings.CutPrefix(line, name+"="); ok {
			if strings.HasPrefix(quoted, "dword:") {
				return quoted
			}
			value, err := strconv.Unquote(quoted)
			require.NoError(t, err, line)
			return value
		}
	}
	return ""
}

// keys are those below which each browser looks, as manifests/browsers.json has them.
func keys(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../manifests/browsers.json")
	require.NoError(t, err)
	var file struct {
		Browsers []struct {
			ID      string
			Windows struct{ System string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	list := map[string]string{}
	for _, b := range file.Browsers {
		list[b.ID] = `HKLM\` + b.Windows.System + `\tw.cardbridge.host`
	}
	require.Len(t, list, 5)
	return list
}

// hostOf follows a browser's way: the registry names the manifest, the manifest the program, beside itself.
func hostOf(t *testing.T, key string) string {
	t.Helper()
	file := value(t, key, "@")
	require.NotEmpty(t, file, key)
	text, err := os.ReadFile(inWindows(file))
	require.NoError(t, err)
	var manifest struct {
		Path    string
		Origins []string `json:"allowed_origins"`
		Addons  []string `json:"allowed_extensions"`
	}
	require.NoError(t, json.Unmarshal(text, &manifest))
	if len(manifest.Addons) > 0 {
		require.Equal(t, []string{"cardbridge@cardbridge.tw"}, manifest.Addons)
	} else {
		require.Contains(t, manifest.Origins, "chrome-extension://"+ownID+"/")
	}
	require.NotContains(t, manifest.Path, `\`)
	return file[:strings.LastIndex(file, `\`)+1] + manifest.Path
}

// talks has the host of a browser answer as whose version it is.
func talks(t *testing.T, host string) {
	t.Helper()
	b := startHost(t, host).greet()
	require.Equal(t, true, b.call("status", map[string]any{"origin": "https://ecpa.dgpa.gov.tw"})["allowed"])
	b.leave()
}

// answers waits until the service does.
func answers(t *testing.T, host, version string) {
	t.Helper()
	eventually(t, "no host got through to the service: "+hostLog(t), func() bool {
		b := startHost(t, host).greet()
		b.leave()
		return !strings.Contains(b.said(), withoutAgent)
	})
	printed, _ := program(host, "doctor", "--json") // its code tells of the cards that Wine has not
	require.Contains(t, printed, `"agent"`)
	require.NotContains(t, printed, `"agentOther"`, "another version serves")
	require.NotContains(t, printed, `"agentNone"`)
	require.Contains(t, printed, `"`+version+`"`)
}

// state is all that a Windows holds: files, lines of the registry where programs and services have their places.
func state(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	base := inWindows(`C:\`)
	require.NoError(t, filepath.WalkDir(base, func(path string, _ os.DirEntry, err error) error {
		name, _ := filepath.Rel(base, path)
		all["file "+name] = true
		return err
	}))
	for n, root := range []string{`HKLM\Software`, `HKLM\System\CurrentControlSet\Services`, `HKCU\Software`} {
		printed, err := program("reg", "export", root, `C:\state.reg`, "/y")
		require.NoError(t, err, printed)
		text, err := os.ReadFile(inWindows(`C:\state.reg`))
		require.NoError(t, err)
		require.NoError(t, os.Remove(inWindows(`C:\state.reg`)))
		require.NotEmpty(t, text, n)
		key := ""
		for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\x00", ""), "\r\n") { // UTF-16 of what is ASCII mostly
			if strings.HasPrefix(line, "[") {
				key, line = line, ""
			}
			all["registry "+key+" "+line] = true
		}
	}
	return all
}

// without are the members of a that b has not; others' own are left out.
func without(a, b map[string]bool) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !b[name] && !others.MatchString(name) {
			list = append(list, name)
		}
	}
	return list
}

// others is what is not the package's: temporary files, the logs of this test and of the person who ran the host, the screen, the folders
// and keys in which Wine's installer keeps products, now empty, but for its own notes of the components that no table removes.
var others = regexp.MustCompile(`(?i)^file (msi\.log$|users/[^/]+/(AppData/Local/Temp|Temp)(/|$)|users/[^/]+/AppData/Local/CardBridge(/host\.log)?$|windows/(temp|Installer)(/|$))|` +
	`^registry \[HKEY_LOCAL_MACHINE\\(Software\\(Wow6432Node\\)?Policies|System\\CurrentControlSet\\Services\\Eventlog\\Application)\] $|` + // empty in Wine alone
	`^registry \[[^]]*\\Installer\\UserData\\S-1-5-18\\Components\\(82DB54D5A70368850B31D0E9278AEB07|DFCBF99CB7C1C6054914D4F18505E7B6)\] |` + // HostsChrome, HostsEdge
	`^registry \[[^]]*\\(Installer(\\(Features|Products|UpgradeCodes|UserData(\\S-1-5-18(\\(Components|Products))?)?))?|Explorer\\[^]]*|Wine\\Temporary [^]]*)\] `)
