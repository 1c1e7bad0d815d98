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
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		// in a sticky folder nobody renames another's file, but somebody could have put a folder there first
		if !ok || stat.Uid != 0 || info.Mode().Perm()&0o022 != 0 || info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s may be replaced by others than root", at)
		}
		if filepath.Dir(at) == at {
			return nil
		}
	}
}
