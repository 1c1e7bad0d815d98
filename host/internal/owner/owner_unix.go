//go:build unix

package owner

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// OnlyAdministrators says which file or folder on the way to path somebody else than root could replace; nil: none. Links are followed
// first: it is the file itself that is loaded.
func OnlyAdministrators(path string) error {
	at, err := Replaceable("/", path, Kernel)
	if err == nil && at != "" {
		err = fmt.Errorf("%s may be replaced by others than root", at)
	}
	return err
}

// Replaceable is the file or folder on the way from the folder root to path that somebody else than root could replace, "" if there is
// none. Links are followed first. uid tells who owns a file; who is not known counts as anybody.
func Replaceable(root, path string, uid func(path string, info fs.FileInfo) (uid int, known bool)) (string, error) {
	top, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	at, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	for ; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return "", err
		}
		// in a sticky folder nobody renames another's file, but somebody could have put a folder there first
		if id, known := uid(at, info); !known || id != 0 || info.Mode().Perm()&0o022 != 0 || info.Mode()&fs.ModeSymlink != 0 {
			return at, nil
		}
		if at == top || filepath.Dir(at) == at {
			return "", nil
		}
	}
}

// Kernel is a file's owner as the kernel says it.
func Kernel(_ string, info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
