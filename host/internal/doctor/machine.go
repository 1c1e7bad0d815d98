package doctor

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// mostBytes is more than any manifest or policy of a browser needs.
const mostBytes = 1 << 20

// path is where a path of the machine really lies.
func (v *visit) path(path string) string {
	if v.Root == "" {
		return path
	}
	return filepath.Join(v.Root, path)
}

func (v *visit) stat(path string) (fs.FileInfo, error) { return os.Stat(v.path(path)) }

func (v *visit) exists(path string) bool {
	_, err := v.stat(path)
	return err == nil
}

// names lists a folder; one that is not there or not readable has none.
func (v *visit) names(path string) (names []string) {
	entries, _ := os.ReadDir(v.path(path))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = errors.New("larger than 1 MiB")
)

// read gives a regular file's bytes. Opening must not wait for a pipe's writer: who examines as root reads people's folders.
func (v *visit) read(path string) ([]byte, error) {
	flags := os.O_RDONLY
	if runtime.GOOS != "windows" {
		flags |= syscall.O_NONBLOCK
	}
	f, err := os.OpenFile(v.path(path), flags, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errNotRegular, err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(raw) > mostBytes {
		err = errTooLarge
	}
	return raw, err
}

// reason is an error without the path, which stands beside it.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// shown is a path or text as it may leave the computer: the home folder says who the person is.
func (v *visit) shown(s string) string {
	if v.homes == nil {
		v.homes = v.homeForms()
	}
	for _, home := range v.homes {
		s = home.ReplaceAllString(s, "~$1")
	}
	if v.Root != "" {
		s = strings.ReplaceAll(s, v.Root, "")
	}
	return s
}

func (v *visit) homeForms() []*regexp.Regexp {
	forms := []*regexp.Regexp{}
	for _, home := range []string{v.path(v.Home), v.Home} {
		if v.Home != "" && filepath.Dir(home) != home {
			forms = append(forms, regexp.MustCompile(ignoreCase+regexp.QuoteMeta(home)+`([^\pL\pN._-]|$)`))
		}
	}
	return forms
}

// form is a pattern that is compiled when it is first needed: each start of the host would pay for one that stands in a variable.
func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// inBrackets is where PC/SC's names of readers have the interface, the device's serial number.
var inBrackets = form(`\s*[(\[][^)\]]*[)\]]`)

// readerName is a reader's name without its serial number.
func readerName(name string) string { return inBrackets().ReplaceAllString(name, "") }
