package vpcd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// quickACK asks for an immediate ACK of what comes next.
func quickACK(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // closed: the read that follows says so
	}
	_ = raw.Control(func(fd uintptr) { // only speed is lost without it
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}

// dialIn dials within a network namespace. A socket stays in the namespace that it was made in, so
// the thread can go home at once.
func dialIn(netns, address string) (conn net.Conn, err error) {
	if netns == "" {
		return net.DialTimeout("tcp", address, dialTimeout)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Unlocked only once it is home: a thread that ends while locked is thrown away.
		runtime.LockOSThread()
		var home, there *os.File
		if home, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())); err != nil {
			return
		}
		defer home.Close()
		if there, err = os.Open(netns); err != nil {
			return
		}
		defer there.Close()
		if err = unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
			err = os.NewSyscallError("setns", err)
			return
		}
		if err = loopbackUp(); err == nil {
			conn, err = dialHere(address)
		}
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return conn, err
}

// dialHere connects on the calling thread. net.Dial may make its socket on another one, that is, in
// another namespace.
//
// vpcd's queue holds one connection, and vpcd looks at it only when the daemon polls: while a card that was pulled in the same
// poll still stands in it, a connection is neither made nor refused. The kernel would ask again after a second, we do at once.
func dialHere(address string) (net.Conn, error) {
	a, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(dialTimeout); ; {
		conn, err := connect(a, 20*time.Millisecond)
		if !errors.Is(err, syscall.EINPROGRESS) || time.Now().After(end) {
			return conn, err
		}
	}
}

func connect(a *net.TCPAddr, limit time.Duration) (net.Conn, error) {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(s), a.String())
	defer f.Close()
	to := &unix.SockaddrInet4{Port: a.Port}
	copy(to.Addr[:], a.IP.To4())
	_ = unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Usec: limit.Microseconds()})
	err = unix.Connect(s, to)
	if err == syscall.EINTR {
		err = syscall.EINPROGRESS // a second call would only say EALREADY
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	return net.FileConn(f)
}

// loopbackUp brings up the loopback interface of the calling thread's network namespace.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo))
}
