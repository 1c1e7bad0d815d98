package browsers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/manifests"
)

// packageList: the MSI has none.
const packageList = ""

func placesOf(b manifests.Browser) manifests.Places { return b.Windows }

func root(t Target) registry.Key {
	if t.System {
		return registry.LOCAL_MACHINE
	}
	return registry.CURRENT_USER
}

// manifestPath: one file for each family, since their shapes differ; the registry points to it.
func manifestPath(t Target, place, file string) string {
	if strings.Contains(place, "Mozilla") {
		file = strings.TrimSuffix(file, ".json") + ".firefox.json"
	}
	return filepath.Join(t.DataDir, file)
}

// Write writes the manifests alone, one for each family: the keys that lead there are the installer's.
func Write(t Target) error {
	for family, file := range map[string]string{"chromium": t.Host + ".json", "firefox": t.Host + ".firefox.json"} {
		manifest, err := t.manifest(family)
		if err == nil {
			err = os.WriteFile(filepath.Join(t.DataDir, file), manifest, 0o644)
		}
		if err != nil && !errors.Is(err, ErrNoExtension) { // the family's place stays as it is
			return err
		}
	}
	return nil
}

func put(t Target, place, file string, manifest []byte) error {
	if err := os.MkdirAll(t.DataDir, 0o755); err != nil {
		return err
	}
	path := manifestPath(t, place, file)
	if err := os.WriteFile(path, manifest, 0o644); err != nil {
		return err
	}
	key, _, err := registry.CreateKey(root(t), place+`\`+t.Host, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	return key.SetStringValue("", path)
}

func remove(t Target, place, file string) error {
	if err := registry.DeleteKey(root(t), place+`\`+t.Host); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	if err := os.Remove(manifestPath(t, place, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func location(place, host string) string { return place + `\` + host }
