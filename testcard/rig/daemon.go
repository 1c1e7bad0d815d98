//go:build linux

package rig

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cardbridge/cardbridge/testcard/vpcd"
)

// script runs as the first process of its PID namespace: when it ends, the kernel ends the daemon.
// It ends with its stdin, which Down closes, and which the kernel closes if our process is killed.
// (Pdeathsig will not do: it means the thread that forked, and Go's threads come and go.)
//
// Our drivers' folder hides the machine's: real cards are not for tests.
const script = `set -e
[ -d /run/pcscd ] || { mount -t tmpfs none /run; mkdir /run/pcscd; }
mount --bind "$0/run" /run/pcscd
mount --bind "$0/drivers" /usr/lib/pcsc/drivers
set +e
RIG_BUS="$0/bus" LD_PRELOAD="$0/bus.so" "$1" -f -i -c "$0/conf" </dev/null &
read -r _; exit 0`

// process is the script with the daemon.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{} // closed once err is set
	err   error
}

func (p *process) hasEnded() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Up starts the daemon again after Down or Kill. The readers that are plugged in are empty and known to it when Up returns.
func (r *Rig) Up() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.daemon != nil {
		return nil
	}
	for _, f := range []string{"pcscd.comm", "pcscd.pid"} {
		if err := os.Remove(filepath.Join(r.dir, "run", f)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := r.openBus(); err != nil {
		return err
	}
	p, err := r.launch()
	if err != nil {
		return errors.Join(err, r.bus.Close())
	}
	r.daemon = p
	netns := fmt.Sprintf("/proc/%d/ns/net", p.cmd.Process.Pid)
	count := 0
	r.events = [2]uint32{}
	for i := range r.readers {
		r.readers[i] = vpcd.NewReader(net.JoinHostPort("127.0.0.1", fmt.Sprint(firstPort+i)), netns)
		if r.plugged[i] {
			count++
			err = errors.Join(err, r.announce("add", i))
		}
	}
	if err == nil {
		err = r.wait(p, func(s []ReaderState) bool {
			return len(s) == count && r.listens(0) == r.plugged[0] && r.listens(1) == r.plugged[1]
		})
	}
	if err != nil {
		_ = r.down() // the first error says more
		return fmt.Errorf("rig: the PC/SC daemon does not come up; its own words: %q: %w", r.Log(), err)
	}
	return nil
}

func (r *Rig) launch() (*process, error) {
	log, err := os.OpenFile(r.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-c", script, r.dir, program)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWPID,
		Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, // Go makes the mounts private first
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w (%w)", ErrNamespaces, err)
	} else if err != nil {
		return nil, fmt.Errorf("rig: start the PC/SC daemon: %w", err)
	}
	p := &process{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Down stops the daemon. Cards leave their readers, then the daemon and all that it holds are gone.
func (r *Rig) Down() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down()
}

func (r *Rig) down() error {
	p := r.daemon
	if p == nil {
		return nil
	}
	for _, x := range r.readers {
		x.Remove()
	}
	return r.stopped()
}

// Freeze stops the daemon where it is (SIGSTOP), as one that hangs, until thaw is called.
func (r *Rig) Freeze() (thaw func() error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pcscd, err := r.pcscd()
	if err != nil {
		return nil, err
	}
	return func() error { return pcscd.Signal(syscall.SIGCONT) }, pcscd.Signal(syscall.SIGSTOP)
}

// pcscd is the daemon's own process, below the script's.
func (r *Rig) pcscd() (*os.Process, error) {
	if r.daemon == nil {
		return nil, ErrDown
	}
	script := r.daemon.cmd.Process.Pid
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", script, script))
	if err != nil {
		return nil, err
	}
	var pid int
	if _, err := fmt.Sscan(string(raw), &pid); err != nil {
		return nil, fmt.Errorf("rig: the PC/SC daemon has ended already; its own words: %q: %w", r.Log(), err)
	}
	return os.FindProcess(pid)
}

// Kill kills the daemon (SIGKILL) with the cards in their readers; they lose their power by its death.
func (r *Rig) Kill() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	pcscd, err := r.pcscd()
	if err != nil {
		return err
	}
	if err := pcscd.Kill(); err != nil {
		return err
	}
	for end := time.Now().Add(patience); r.anyCard(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return errors.Join(errors.New("rig: a card still has power after the daemon's death"), r.stopped())
		}
	}
	return r.stopped()
}

func (r *Rig) anyCard() bool {
	return r.readers[0].Card() != nil || r.readers[1].Card() != nil
}

// stopped ends the script, with it what is left of the daemon.
func (r *Rig) stopped() error {
	p := r.daemon
	r.daemon = nil
	_ = r.bus.Close()
	_ = p.stdin.Close() // the script may have ended already; its own error is what counts
	// The script's own end is quick; the kill is for one that hangs in a mount.
	kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.done
	if p.err != nil {
		return fmt.Errorf("rig: the PC/SC daemon ended badly; its own words: %q: %w", r.Log(), p.err)
	}
	return nil
}
