package policy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads the document at path, then on Windows what Group Policy puts on top of it. No document there: the built-in policy. One
// that cannot be used, or a value of the registry's: a Policy that permits nothing, with Err set. Load never falls back from a bad
// document to the built-in one. Links are followed, since some systems link all of /etc; each folder on the way is judged as the
// document's own.
func Load(path string) *Policy { return loadDocument(path).withRegistry(readRegistry()) }

func loadDocument(path string) *Policy {
	// a link that leads nowhere is a document that cannot be used, not the absence of one
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return &Policy{source: BuiltIn, doc: builtIn}
	}
	p := &Policy{source: path}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		p.invalid = fault("unreadable", "", reason(err), "")
		return p
	}
	defer f.Close()
	if p.invalid = ownedByAdministrator(f, path); p.invalid == nil {
		p.doc, p.invalid = decode(f)
	}
	return p
}

// Check judges a document as Draft does. At the installed document's place it judges as Load does, without what Group Policy puts on
// top.
func Check(path string) *Fault {
	if installed(path) {
		return loadDocument(Path()).invalid
	}
	_, bad := Draft(path)
	return bad
}

// Draft reads a document that is to be installed, whoever owns it, and gives the very text that it has judged: by its name another might
// be read the next time. It reads a regular file alone and follows no link: who checks another's draft as root must not read, or wait
// at, what its writer chose.
func Draft(path string) ([]byte, *Fault) {
	before, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, fault("unreadable", "", reason(err), "")
	case before.Mode()&fs.ModeSymlink != 0:
		return nil, &Fault{Code: "link"}
	case !before.Mode().IsRegular():
		return nil, &Fault{Code: "notRegular"}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, fault("unreadable", "", reason(err), "")
	}
	defer f.Close()
	// it may have been replaced meanwhile
	if after, err := f.Stat(); err != nil || !os.SameFile(before, after) {
		return nil, &Fault{Code: "notRegular"}
	}
	if installed(path) { // which is installed again: another's would become an administrator's
		if bad := ownedByAdministrator(f, path); bad != nil {
			return nil, bad
		}
	}
	text, bad := read(f)
	if bad == nil {
		_, bad = judge(text)
	}
	if bad != nil {
		return nil, bad
	}
	return text, nil
}

// installed tells whether path is the installed document, however it is spelled.
func installed(path string) bool {
	if full, err := filepath.Abs(path); err == nil && full == Path() {
		return true
	}
	this, err := os.Lstat(path)
	if err != nil {
		return false
	}
	there, err := os.Lstat(Path())
	return err == nil && os.SameFile(this, there)
}

// reason is an error without the path, which the reader has.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}
