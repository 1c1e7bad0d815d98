// Package setup does for the Windows Installer what its tables have no words for.
//
// It runs as the system, in folders that any user may have made first: nothing is followed, what is there is taken over.
package setup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mostBytes is more than any policy: the policy's own decoder has a narrower limit.
const mostBytes = 4 << 20

// Policy is where the document is in effect. Until Commit what was there before lies beside it.
type Policy struct{ Path string }

func (p Policy) before() string { return p.Path + ".before" }
func (p Policy) absent() string { return p.Path + ".absent" }

// Apply puts a document into effect, which was judged before, whole or not at all. It replaces what an administrator has put there: the
// administrator has asked for it.
func (p Policy) Apply(text []byte) error {
	if err := p.Commit(); err != nil { // what an installation left that was cut off
		return err
	}
	if err := p.remember(); err != nil {
		return err
	}
	return write(p.Path, text)
}

// remember keeps what is there for Undo.
func (p Policy) remember() error {
	text, err := read(p.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return write(p.absent(), nil)
	case err != nil:
		return err
	}
	return write(p.before(), text)
}

// elsewhere tells that the folder is a link, which Folder refuses: what lies behind it is none of ours.
func (p Policy) elsewhere() bool {
	info, err := os.Lstat(filepath.Dir(p.Path))
	return err == nil && !info.IsDir()
}

// Undo restores what was there before Apply; it may not have come so far.
func (p Policy) Undo() error {
	if p.elsewhere() {
		return nil
	}
	err := os.Rename(p.before(), p.Path)
	if _, none := os.Lstat(p.absent()); none == nil {
		err = os.Remove(p.Path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return p.Commit()
}

// Commit forgets what was there before, this time or when an installation was cut off.
func (p Policy) Commit() error {
	if p.elsewhere() {
		return nil
	}
	for _, name := range []string{p.before(), p.absent()} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("setup: %s is not a regular file", path), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("setup: %s is too large", path)
	}
	return text, err
}

// write makes a file anew beside its place, then puts it there: it belongs to who writes, whoever had the old one.
func write(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*.json")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync() // before the rename: after a loss of power there is the old one or the new one
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
