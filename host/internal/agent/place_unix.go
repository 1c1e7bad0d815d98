//go:build unix

package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Place is where the agent listens. In a release nothing moves it.
func Place() string { return socketPath() }

// dial reaches the agent's socket and makes sure of who listens: only the system can put a socket into a folder of root's, and
// the kernel says who listened there (systemd, for a socket that it hands on).
func dial(ctx context.Context) (net.Conn, error) {
	path := socketPath()
	folder, err := os.Lstat(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("agent: the folder of its socket: %w", err)
	}
	if stat, ok := folder.Sys().(*syscall.Stat_t); !ok || !folder.IsDir() || !trusted(stat.Uid) || folder.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%w: the folder %s", ErrImpostor, filepath.Dir(path))
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNone
	case err != nil:
		return nil, fmt.Errorf("agent: its socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%w: %s is no socket", ErrImpostor, path)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("agent: reaching it: %w", err)
	}
	uid, _, err := credentials(conn)
	if err == nil && !trusted(uid) {
		err = fmt.Errorf("%w: uid %d listens", ErrImpostor, uid)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// ErrRunning says that another agent listens already.
var ErrRunning = errors.New("agent: another one is running")

// Installed tells whether there is an agent's place at all.
func Installed() bool {
	_, err := os.Lstat(socketPath())
	return err == nil
}

// Listen gives the system's listener: the one that the service manager opened and keeps (activated), else one at Place. There a
// socket of an agent that crashed is replaced, one that answers is not.
func Listen() (listener net.Listener, activated bool, err error) {
	if l, err := inherited(); l != nil || err != nil {
		return l, true, err
	}
	l, err := listen()
	return l, false, err
}

func listen() (net.Listener, error) {
	path := socketPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("agent: the folder of its socket: %w", err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, ErrRunning
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		_ = os.Remove(path) // Listen says why, if it could not be removed
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("agent: listening: %w", err)
	}
	// everybody may knock; who is served is decided by what the kernel says of them
	if err := os.Chmod(path, 0o666); err != nil {
		l.Close()
		return nil, fmt.Errorf("agent: its socket: %w", err)
	}
	return l, nil
}

// PeerOf says whose process is at the other end.
func PeerOf(conn net.Conn) (Peer, error) {
	uid, pid, err := credentials(conn)
	return Peer{User: fmt.Sprint(uid), PID: pid}, err
}

// control runs ask with the connection's descriptor.
func control(conn net.Conn, ask func(fd int) error) error {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	var asked error
	if err := raw.Control(func(fd uintptr) { asked = ask(int(fd)) }); err != nil {
		return err
	}
	return asked
}
