//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
)

// ignoreCase begins a pattern of paths: here case matters.
const ignoreCase = ""

// find tells whether a browser is installed. One of Red Hat's or SUSE's 64-bit libraries' folder looks for manifests there, too.
func (v *visit) find(spot browsers.Spot) (browser, bool) {
	s := signsOf[spot.ID]
	places := s.linux
	if v.System == "darwin" {
		places = s.darwin
	}
	if i := slices.IndexFunc(places, v.exists); i >= 0 {
		if spot.System64 != "" && strings.HasPrefix(places[i], "/usr/lib64/") {
			spot.System = spot.System64
		}
		return browser{spot, s, places[i]}, true
	}
	return browser{}, false
}

// base is the folder of a browser's profiles; "": not known.
func (v *visit) base(b browser) string {
	if v.Home == "" {
		return ""
	}
	return filepath.Join(v.Home, b.profiles)
}

// noted is a browser's version as the system notes it: these do not.
func (v *visit) noted(browser) string { return "" }

// lookUp is the manifest at a browser's place, which is its path. Lstat: a link that leads nowhere is there, cannot be read.
func (v *visit) lookUp(place string, _ bool) (file string, err error) {
	_, err = os.Lstat(v.path(place))
	return place, err
}

// programOf is the program that a manifest names.
func programOf(_, program string) string { return program }

func runnable(_ string, info fs.FileInfo) bool { return info.Mode().Perm()&0o111 != 0 }

// policyPlace is where a person finds the browser's policies.
func policyPlace(b browser) string { return b.Policies }

// policyValues are a Chromium browser's policies: of one in several files of the folder the last file's counts.
func (v *visit) policyValues(b browser) (together map[string]jsontext.Value, places map[string]string, bad []unusable) {
	together = map[string]jsontext.Value{}
	names := v.names(b.Policies)
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(b.Policies, name)
		raw, err := v.read(path)
		var one map[string]jsontext.Value
		if err == nil {
			err = json.Unmarshal(raw, &one)
		}
		if err != nil {
			bad = append(bad, unusable{path, err})
		}
		for key, value := range one {
			together[key] = value
		}
	}
	return together, nil, bad
}

// firefoxSettings are Firefox's rules for extensions.
func (v *visit) firefoxSettings(b browser) (rules map[string]extensionRule, where string, err error) {
	rules, err = v.policiesJSON(b.Policies)
	return rules, b.Policies, err
}
