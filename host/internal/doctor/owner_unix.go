//go:build unix

package doctor

import (
	"io/fs"
	"syscall"
)

// ownerOf is a file's owner, by the number.
func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
