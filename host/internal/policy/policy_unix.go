//go:build unix

package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// openFlags: opening a FIFO must not wait for its writer.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// mostLinks is more than any system needs from the document's place to the file.
const mostLinks = 8

// ownedByAdministrator wants a regular file of root that nobody else can write, in folders of the same kind: a person's own file
// must not widen what portals may do, nor another file of root's that a person could move here. What is above the folder belongs
// to the system.
func ownedByAdministrator(f *os.File, path string) *Fault {
	info, err := f.Stat()
	if err != nil {
		return fault("unreadable", "", reason(err), "")
	}
	if !info.Mode().IsRegular() {
		return &Fault{Code: "notRegular"}
	}
	if bad := rootsAlone(info, "owner", "writable"); bad != nil {
		return bad
	}
	for range mostLinks {
		folder, err := os.Stat(filepath.Dir(path))
		if err != nil {
			return fault("unreadable", "", reason(err), "")
		}
		if bad := rootsAlone(folder, "folderOwner", "folderWritable"); bad != nil {
			return bad
		}
		target, err := os.Readlink(path)
		if err != nil {
			return nil // no link
		}
		if !filepath.IsAbs(target) {
			// a link is read from where its folder really is
			real, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return fault("unreadable", "", reason(err), "")
			}
			target = filepath.Join(real, target)
		}
		path = target
	}
	return fault("unreadable", "", "too many links", "")
}

func rootsAlone(info os.FileInfo, owner, writable string) *Fault {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !ownerAllowed(stat.Uid) {
		uid := "?"
		if ok {
			uid = strconv.FormatUint(uint64(stat.Uid), 10)
		}
		return fault(owner, "", "uid "+uid, "root")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fault(writable, "", fmt.Sprintf("%04o", info.Mode().Perm()), "")
	}
	return nil
}
