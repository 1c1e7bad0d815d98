// Package manifests is the data of browsers' manifests.
package manifests

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed browsers.json
var browsersJSON []byte

//go:embed extensions.json
var extensionsJSON []byte

// extensionIDs are set by a release's build (-X): the ids that the stores, or the holder of the packing key, gave, with commas between.
var extensionIDs string

// Places are where a browser looks on one OS: folders, on Windows registry keys. Policies is where it takes the administrator's:
// a folder of JSON files, a registry key, on macOS a preference domain; Firefox on Linux has one file.
type Places struct {
	User     string `json:"user"`
	System   string `json:"system"`
	Policies string `json:"policies"`
	// System64 is where 64-bit builds of Fedora, RHEL and openSUSE look instead of System; "": there, too, in System.
	System64 string `json:"system64,omitzero"`
}

// Browser is one line of browsers.json. Family is chromium or firefox: they differ in the manifest's shape.
type Browser struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Family  string `json:"family"`
	Linux   Places `json:"linux"`
	Darwin  Places `json:"darwin"`
	Windows Places `json:"windows"`
}

// Browsers gives browsers.json.
func Browsers() ([]Browser, error) {
	var file struct {
		Comment  string    `json:"comment"`
		Browsers []Browser `json:"browsers"`
	}
	err := json.Unmarshal(browsersJSON, &file, json.RejectUnknownMembers(true))
	return file.Browsers, err
}

// Extensions are the ids that a host's manifest may list.
type Extensions struct {
	Comment  string   `json:"comment"`
	Chromium []string `json:"chromium"`
	Firefox  []string `json:"firefox"`
}

// ReleasedExtensions gives extensions.json with the ids that the build was given; under the build tag dev also the id of the unpacked
// folder.
func ReleasedExtensions() (Extensions, error) {
	var ids Extensions
	err := json.Unmarshal(extensionsJSON, &ids, json.RejectUnknownMembers(true))
	for id := range strings.SplitSeq(extensionIDs, ",") {
		ids.Add(id)
	}
	ids.Chromium = append(ids.Chromium, devChromium...)
	return ids, err
}

// Add puts an id to those of its family, unless it is there; "" is none.
func (e *Extensions) Add(id string) {
	switch {
	case id == "", slices.Contains(e.Chromium, id), slices.Contains(e.Firefox, id):
	case IsChromiumID(id):
		e.Chromium = append(e.Chromium, id)
	default:
		e.Firefox = append(e.Firefox, id)
	}
}

// Allowed are the ids as a manifest of the family lists them: Chromium's are origins with their slash, Firefox's the add-ons' own.
func (e Extensions) Allowed(family string) []string {
	if family == "firefox" {
		return e.Firefox
	}
	var list []string
	for _, id := range e.Chromium {
		list = append(list, "chrome-extension://"+id+"/")
	}
	return list
}

// IsChromiumID is ^[a-p]{32}$.
func IsChromiumID(s string) bool { return len(s) == 32 && strings.Trim(s, "abcdefghijklmnop") == "" }

// ErrNoExtension says that there is no extension id to allow, so that a manifest would let nobody in.
var ErrNoExtension = errors.New("manifests: no extension id is known")

// hostManifest is Chrome's "native messaging host manifest"; Firefox's differs in the last member.
type hostManifest struct {
	Name              string   `json:"name"`
	Description       string   `json:"description"`
	Path              string   `json:"path"`
	Type              string   `json:"type"`
	AllowedOrigins    []string `json:"allowed_origins,omitzero"`
	AllowedExtensions []string `json:"allowed_extensions,omitzero"`
}

// Host is the host's manifest for browsers of a family. program is its absolute path; on Windows it may be relative to the manifest.
func Host(family, name, program string, ids Extensions) ([]byte, error) {
	list := ids.Allowed(family)
	if len(list) == 0 {
		return nil, ErrNoExtension
	}
	m := hostManifest{Name: name, Description: "CardBridge 憑證通", Path: program, Type: "stdio"}
	if family == "firefox" {
		m.AllowedExtensions = list
	} else {
		m.AllowedOrigins = list
	}
	return json.Marshal(m, jsontext.WithIndent("  "))
}
