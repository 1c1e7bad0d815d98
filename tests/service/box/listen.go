//go:build linux

package box

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Listen opens a port in the box, at which this process answers: a socket stays in the namespace that it was made in. address is in
// numbers, so that the socket is made on the thread that asks.
func (b *Box) Listen(address string) (l net.Listener, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l, err = b.listenHere(address)
	}()
	<-done
	return l, err
}

// listenHere goes into the box's namespace and home again. A thread that cannot go home ends with its goroutine, and whatever it had
// started, too.
func (b *Box) listenHere(address string) (net.Listener, error) {
	there, err := os.Open(b.Net())
	if err != nil {
		return nil, err
	}
	defer there.Close()
	runtime.LockOSThread()
	home, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err == nil {
		defer home.Close()
		err = os.NewSyscallError("setns", unix.Setns(int(there.Fd()), unix.CLONE_NEWNET))
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return l, os.NewSyscallError("setns", err)
	}
	runtime.UnlockOSThread()
	return l, err
}
