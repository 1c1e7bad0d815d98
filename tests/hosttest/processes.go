package hosttest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Processes lists the running processes of a binary whose parent is, or was, that one; 0: any.
func Processes(binary string, parent int) (pids []int) {
	entries, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range entries {
		target, err := os.Readlink(exe)
		if err != nil || strings.TrimSuffix(target, " (deleted)") != binary {
			continue
		}
		var pid, ppid int
		var state string
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "stat"))
		if err != nil {
			continue
		}
		_, _ = fmt.Sscanf(string(stat[:bytes.IndexByte(stat, '(')]), "%d", &pid)
		_, _ = fmt.Sscanf(string(stat[bytes.LastIndexByte(stat, ')')+1:]), "%s %d", &state, &ppid)
		if state != "Z" && (parent == 0 || ppid == parent || ppid == 1) && pid != parent {
			pids = append(pids, pid)
		}
	}
	return pids
}
