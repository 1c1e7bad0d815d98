//go:build unix

package policy

import (
	"fmt"
	"os"
	"syscall"
)

// ownedByAdministrator wants a regular file of root that nobody else can write: a person's own file must not widen what
// portals may do.
func ownedByAdministrator(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || !ok {
		return fmt.Errorf("not a regular file")
	}
	if !ownerAllowed(stat.Uid) {
		return fmt.Errorf("owned by uid %d; it must belong to root", stat.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("mode %04o; only root may write it (chmod go-w)", info.Mode().Perm())
	}
	return nil
}
