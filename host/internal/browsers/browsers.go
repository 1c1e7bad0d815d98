// Package browsers places the host's manifest where each browser looks for it.
package browsers

import (
	"errors"
	"fmt"
	"os"
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
	// Root is before the system's places; "" but in tests.
	Root string
}

// Placed is one manifest: which browser, where.
type Placed struct {
	Browser string
	Path    string // file; on Windows the registry key
}

// ErrNoExtension says that there is no extension id to allow, so that a manifest would let nobody in.
var ErrNoExtension = manifests.ErrNoExtension

// Register writes the manifest for every browser, whether it is installed or not: it may come later. It is idempotent. What was
// placed before an error stays, and is returned with it. Where a package has registered the host nothing is written (ErrPackaged).
func Register(t Target) ([]Placed, error) {
	switch list, err := t.packaged(); {
	case err != nil:
		return nil, err
	case slices.ContainsFunc(t.files(), list.names):
		return nil, ErrPackaged
	}
	return t.each(func(place, file, family string) error {
		manifest, err := t.manifest(family)
		if err != nil {
			return err
		}
		return put(t, place, file, manifest)
	})
}

// Unregister removes what Register placed; nothing there is no error. A place that a browser outside Only shares stays. What a
// package placed is the package's to remove: where there is nothing else it is ErrPackaged; a file that hid it gives way to it.
func Unregister(t Target) ([]Placed, error) {
	list, err := t.packaged()
	if err != nil {
		return nil, err
	}
	if files := t.files(); slices.ContainsFunc(files, list.names) && !slices.ContainsFunc(files, list.byHand) {
		return nil, ErrPackaged
	}
	return t.each(func(place, file, _ string) error {
		path := filepath.Join(place, file)
		switch {
		case list.holds(path):
			return errKept
		case t.shared(place):
			return nil
		}
		if err := remove(t, place, file); err != nil {
			return err
		}
		return list.restore(path)
	})
}

// shared tells of a place that a browser which is not meant looks at too, as Brave does at Chrome's on Linux.
func (t Target) shared(place string) bool {
	list, err := manifests.Browsers()
	return err == nil && len(t.Only) > 0 && slices.ContainsFunc(list, func(b manifests.Browser) bool {
		return !slices.Contains(t.Only, b.ID) && slices.Contains(t.places(b), place)
	})
}

// places are where a browser looks; none: the home folder is not known.
func (t Target) places(b manifests.Browser) []string {
	places := placesOf(b)
	switch {
	case t.System && places.System64 != "" && t.lib64():
		return []string{t.Root + places.System, t.Root + places.System64}
	case t.System:
		return []string{t.Root + places.System}
	case t.Home == "" && strings.Contains(places.User, "{home}"):
		return nil
	}
	return []string{filepath.FromSlash(strings.ReplaceAll(places.User, "{home}", t.Home))}
}

// lib64 tells of a system of Red Hat's or SUSE's family, whose 64-bit programs have a folder of their own: elsewhere it is missing, a
// link, or holds the loader alone.
func (t Target) lib64() bool {
	folder, err := os.Lstat(t.Root + "/usr/lib64")
	if err != nil || !folder.IsDir() {
		return false
	}
	_, err = os.Stat(t.Root + "/usr/lib64/libc.so.6")
	return err == nil
}

// files are all places that are meant.
func (t Target) files() (all []string) {
	_, _ = t.each(func(place, file, _ string) error { // whoever is asked next says what is wrong
		all = append(all, filepath.Join(place, file))
		return nil
	})
	return all
}

// errKept says that a place stays as it is, and is not to be told of.
var errKept = errors.New("browsers: kept")

// each does something at every place that is meant, and gives those where it was done.
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
		places := t.places(b)
		if len(places) == 0 {
			return done, fmt.Errorf("browsers: %s: the home folder is not known", b.Name)
		}
		for _, place := range places {
			err := do(place, t.Host+".json", b.Family)
			if errors.Is(err, errKept) {
				continue
			}
			if err != nil {
				return done, fmt.Errorf("browsers: %s: %w", b.Name, err)
			}
			done = append(done, Placed{b.Name, location(place, t.Host)})
		}
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
