//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startWait = 30 * time.Second
	stopWait  = 40 * time.Second // more than the portal gives requests in flight
)

// process is one portal.
type process struct {
	cmd     *exec.Cmd
	address string // http://127.0.0.1:…
	log     bytes.Buffer
	ended   chan error
}

// filled gives a fresh database with every holder, every card bound.
func (b *bench) filled(ctx context.Context, place *databases) (string, error) {
	address, err := place.fresh(ctx)
	if err != nil {
		return "", err
	}
	if err := b.importFile(ctx, address, "personnel", b.world.personnel); err != nil {
		return "", err
	}
	return address, b.importFile(ctx, address, "bindings", b.world.bindings)
}

func (b *bench) importFile(ctx context.Context, address, kind, file string) error {
	out, err := exec.CommandContext(ctx, b.portal, "import", kind, "-database", address, "-secret", b.world.secret, file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("portal import %s: %w: %s", kind, err, out)
	}
	return nil
}

// start runs a portal on a free port. All of them have one origin, as behind a proxy.
func (b *bench) start(ctx context.Context, address string, limits ...string) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := listener.Addr().String()
	if err := listener.Close(); err != nil { // between this and the portal's own Listen nobody else is likely to take it
		return nil, err
	}
	p := &process{address: "http://" + at, ended: make(chan error, 1)}
	args := append([]string{"serve", "-listen", at, "-origin", origin, "-trust", b.world.trust, "-database", address, "-secret", b.world.secret,
		"-revocation", "crl", "-limit-address", "0"}, limits...)
	p.cmd = exec.CommandContext(ctx, b.portal, args...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = &head{to: &p.log}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewReader(stdout)
		var first struct{ Origin string }
		line, err := lines.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &first)
		}
		ready <- err
		_, _ = io.Copy(io.Discard, lines) // so that it never waits for a reader
		p.ended <- p.cmd.Wait()
	}()
	select {
	case err = <-ready:
	case <-time.After(startWait):
		err = errors.New("not ready in time")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("portal serve: %w", err), p.stop(), errors.New(p.log.String()))
	}
	return p, nil
}

// stop asks it to end, as a service manager does.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		return err
	case <-time.After(stopWait):
		return errors.Join(errors.New("portal serve: it did not end when asked to"), p.cmd.Process.Kill())
	}
}

// memory is its resident set in MiB (proc(5): VmRSS).
func (p *process) memory() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("no VmRSS in its status")
}

// head keeps the first 16 KiB of a log: enough to say why a portal did not start.
type head struct{ to *bytes.Buffer }

func (l *head) Write(data []byte) (int, error) {
	if l.to.Len() < 16<<10 {
		l.to.Write(data)
	}
	return len(data), nil
}
