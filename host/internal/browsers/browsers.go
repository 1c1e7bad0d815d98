// Package browsers places the host's manifest where each browser looks for it.
package browsers

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/manifests"
)

// Target says whose browsers are meant.
type Target struct {
	System     bool     // all users of the machine: administrators only
	Home       string   // the person's home folder, unless System
	Executable string   // the host's absolute path
	Host       string   // its name, tw.cardbridge.host
	Extensions []string // ids beside the released ones, from policy
	DataDir    string   // Windows: where the manifest files themselves lie
	// Only limits it to browsers of these ids; empty: all.
	Only []string
}

// Placed is one manifest: which browser, where.
type Placed struct {
	Browser string
	Path    string // file; on Windows the registry key
}

// ErrNoExtension says that there is no extension id to allow, so that a manifest would let nobody in.
var ErrNoExtension = errors.New("browsers: no extension id is known; put the id of your extension into extensions in the policy file")

// Register writes the manifest for every browser, whether it is installed or not: it may come later. It is idempotent. What was
// placed before an error stays, and is returned with it.
func Register(t Target) ([]Placed, error) {
	return t.each(func(place, file, family string) error {
		manifest, err := t.manifest(family)
		if err != nil {
			return err
		}
		return put(t, place, file, manifest)
	})
}

// Unregister removes what Register placed; nothing there is no error. A place that a browser outside Only shares stays.
func Unregister(t Target) ([]Placed, error) {
	return t.each(func(place, file, _ string) error {
		if t.shared(place) {
			return nil
		}
		return remove(t, place, file)
	})
}

// shared tells of a place that a browser which is not meant looks at too, as Brave does at Chrome's on Linux.
func (t Target) shared(place string) bool {
	list, err := manifests.Browsers()
	return err == nil && len(t.Only) > 0 && slices.ContainsFunc(list, func(b manifests.Browser) bool {
		return !slices.Contains(t.Only, b.ID) && t.place(b) == place
	})
}

// place is where a browser looks; "": the home folder is not known.
func (t Target) place(b manifests.Browser) string {
	places := placesOf(b)
	place := places.User
	if t.System {
		place = places.System
	}
	if !t.System && t.Home == "" && strings.Contains(place, "{home}") {
		return ""
	}
	return filepath.FromSlash(strings.ReplaceAll(place, "{home}", t.Home))
}

func (t Target) each(do func(place, file, family string) error) ([]Placed, error) {
	list, err := manifests.Browsers()
	if err != nil {
		return nil, err
	}
	var done []Placed
	for _, b := range list {
		if len(t.Only) > 0 && !slices.Contains(t.Only, b.ID) {
			continue
		}
		place := t.place(b)
		if place == "" {
			return done, fmt.Errorf("browsers: %s: the home folder is not known", b.Name)
		}
		if err := do(place, t.Host+".json", b.Family); err != nil {
			return done, fmt.Errorf("browsers: %s: %w", b.Name, err)
		}
		done = append(done, Placed{b.Name, location(place, t.Host)})
	}
	if len(done) == 0 {
		return nil, fmt.Errorf("browsers: none of %v is known", t.Only)
	}
	return done, nil
}

type hostManifest struct {
	Name              string   `json:"name"`
	Description       string   `json:"description"`
	Path              string   `json:"path"`
	Type              string   `json:"type"`
	AllowedOrigins    []string `json:"allowed_origins,omitzero"`
	AllowedExtensions []string `json:"allowed_extensions,omitzero"`
}

// isChromiumID is ^[a-p]{32}$.
func isChromiumID(s string) bool { return len(s) == 32 && strings.Trim(s, "abcdefghijklmnop") == "" }

// allowed are the ids of a family as its manifest lists them: Chromium's are origins with their slash, Firefox's the add-ons' own.
func (t Target) allowed(family string) (list []string, err error) {
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return nil, err
	}
	for _, id := range t.Extensions {
		if isChromiumID(id) {
			ids.Chromium = append(ids.Chromium, id)
		} else {
			ids.Firefox = append(ids.Firefox, id)
		}
	}
	if family == "firefox" {
		return ids.Firefox, nil
	}
	for _, id := range ids.Chromium {
		list = append(list, "chrome-extension://"+id+"/")
	}
	return list, nil
}

// manifest is the host's manifest in the family's shape.
func (t Target) manifest(family string) ([]byte, error) {
	list, err := t.allowed(family)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNoExtension
	}
	m := hostManifest{Name: t.Host, Description: "CardBridge 憑證通", Path: t.Executable, Type: "stdio"}
	if family == "firefox" {
		m.AllowedExtensions = list
	} else {
		m.AllowedOrigins = list
	}
	return json.Marshal(m, jsontext.WithIndent("  "))
}
