// Package manifests is the data of browsers' manifests.
package manifests

import (
	_ "embed"

	"github.com/go-json-experiment/json"
)

//go:embed browsers.json
var browsersJSON []byte

//go:embed extensions.json
var extensionsJSON []byte

// Places are where a browser looks on one OS: folders, on Windows registry keys.
type Places struct {
	User   string `json:"user"`
	System string `json:"system"`
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

// ReleasedExtensions gives extensions.json; under the build tag dev also the id of the unpacked folder.
func ReleasedExtensions() (Extensions, error) {
	var ids Extensions
	err := json.Unmarshal(extensionsJSON, &ids, json.RejectUnknownMembers(true))
	ids.Chromium = append(ids.Chromium, devChromium...)
	return ids, err
}
