package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
)

// signs are where a browser's packages put it, what its sandboxed packages are called, where it keeps profiles.
// Windows has its own: find fills them in.
type signs struct {
	linux, darwin []string
	snap, flatpak string
	profiles      string // below the home folder, on Linux
}

var signsOf = map[string]signs{
	"chrome": {[]string{"/opt/google/chrome/chrome", "/usr/bin/google-chrome"}, []string{"/Applications/Google Chrome.app"},
		"", "com.google.Chrome", ".config/google-chrome"},
	"chromium": {[]string{"/usr/bin/chromium", "/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser"}, []string{"/Applications/Chromium.app"},
		"chromium", "org.chromium.Chromium", ".config/chromium"},
	"edge": {[]string{"/opt/microsoft/msedge/msedge", "/usr/bin/microsoft-edge"}, []string{"/Applications/Microsoft Edge.app"},
		"", "com.microsoft.Edge", ".config/microsoft-edge"},
	"brave": {[]string{"/opt/brave.com/brave/brave", "/usr/bin/brave-browser"}, []string{"/Applications/Brave Browser.app"},
		"brave", "com.brave.Browser", ".config/BraveSoftware/Brave-Browser"},
	"firefox": {[]string{"/usr/bin/firefox-esr", "/usr/lib/firefox/firefox", "/usr/lib64/firefox/firefox", "/opt/firefox/firefox"}, []string{"/Applications/Firefox.app"},
		"firefox", "org.mozilla.firefox", ".mozilla/firefox"},
}

// browser is one that is installed.
type browser struct {
	browsers.Spot
	signs
	program string
}

// spots has no error to tell: the data is embedded, tests read it.
func (v *visit) spots() []browsers.Spot {
	spots, _ := browsers.Spots(browsers.Target{Home: v.Home, Host: v.Host, Extensions: v.Policy.Extensions()})
	return spots
}

func (v *visit) installedBrowsers() (list []browser) {
	for _, spot := range v.spots() {
		if b, ok := v.find(spot); ok {
			list = append(list, b)
		}
	}
	return list
}

// installed tells which browsers are there, warns of those in a sandbox.
func installed(v *visit) {
	sandboxed := 0
	for _, spot := range v.spots() {
		s := signsOf[spot.ID]
		if v.System == "windows" {
			break // no such packages
		}
		for _, p := range []struct{ packaging, path string }{
			{"Snap", "/snap/" + s.snap + "/current"}, {"Flatpak", "/var/lib/flatpak/app/" + s.flatpak}, {"Flatpak", filepath.Join(v.Home, ".local/share/flatpak/app", s.flatpak)},
		} {
			if (p.packaging == "Flatpak" || s.snap != "") && v.exists(p.path) {
				sandboxed++
				v.tellOf(spot.ID, "browserSandboxed", p.path, "{name}", spot.Name, "{packaging}", p.packaging)
			}
		}
	}
	var names []string
	for _, b := range v.here {
		name := b.Name
		if version := v.versionOf(b); version != "" {
			name += " " + version
			if least := leastVersion[b.Family]; major(version) < least {
				v.tellOf(b.ID, "browserOld", "", "{name}", b.Name, "{version}", version, "{least}", strconv.Itoa(least))
			}
		}
		names = append(names, name)
	}
	switch {
	case len(names) > 0:
		v.tell("browsers", "", "{names}", strings.Join(names, ", "))
	case sandboxed == 0:
		v.tell("browserNone", "")
	}
}

// hostManifest is what browsers read of it; they pass over what else stands there.
type hostManifest struct {
	Name              string   `json:"name"`
	Path              string   `json:"path"`
	Type              string   `json:"type"`
	AllowedOrigins    []string `json:"allowed_origins"`
	AllowedExtensions []string `json:"allowed_extensions"`
}

func registered(v *visit) {
	for _, b := range v.here {
		v.manifest(b)
	}
}

