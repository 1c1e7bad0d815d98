//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The rows of the agent; each is compared with the same without it.
const (
	throughAgent = ", through the agent"
	startAgent   = startHost + throughAgent
	activate     = "start to hello: the first, which starts the agent"
	agentMemory  = "peak memory: agent"
	relayMemory  = "peak memory: relay"
)

// activator holds the agent's socket as systemd does: whoever comes first has the agent started, which gets the listener.
type activator struct {
	listener *net.UnixListener
	socket   string
	command  func(listener *os.File) *exec.Cmd
	closing  atomic.Bool
	closed   chan error

	mu     sync.Mutex
	ended  *sync.Cond
	agent  *exec.Cmd // what runs now, if anything
	starts int
}

// listen makes the socket; this uid counts as at the computer.
func listen(socket string, command func(listener *os.File) *exec.Cmd) (*activator, error) {
	err := errors.Join(os.MkdirAll(filepath.Dir(socket), 0o755), os.WriteFile(socket+".active", fmt.Appendln(nil, os.Getuid()), 0o644))
	if err != nil {
		return nil, err
	}
	a := &activator{socket: socket, command: command, closed: make(chan error, 1)}
	a.ended = sync.NewCond(&a.mu)
	if a.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"}); err != nil {
		return nil, err
	}
	go func() { a.closed <- a.serve() }()
	return a, nil
}

// serve waits for somebody to come while no agent runs. Nothing is accepted here.
func (a *activator) serve() error {
	file, err := a.listener.File()
	if err != nil {
		return err
	}
	defer file.Close()
	for !a.closing.Load() {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLIN}}, 100) // so often it looks whether it is closed
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			if err := a.runAgent(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// runAgent lasts as long as one agent.
func (a *activator) runAgent(file *os.File) error {
	a.mu.Lock()
	cmd := a.command(file)
	if err := cmd.Start(); err != nil {
		a.mu.Unlock()
		return err
	}
	a.agent = cmd
	a.starts++
	a.mu.Unlock()
	err := cmd.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.agent = nil
	a.ended.Broadcast()
	return err
}

// pid is that of the agent that runs now, 0 if none does.
func (a *activator) pid() (pid, starts int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.agent == nil {
		return 0, a.starts
	}
	return a.agent.Process.Pid, a.starts
}

// end has the agent end, as the service manager does; the socket goes on.
func (a *activator) end() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.agent == nil {
		return nil
	}
	err := a.agent.Process.Signal(syscall.SIGTERM)
	for err == nil && a.agent != nil {
		a.ended.Wait()
	}
	return err
}

func (a *activator) close() error {
	a.closing.Store(true)
	err := errors.Join(a.end(), <-a.closed)
	return errors.Join(err, a.listener.Close(), os.Remove(a.socket+".active"))
}

// service is the agent's process: no home of a person, its socket as sd_listen_fds(3) says. A shell puts in its own number, then becomes
// the agent; it takes a fraction of a millisecond.
func (b *bench) service(listener *os.File) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" service run`, b.relay)
	for _, variable := range b.modules[0].env {
		if !strings.HasPrefix(variable, "HOME=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "LISTEN_FDS=1", "RUNTIME_DIRECTORY="+filepath.Join(b.dir, "cardbridge"))
	cmd.ExtraFiles = []*os.File{listener}
	cmd.Stderr = b.agentLog
	return cmd
}

// agentItems are measured with an agent that is there already, but for the first connection.
func (b *bench) agentItems(rounds int, against floors) (items []item) {
	against[startAgent], against[activate] = startHost, startHost
	items = append(items,
		item{[]string{startAgent}, rounds, func() ([]time.Duration, error) { return b.start(startAgent, b.relay, caller) }},
		item{[]string{activate}, rounds / 4, b.activated},
	)
	for i, m := range b.modules {
		direct := "PIN to signature: " + m.name
		against[direct+throughAgent] = direct
		items = append(items, item{[]string{direct + throughAgent}, rounds / (2 + i), func() ([]time.Duration, error) { return b.signBy(b.relay, m) }})
	}
	return items
}

// activated is from a relay's start to the answer to hello where no agent runs yet.
func (b *bench) activated() ([]time.Duration, error) {
	if pid, _ := b.activator.pid(); pid != 0 {
		b.keep(agentMemory, peakOf(pid))
	}
	if err := b.activator.end(); err != nil {
		return nil, err
	}
	_, before := b.activator.pid()
	took, err := b.start(activate, b.relay, caller)
	if _, after := b.activator.pid(); err == nil && after != before+1 {
		err = fmt.Errorf("%d agents were started, not 1", after-before)
	}
	return took, err
}

// relays makes sure that what was measured went through the agent, by what hosts and the agent logged.
func (b *bench) relays() error {
	log, err := os.ReadFile(filepath.Join(b.dir, "state", "cardbridge", "host.log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i := bytes.Index(log, []byte("without the agent")); i >= 0 {
		return fmt.Errorf("a relay went without the agent: %s", log[max(0, i-400):i])
	}
	signed, err := os.ReadFile(b.agentLog.Name())
	if err == nil && !bytes.Contains(signed, []byte(`"outcome":"done"`)) {
		err = errors.New("the agent signed nothing")
	}
	return err
}
