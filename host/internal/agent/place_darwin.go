package agent

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

func inherited() (net.Listener, error) { return nil, nil }

func credentials(conn net.Conn) (uid uint32, pid int, err error) {
	err = control(conn, func(fd int) error {
		cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err != nil {
			return err
		}
		uid = cred.Uid
		pid, err = unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("agent: who is at the other end: %w", err)
	}
	return uid, pid, nil
}