// manifest judges the one that the browser takes: the person's own before the system's.
func (v *visit) manifest(b browser) {
	name := []string{"{name}", b.Name, "{browser}", b.ID}
	with := func(more ...string) []string { return slices.Concat(name, more) }
	if len(b.Allowed) == 0 && v.Policy.Fault() == nil {
		v.tellOf(b.ID, "manifestNoID", "", name...)
		return
	}
	path, system, err := v.taken(b)
	if err != nil && errors.Is(err, fs.ErrNotExist) {
		code := "manifestMissing"
		if !v.used(b) && slices.ContainsFunc(v.here, v.knows) {
			code = "manifestUnused"
		}
		v.tellOf(b.ID, code, path, name...)
		return
	}
	var raw []byte
	if err == nil {
		raw, err = v.read(path)
	}
	if err != nil {
		v.tellOf(b.ID, "manifestUnreadable", path, with("{reason}", reason(err))...)
		return
	}
	var m hostManifest
	if err := json.Unmarshal(raw, &m); err != nil {
		v.tellOf(b.ID, "manifestInvalid", path, with("{reason}", "JSON")...)
		return
	}
	if wrong := m.wrong(v.Host); wrong != "" {
		v.tellOf(b.ID, "manifestInvalid", path, with("{reason}", wrong)...)
		return
	}
	before := len(v.found)
	v.leadsHere(b, path, m, with)
	for _, id := range b.Allowed {
		if !slices.Contains(slices.Concat(m.AllowedOrigins, m.AllowedExtensions), id) {
			v.tellOf(b.ID, "manifestID", path, with("{id}", id)...)
		}
	}
	if file, err := v.lookUp(b.System, true); !system && err == nil {
		if other, err := v.read(file); err == nil && string(other) != string(raw) {
			v.tellOf(b.ID, "manifestShadow", path, name...)
		}
	}
	if len(v.found) == before {
		v.tellOf(b.ID, "manifest", path, name...)
	}
}

// used tells of a browser that this person has run, as its folder for profiles shows.
func (v *visit) used(b browser) bool {
	base := v.base(b)
	return v.System == "darwin" || base == "" || v.exists(base)
}

// knows tells of a browser that has some manifest of ours.
func (v *visit) knows(b browser) bool {
	_, _, err := v.taken(b)
	return !errors.Is(err, fs.ErrNotExist)
}

// taken is the file that a browser reads.
func (v *visit) taken(b browser) (path string, system bool, err error) {
	if b.User != "" && !v.systemOnly(b) {
		if path, err = v.lookUp(b.User, false); !errors.Is(err, fs.ErrNotExist) {
			return path, false, err
		}
	}
	path, err = v.lookUp(b.System, true)
	return path, true, err
}

// leads tells of a place that leads to a file which is there.
func (v *visit) leads(place string, system bool) bool {
	file, err := v.lookUp(place, system)
	return err == nil && v.exists(file)
}

func (m hostManifest) wrong(host string) string {
	switch {
	case m.Name != host:
		return "name"
	case m.Type != "stdio":
		return "type"
	}
	return ""
}

func (v *visit) leadsHere(b browser, path string, m hostManifest, with func(...string) []string) {
	program := programOf(path, m.Path)
	target, err := v.stat(program)
	self, _ := v.stat(v.Executable)
	switch {
	case err != nil || !filepath.IsAbs(program) || !target.Mode().IsRegular() || !runnable(program, target):
		v.tellOf(b.ID, "manifestPath", path, with("{path}", m.Path)...)
	case self != nil && !os.SameFile(self, target):
		v.tellOf(b.ID, "manifestOther", path, with("{path}", m.Path)...)
	}
}

// plainID is the id out of a manifest's origin.
func plainID(id string) string {
	return strings.TrimSuffix(strings.TrimPrefix(id, "chrome-extension://"), "/")
}
