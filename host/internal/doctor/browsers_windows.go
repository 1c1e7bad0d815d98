package doctor

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sys/windows"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
)

// ignoreCase begins a pattern of paths: here case does not matter.
const ignoreCase = "(?i)"

// marks are where a browser is noted: its program below App Paths, its name among the start menu's browsers, the key of its
// version; and the folder of its profiles, below the local application data, Firefox's below the roaming ones.
type marks struct{ program, menu, version, profiles string }

var marksOf = map[string]marks{
	"chrome":   {"chrome.exe", "google chrome", `SOFTWARE\Google\Chrome\BLBeacon`, `Google\Chrome\User Data`},
	"chromium": {"chrome.exe", "chromium", `SOFTWARE\Chromium\BLBeacon`, `Chromium\User Data`},
	"edge":     {"msedge.exe", "microsoft edge", `SOFTWARE\Microsoft\Edge\BLBeacon`, `Microsoft\Edge\User Data`},
	"brave":    {"brave.exe", "brave", `SOFTWARE\BraveSoftware\Brave-Browser\BLBeacon`, `BraveSoftware\Brave-Browser\User Data`},
	"firefox":  {"firefox.exe", "firefox", "", `Mozilla\Firefox\Profiles`},
}

const (
	appPaths  = `SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\`
	startMenu = `SOFTWARE\Clients\StartMenuInternet`
)

// find tells whether a browser is installed: some key names its program, which is there.
func (v *visit) find(spot browsers.Spot) (browser, bool) {
	m := marksOf[spot.ID]
	for _, h := range []hive{personal, common} {
		for _, program := range h.programs(m) {
			ours := strings.Contains(strings.ToLower(program), `\chromium\`) == (spot.ID == "chromium") // Chromium's is a chrome.exe too
			if ours && v.exists(program) {
				return browser{spot, signs{profiles: m.profiles}, program}, true
			}
		}
	}
	return browser{}, false
}

func (h hive) programs(m marks) (list []string) {
	if program, err := h.text(appPaths+m.program, ""); err == nil {
		list = append(list, strings.Trim(program, `"`))
	}
	for _, name := range h.keys(startMenu) { // with a mark of the installation behind: Firefox-308046B0AF4A39CB, Chromium.ABC
		plain, _, _ := strings.Cut(strings.ToLower(name), ".")
		plain, _, _ = strings.Cut(plain, "-")
		if command, err := h.text(startMenu+`\`+name+`\shell\open\command`, ""); err == nil && plain == m.menu {
			list = append(list, strings.Trim(command, `"`))
		}
	}
	return list
}

// base is the folder of a browser's profiles; "": not known.
func (v *visit) base(b browser) string {
	id := windows.FOLDERID_LocalAppData
	if b.Family == "firefox" {
		id = windows.FOLDERID_RoamingAppData
	}
	folder, err := windows.KnownFolderPath(id, windows.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return ""
	}
	return filepath.Join(folder, b.profiles)
}

// noted is a browser's version as it has noted it in the registry: one of Chromium's family when this person ran it last.
func (v *visit) noted(b browser) string {
	key, name := marksOf[b.ID].version, "version"
	if b.Family == "firefox" {
		key, name = `SOFTWARE\Mozilla\Mozilla Firefox`, "CurrentVersion"
	}
	for _, h := range []hive{personal, common} {
		text, _ := h.text(key, name)
		first, _, _ := strings.Cut(text, " ") // Firefox: 140.5.0 (x64 zh-TW)
		if version := inForm(first); version != "" {
			return version
		}
	}
	return ""
}

// lookUp is the manifest to which a browser's key leads; the key itself if there is none.
func (v *visit) lookUp(key string, system bool) (file string, err error) {
	h := personal
	if system {
		h = common
	}
	file, err = h.text(key, "")
	if err != nil {
		return h.place(key), err
	}
	return file, nil
}

// programOf is the program that a manifest names, beside itself if it likes.
func programOf(manifest, program string) string {
	if program == "" || filepath.IsAbs(program) {
		return program
	}
	return filepath.Join(filepath.Dir(manifest), program)
}

func runnable(program string, _ fs.FileInfo) bool {
	return slices.Contains([]string{".exe", ".bat", ".cmd", ".com"}, strings.ToLower(filepath.Ext(program)))
}

// policyPlace is where a person finds the browser's policies.
func policyPlace(b browser) string { return common.place(b.Policies) }

// policyValues are a browser's policies: the computer's count before the person's.
func (v *visit) policyValues(b browser) (together map[string]jsontext.Value, places map[string]string, bad []unusable) {
	together, places = map[string]jsontext.Value{}, map[string]string{}
	for _, h := range []hive{personal, common} {
		key := b.Policies
		found, unread := h.policies(key)
		bad = append(bad, unread...)
		maps.Copy(together, found)
		for name := range found {
			places[name] = h.place(key + `\` + name)
		}
	}
	return together, places, bad
}

// firefoxSettings are Firefox's rules for extensions: the registry's count before those of the file in its folder.
func (v *visit) firefoxSettings(b browser) (rules map[string]extensionRule, where string, err error) {
	values, places, bad := v.policyValues(b)
	if raw, given := values["ExtensionSettings"]; given {
		return rules, places["ExtensionSettings"], json.Unmarshal(raw, &rules)
	}
	for _, u := range bad {
		return nil, u.path, u.err
	}
	where = filepath.Join(filepath.Dir(b.program), "distribution", "policies.json")
	if rules, err = v.policiesJSON(where); errors.Is(err, fs.ErrNotExist) {
		return nil, policyPlace(b), nil
	}
	return rules, where, err
}
