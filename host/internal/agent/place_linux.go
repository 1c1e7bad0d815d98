package agent

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// inherited is the listener that systemd opened for us (sd_listen_fds(3)), nil if there is none.
func inherited() (net.Listener, error) {
	list, err := activation.Listeners()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if l, ok := list[0].(*net.UnixListener); ok && len(list) == 1 {
		return l, nil
	}
	return nil, fmt.Errorf("agent: systemd passed %d sockets; one unix socket is wanted", len(list))
}

func credentials(conn net.Conn) (uid uint32, pid int, err error) {
	var cred *unix.Ucred
	err = control(conn, func(fd int) (err error) {
		cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("agent: who is at the other end: %w", err)
	}
	return cred.Uid, int(cred.Pid), nil
}
