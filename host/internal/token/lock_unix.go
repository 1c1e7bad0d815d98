//go:build unix

package token

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// tryLock takes the advisory lock of that name, or says ErrBusy. It is the kernel's to release when the process dies.
func tryLock(dir, name string) (release func(), err error) { return flock(dir, name, syscall.LOCK_EX) }

// tryShare takes it together with others who share it.
func tryShare(dir, name string) (release func(), err error) { return flock(dir, name, syscall.LOCK_SH) }

func flock(dir, name string, how int) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("token: the folder for reader locks: %w", err)
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Getuid()) {
		return nil, fmt.Errorf("token: %s is not a folder of this user", dir)
	}
	f, err := os.OpenFile(filepath.Join(dir, name+lockSuffix), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("token: the lock of a reader: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		f.Close()
		if err == syscall.EWOULDBLOCK {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("token: the lock of a reader: %w", err)
	}
	return func() { f.Close() }, nil
}
