package doctor

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/protocol"
)

// leastVersion is the oldest browser of a family that takes the extension, as the extension's manifest says.
var leastVersion = map[string]int{"chromium": 121, "firefox": 128}

// firefoxFolders are where Firefox's packages put application.ini, which says its version.
var firefoxFolders = []string{"/usr/lib/firefox-esr", "/usr/lib/firefox", "/usr/lib64/firefox", "/opt/firefox"}

var (
	plainVersion = form(`^\s*([0-9]{1,5}(\.[0-9]{1,5}){0,3})\s*$`)
	iniVersion   = form(`(?m)^Version=([0-9]{1,5}(\.[0-9]{1,5}){0,3})`)
	plistVersion = form(`<key>CFBundleShortVersionString</key>\s*<string>([0-9]{1,5}(\.[0-9]{1,5}){0,3})`)
)

// versionOf is a browser's version from its own files; it is not run. On Linux Chromium's packages say none: the file is the one
// that it wrote when this person ran it last. "": not known.
func (v *visit) versionOf(b browser) string {
	if version := v.noted(b); version != "" {
		return version
	}
	type source struct {
		path string
		form func() *regexp.Regexp
	}
	var sources []source
	switch {
	case v.System == "darwin":
		for _, app := range b.darwin {
			sources = append(sources, source{filepath.Join(app, "Contents", "Info.plist"), plistVersion})
		}
	case b.Family == "firefox":
		for _, folder := range firefoxFolders {
			sources = append(sources, source{filepath.Join(folder, "application.ini"), iniVersion})
		}
	case v.base(b) != "":
		sources = append(sources, source{filepath.Join(v.base(b), "Last Version"), plainVersion})
	}
	for _, s := range sources {
		raw, err := v.read(s.path)
		if m := s.form().FindSubmatch(raw); err == nil && m != nil {
			return string(m[1])
		}
	}
	return ""
}

func major(version string) int {
	first, _, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(first) // digits, by the form
	return n
}

// installation is the extension in one profile.
type installation struct {
	version   string // "": not known
	protocols []int  // nil: not known
	disabled  bool
}

// extensions tells of the profiles in which ours is installed. Whoever uses one browser need not have it in another.
func extensions(v *visit) {
	if v.System == "darwin" || v.Home == "" || len(v.here) == 0 {
		return
	}
	total := 0
	for _, b := range v.here {
		base := v.base(b)
		var versions []string
		count := 0
		for _, profile := range v.names(base) {
			i, ok := v.installation(b, filepath.Join(base, profile))
			if !ok {
				continue
			}
			count++
			if version := i.version; version != "" && !slices.Contains(versions, version) {
				versions = append(versions, version)
			}
			v.judge(b, filepath.Join(base, profile), i)
		}
		if total += count; count > 0 {
			slices.Sort(versions)
			if len(versions) == 0 {
				versions = []string{"?"}
			}
			v.tellOf(b.ID, "extension", base, "{name}", b.Name, "{count}", strconv.Itoa(count), "{versions}", strings.Join(versions, ", "))
		}
	}
	if total == 0 && v.Policy.Fault() == nil { // else its ids are not known
		v.tell("extensionMissing", "")
	}
}

func (v *visit) judge(b browser, profile string, i installation) {
	if i.disabled {
		v.tellOf(b.ID, "extensionDisabled", profile, "{name}", b.Name)
	}
	if len(i.protocols) > 0 && !slices.Contains(i.protocols, protocol.Version) {
		v.tellOf(b.ID, "extensionProtocol", profile, "{name}", b.Name, "{version}", i.version,
			"{protocols}", numbers(i.protocols), "{ours}", strconv.Itoa(protocol.Version))
	}
}

func numbers(list []int) string {
	words := make([]string, 0, len(list))
	for _, n := range list {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ", ")
}

// installation looks for any of our ids in a profile's folder.
func (v *visit) installation(b browser, profile string) (i installation, ok bool) {
	for _, allowed := range b.Allowed {
		id := plainID(allowed)
		if b.Family == "firefox" {
			if v.exists(filepath.Join(profile, "extensions", id+".xpi")) {
				return v.addon(profile, id), true
			}
			continue
		}
		if folder := filepath.Join(profile, "Extensions", id); v.exists(folder) {
			return v.unpacked(folder), true
		}
	}
	return installation{}, false
}

// addon is what Firefox has noted of an add-on.
func (v *visit) addon(profile, id string) (i installation) {
	var list struct {
		Addons []struct {
			ID       string `json:"id"`
			Version  string `json:"version"`
			Disabled bool   `json:"userDisabled"`
		} `json:"addons"`
	}
	raw, err := v.read(filepath.Join(profile, "extensions.json"))
	if err != nil || json.Unmarshal(raw, &list) != nil {
		return i
	}
	for _, a := range list.Addons {
		if a.ID == id {
			i.disabled = a.Disabled
			i.version = inForm(a.Version)
		}
	}
	return i
}

// protocolsLine is where the extension's script says which protocol numbers it speaks; a test reads the real one.
var protocolsLine = form(`(?m)^export const PROTOCOLS = \[([0-9, ]{1,100})\];`)

// unpacked is what stands in the newest of the folders that Chromium has unpacked, one for each version.
func (v *visit) unpacked(folder string) (i installation) {
	names := v.names(folder)
	if len(names) == 0 {
		return i
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(parts(a), parts(b)) })
	newest := filepath.Join(folder, names[len(names)-1])
	var manifest struct {
		Version string `json:"version"`
	}
	if raw, err := v.read(filepath.Join(newest, "manifest.json")); err == nil && json.Unmarshal(raw, &manifest) == nil {
		i.version = inForm(manifest.Version)
	}
	raw, err := v.read(filepath.Join(newest, "background", "hostlink.js"))
	if m := protocolsLine().FindSubmatch(raw); err == nil && m != nil {
		for word := range strings.SplitSeq(string(m[1]), ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(word)); err == nil {
				i.protocols = append(i.protocols, n)
			}
		}
	}
	return i
}

// parts makes 1.10.0_0 larger than 1.9.0_0.
func parts(name string) (list []int) {
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '_' }) {
		n, _ := strconv.Atoi(part)
		list = append(list, n)
	}
	return list
}

// inForm is a version that is one, else "": it stands in a report.
func inForm(version string) string {
	if m := plainVersion().FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return ""
}
