// Package browsers places the host's manifest where each browser looks for it.
package browsers

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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
var ErrNoExtension = manifests.ErrNoExtension

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

// extensions are the released ids with the target's own.
func (t Target) extensions() (manifests.Extensions, error) {
	ids, err := manifests.ReleasedExtensions()
	for _, id := range t.Extensions {
		ids.Add(id)
	}
	return ids, err
}

// manifest is the host's manifest in the family's shape.
func (t Target) manifest(family string) ([]byte, error) {
	ids, err := t.extensions()
	if err != nil {
		return nil, err
	}
	return manifests.Host(family, t.Host, t.Executable, ids)
}
