package logs

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// file is a log of bounded size: before a line would make it larger than most, it becomes path.1, whose predecessor goes.
// Several hosts write to the same one, a browser each: whoever finds it full sets it aside, the others see at their next line
// that theirs is another one now. No lock guards this: two that do it in the same moment may lose the older file.
//
// That is why it is not gopkg.in/natefinch/lumberjack.v2 (v2.2.1, 2023): "Lumberjack assumes that only one process is writing to the output
// files". It counts what it wrote itself, so each of several hosts would fill the file anew, and go on writing to the one that
// another has renamed.
type file struct {
	mu       sync.Mutex
	path     string
	most     int64
	f        *os.File // nil: could not be opened
	torn     bool     // the end of the file may be half a line of ours
	fallback io.Writer
}

func newFile(o Options, name string, fallback io.Writer) *file {
	l := &file{most: int64(cmp.Or(o.MaxMegabytes, DefaultMegabytes)) << 20, fallback: fallback}
	if o.Folder != "" {
		l.path = filepath.Join(o.Folder, name)
	}
	return l
}

// begin opens the log at once, so that what is wrong is told at once.
func (l *file) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open(0)
}

func (l *file) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
}

// attempts to find room: the other hosts may have filled it again.
const attempts = 10

// Write implements io.Writer. A line is one write, so that those of several hosts do not mix. What the file does not take (its
// folder was removed, the disk is full) goes to the fallback; the file is tried again at the next line.
func (l *file) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := 0; !l.fits(int64(len(line))); n++ {
		l.close()
		if n == attempts || l.open(int64(len(line))) != nil {
			return l.elsewhere(line)
		}
	}
	whole := line
	if l.torn {
		whole = append([]byte{'\n'}, line...)
	}
	n, err := l.f.Write(whole)
	if err == nil {
		l.torn = false
		return len(line), nil
	}
	l.torn = l.torn || n > 0
	return l.elsewhere(line)
}

func (l *file) elsewhere(line []byte) (int, error) {
	if l.fallback == nil {
		return len(line), nil
	}
	return l.fallback.Write(line)
}

// fits tells whether the file that is open has room, and is still the one at its path.
func (l *file) fits(more int64) bool {
	if l.f == nil {
		return false
	}
	info, err := l.f.Stat()
	if err != nil || (info.Size() > 0 && info.Size()+more > l.most) {
		return false
	}
	there, err := os.Stat(l.path)
	return err == nil && os.SameFile(info, there)
}

func (l *file) open(more int64) (err error) {
	if l.path == "" {
		return errNoFolder
	}
	if info, err := os.Stat(l.path); err == nil && info.Size() > 0 && info.Size()+more > l.most {
		setAside(l.path)
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	l.f, err = os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		l.f = nil
	}
	return err
}

func (l *file) close() {
	if l.f != nil {
		l.f.Close()
		l.f = nil
	}
}

// setAside copies where it cannot rename: Windows renames no file that another host has open. What fails shows in the size.
func setAside(path string) {
	if err := os.Rename(path, path+".1"); err == nil || errors.Is(err, fs.ErrNotExist) {
		return // by us, or by another host
	}
	if from, err := os.Open(path); err == nil {
		defer from.Close()
		if to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err == nil {
			_, _ = io.Copy(to, from)
			to.Close()
		}
	}
	_ = os.Truncate(path, 0)
}
