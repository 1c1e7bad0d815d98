//go:build unix

package browsers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// put replaces the file whole, so that a browser never reads half of it.
func put(t Target, place, file string, manifest []byte) error {
	mode := os.FileMode(0o700)
	if t.System {
		mode = 0o755
	}
	if err := os.MkdirAll(place, mode); err != nil {
		return err
	}
	temp, err := os.CreateTemp(place, file+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(manifest)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(place, file))
}

func remove(_ Target, place, file string) error {
	if err := os.Remove(filepath.Join(place, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func location(place, host string) string { return filepath.Join(place, host+".json") }
