package hosttest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// KeptLogs is where the logs of all hosts of a test run are kept, to be searched when it is over (tests/redaction).
func KeptLogs() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "build", "test-logs")
}

// most is how much of one file is kept; a host's log is smaller.
const most = 8 << 20

var (
	unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	kept       sync.Map // homes whose log is kept already, by test
	outputs    atomic.Int64
)

// keepLogs keeps what hosts in that home logged, when t and its other hosts are over: a test that knows what must stand in
// its log still finds it there.
func keepLogs(t testing.TB, home string) {
	if _, known := kept.LoadOrStore(fmt.Sprintf("%p %s", t, home), true); !known {
		t.Cleanup(func() {
			for _, name := range []string{"host.log", "host.log.1", "service.log", "service.log.1"} {
				path := filepath.Join(home, "state", "cardbridge", name)
				if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > most {
					continue // a test put a device there, whose reading has no end
				}
				if text, err := os.ReadFile(path); err == nil {
					keep(t, filepath.Base(home)+"-"+name, text)
				}
			}
		})
	}
}

// keep writes a text below KeptLogs, under the names of the test's program and of the test: the next run replaces it.
func keep(t testing.TB, name string, text []byte) {
	folder := filepath.Join(KeptLogs(), filepath.Base(os.Args[0]))
	file := filepath.Join(folder, unsafeName.ReplaceAllString(t.Name()+"-"+name, "_"))
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(file, text[:min(len(text), most)], 0o644)
	}
	if err != nil {
		t.Errorf("the log cannot be kept: %v", err)
	}
}
