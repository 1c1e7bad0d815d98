package token

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// tryLock takes the advisory lock of that name, or says ErrBusy. It is the kernel's to release when the process dies.
func tryLock(dir, name string) (release func(), err error) {
	return lockFile(dir, name, windows.LOCKFILE_EXCLUSIVE_LOCK)
}

// tryShare takes it together with others who share it.
func tryShare(dir, name string) (release func(), err error) { return lockFile(dir, name, 0) }

func lockFile(dir, name string, how uint32) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("token: the folder for reader locks: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name+lockSuffix), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("token: the lock of a reader: %w", err)
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		f.Close()
		if err == windows.ERROR_LOCK_VIOLATION {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("token: the lock of a reader: %w", err)
	}
	return func() { f.Close() }, nil
}
