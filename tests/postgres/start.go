package postgres

import (
	"fmt"
	"sync"
	"testing"
)

// shared is the one cluster of a test binary; it runs while somebody uses it.
var shared struct {
	mu      sync.Mutex
	cluster *Cluster
	users   int
	made    int // databases
}

// Run is for TestMain: the tests share one cluster to the end, instead of each starting its own.
//
//	func TestMain(m *testing.M) { os.Exit(postgres.Run(m)) }
func Run(m *testing.M) int {
	shared.mu.Lock()
	shared.users++
	shared.mu.Unlock()
	code := m.Run()
	if err := release(); err != nil {
		return max(code, 1)
	}
	return code
}

// Start gives the URL of a fresh, empty database. Its cluster, without fsync, ends with its last user.
func Start(t testing.TB) string {
	t.Helper()
	address, _ := StartDump(t)
	return address
}

// StartDump is Start with a function that gives pg_dump's text of the database.
func StartDump(t testing.TB) (address string, dump func() (string, error)) {
	t.Helper()
	cluster, name, err := acquire()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	address, err = cluster.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return address, func() (string, error) { return cluster.Dump(name) }
}

func acquire() (*Cluster, string, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.cluster == nil {
		cluster, err := New(Options{})
		if err != nil {
			return nil, "", err
		}
		shared.cluster = cluster
	}
	shared.users++
	shared.made++
	return shared.cluster, fmt.Sprintf("test%d", shared.made), nil
}

func release() error {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.users--
	if shared.users > 0 || shared.cluster == nil {
		return nil
	}
	cluster := shared.cluster
	shared.cluster = nil
	return cluster.Stop()
}
