package logs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// file is a log of bounded size: before a line would make it larger than most, it becomes path.1, whose predecessor goes.
// Several hosts write to the same one, a browser each: whoever finds it full sets it aside, the others follow at their next
// line, since what they hold open is full too. No lock guards this: two that do it in the same moment may lose the older file.
type file struct {
	mu       sync.Mutex
	path     string
	most     int64
	f        *os.File // nil: could not be opened
	fallback io.Writer
}

// attempts to find room: the other hosts may have filled it again.
const attempts = 10

// Write implements io.Writer. A line is one write, so that those of several hosts do not mix.
func (l *file) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := 0; !l.fits(int64(len(line))); n++ {
		if n == attempts {
			return l.fallback.Write(line)
		}
		l.close()
		_ = l.open(int64(len(line))) // what failed does not fit
	}
	return l.f.Write(line)
}

func (l *file) fits(more int64) bool {
	if l.f == nil {
		return false
	}
	info, err := l.f.Stat()
	return err == nil && (info.Size() == 0 || info.Size()+more <= l.most)
}

func (l *file) open(more int64) (err error) {
	if info, err := os.Stat(l.path); err == nil && info.Size() > 0 && info.Size()+more > l.most {
		setAside(l.path)
	}
	l.f, err = os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return err // l.f is nil then
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
