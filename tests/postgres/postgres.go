// Package postgres starts throw-away PostgreSQL clusters for tests.
package postgres

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	superuser  = "cardbridge"
	startWait  = 60 * time.Second
	stopWait   = 30 * time.Second
	portTries  = 5
	readyMark  = "database system is ready to accept connections"
	lastLines  = 40
	newestLast = "/usr/lib/postgresql/*/bin"
)

// Options say how a cluster runs.
type Options struct {
	// Dir holds the cluster's own folder, which is removed at its end; empty: the system's temporary folder. The cluster's
	// user must be able to enter it.
	Dir string
	// Fsync makes commits wait for the disk. Tests do without; benchmarks do not.
	Fsync bool
}

// Cluster is a running server with its own folder, unix socket, loopback port.
type Cluster struct {
	dir, bin, password string
	port               int
	as                 owner
	server             *exec.Cmd
	ended              chan struct{} // closed when the server has ended
	log                *tail
}

// New makes a cluster, starts it, returns when it takes connections. It ends with Stop, also when this process dies.
func New(options Options) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(options.Dir, "cbpg")
	if err != nil {
		return nil, fmt.Errorf("no folder for the cluster: %w", err)
	}
	c := &Cluster{dir: dir, bin: bin, password: rand.Text(), as: as}
	if err := c.initdb(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range portTries { // between finding a free port and taking it another process may be faster
		if err = c.start(options.Fsync); err == nil {
			return c, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// binaries finds the newest installed server, then looks in PATH.
func binaries() (string, error) {
	found, err := filepath.Glob(filepath.Join(newestLast, "postgres"))
	if err != nil {
		return "", err
	}
	version := func(name string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(name))))
		return n
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	name, err := exec.LookPath("postgres")
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL server below %s, none in PATH; install postgresql: %w", newestLast, err)
	}
	return filepath.Dir(name), nil
}

func (c *Cluster) initdb() error {
	secret := filepath.Join(c.dir, "password")
	if err := os.WriteFile(secret, []byte(c.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(c.as.own(c.dir), c.as.own(secret)); err != nil {
		return err
	}
	cmd := c.command(context.Background(), "initdb", "-D", c.data(), "-U", superuser, "--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return os.Remove(secret)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// command runs as the cluster's user, in English: the log is read.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LC_MESSAGES=C", "PGPASSWORD="+c.password)
	c.as.become(cmd)
	return cmd
}

func (c *Cluster) start(fsync bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	c.port = port
	onOff := map[bool]string{true: "on", false: "off"}[fsync]
	cmd := c.command(context.Background(), "postgres", "-D", c.data(), "-p", strconv.Itoa(port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync="+onOff, "-c", "full_page_writes="+onOff, "-c", "max_connections=200")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	c.server, c.ended, c.log = cmd, make(chan struct{}), &tail{ready: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the parent-death signal when the thread that forked dies (prctl(2)): it stays with this goroutine.
		runtime.LockOSThread()
		defer close(c.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			c.log.read(stderr)
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	select {
	case <-c.log.ready:
		return nil
	case <-c.ended:
		return fmt.Errorf("postgres ended at its start: %s", c.log)
	case <-time.After(startWait):
		return errors.Join(fmt.Errorf("postgres is not ready after %v: %s", startWait, c.log), c.end())
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// URL addresses a database of the cluster over loopback TCP.
func (c *Cluster) URL(database string) string {
	address := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: "/" + database, RawQuery: "sslmode=disable"}
	return address.String()
}

// Create makes an empty database, gives its URL.
func (c *Cluster) Create(ctx context.Context, database string) (string, error) {
	cmd := c.command(ctx, "createdb", "-h", c.dir, "-p", strconv.Itoa(c.port), "-U", superuser, database)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("createdb: %w: %s", err, out)
	}
	return c.URL(database), nil
}

// Dump is pg_dump's text of a database: everything in it, for who looks for what must not be there.
func (c *Cluster) Dump(database string) (string, error) {
	out, err := c.command(context.Background(), "pg_dump", "-h", c.dir, "-p", strconv.Itoa(c.port), "-U", superuser, database).Output()
	if err != nil {
		return "", fmt.Errorf("pg_dump: %w", err)
	}
	return string(out), nil
}

// Stop ends the server and removes its folder.
func (c *Cluster) Stop() error { return errors.Join(c.end(), os.RemoveAll(c.dir)) }

// end asks for an immediate shutdown: nobody reads the data again.
func (c *Cluster) end() error {
	_ = quit(c.server.Process)
	select {
	case <-c.ended:
		return nil
	case <-time.After(stopWait):
		return errors.Join(fmt.Errorf("postgres did not end in %v: %s", stopWait, c.log), c.server.Process.Kill())
	}
}

// tail keeps the last lines of the server's log, sees when it is ready.
type tail struct {
	mu    sync.Mutex
	lines []string
	once  sync.Once
	ready chan struct{}
}

func (t *tail) read(from io.Reader) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		line := scanner.Text()
		t.mu.Lock()
		t.lines = append(t.lines, line)
		t.lines = t.lines[max(0, len(t.lines)-lastLines):]
		t.mu.Unlock()
		if strings.Contains(line, readyMark) {
			t.once.Do(func() { close(t.ready) })
		}
	}
	_, _ = io.Copy(io.Discard, from) // after an over-long line
}

// String is the log's end.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
