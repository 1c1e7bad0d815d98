//go:build unix

package secret

import (
	"fmt"
	"io/fs"
)

func private(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: others may read it (mode %04o); chmod 600", path, info.Mode().Perm())
	}
	return nil
}
