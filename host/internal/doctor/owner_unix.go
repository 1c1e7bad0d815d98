//go:build unix

package doctor

import (
	"cmp"
	"io/fs"

	"github.com/cardbridge/cardbridge/host/internal/owner"
)

// replaceable names the file or folder on the way to a module that somebody else than root could replace.
func (v *visit) replaceable(path string) (string, bool) {
	uid := owner.Kernel
	if v.Owner != nil {
		uid = func(path string, _ fs.FileInfo) (int, bool) { return v.Owner(path) }
	}
	at, err := owner.Replaceable(cmp.Or(v.Root, "/"), v.path(path), uid)
	return at, err == nil && at != ""
}
