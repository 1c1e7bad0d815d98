package browsers

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// ErrPackaged says that a package has registered the host for the whole computer: its manager takes that back.
var ErrPackaged = errors.New("browsers: a package has registered the host")

// packagedPlaces are the places that a package lists, each with the file of the package that it is a link to.
type packagedPlaces map[string]string

// mostListed bounds the list: a real one has some hundred bytes.
const mostListed = 1 << 16

// packaged reads the package's list; nothing: there is no package, or it is about one person's browsers.
func (t Target) packaged() (packagedPlaces, error) {
	if !t.System || packageList == "" {
		return nil, nil
	}
	file, err := os.Open(t.Root + packageList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("browsers: the package's places: %w", err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, mostListed+1))
	if err == nil && len(raw) > mostListed {
		err = errors.New("too large")
	}
	if err != nil {
		return nil, fmt.Errorf("browsers: the package's places: %s: %w", packageList, err)
	}
	list := packagedPlaces{}
	for line := range strings.Lines(string(raw)) {
		if target, place, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			list[t.Root+place] = target
		}
	}
	return list, nil
}

// names tells whether a file is the package's to place.
func (l packagedPlaces) names(file string) bool {
	_, ok := l[file]
	return ok
}

// holds tells whether the package's link is at a place.
func (l packagedPlaces) holds(file string) bool {
	target, err := os.Readlink(file)
	return err == nil && l.names(file) && target == l[file]
}

// restore puts the package's link where a file of somebody's hid it.
func (l packagedPlaces) restore(file string) error {
	target, ok := l[file]
	if !ok {
		return nil
	}
	return os.Symlink(target, file)
}

// byHand tells whether there is a file that is not the package's link.
func (l packagedPlaces) byHand(file string) bool {
	_, err := os.Lstat(file)
	return err == nil && !l.holds(file)
}
