package policy

import (
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/manifests"
)

// The limits of what is read: far more than anybody's portals need.
const (
	mostValues = 2000 // below one key
	mostKeys   = 100
	mostData   = 64 << 10 // of one value
)

// view: the key has no other for programs of 32 bits, but a program of 32 bits would be led to one.
const view = registry.WOW64_64KEY

var (
	errManyValues = errors.New("too many values or keys")
	errLarge      = errors.New("a value is too large")
)

// readRegistry reads all that stands at the policies' key, two levels deep; nothing: there is no such key.
func readRegistry() ([]entry, *Fault) {
	entries, below, err := readKey("")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for i := 0; err == nil && i < len(below); i++ {
		var inner []entry
		var deeper []string
		inner, deeper, err = readKey(below[i])
		entries = append(entries, inner...)
		for _, name := range deeper { // there is nothing to read at that depth, so that it is a mistake
			entries = append(entries, entry{key: below[i], name: name + `\`})
		}
		if errors.Is(err, fs.ErrNotExist) { // Group Policy has just taken it back
			err = nil
		}
	}
	if err != nil {
		f := fault("unreadable", "", err.Error(), "")
		f.Registry = Registry
		return nil, f
	}
	return entries, nil
}

// readKey reads the values of one key, the names of those below.
func readKey(name string) (entries []entry, below []string, err error) {
	path := manifests.GroupPolicyKey
	if name != "" {
		path += `\` + name
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS|view)
	if err != nil {
		return nil, nil, err
	}
	defer k.Close()
	values, err := atMost(mostValues, k.ReadValueNames)
	if err != nil {
		return nil, nil, err
	}
	if below, err = atMost(mostKeys, k.ReadSubKeyNames); err != nil {
		return nil, nil, err
	}
	buf := make([]byte, mostData)
	for _, value := range values {
		n, kind, err := k.GetValue(value, buf)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, registry.ErrShortBuffer):
			return nil, nil, errLarge
		case err != nil:
			return nil, nil, err
		}
		entries = append(entries, entry{key: name, name: value, kind: kind, data: append([]byte(nil), buf[:n]...)})
	}
	return entries, below, nil
}

func atMost(most int, read func(int) ([]string, error)) ([]string, error) {
	names, err := read(most + 1)
	if err != nil && !errors.Is(err, io.EOF) { // io.EOF: there are fewer
		return nil, err
	}
	if len(names) > most {
		return nil, errManyValues
	}
	return names, nil
}
