//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// keep remembers the highest peak of a row.
func (b *bench) keep(name string, mib float64) { b.peaks[name] = max(b.peaks[name], mib) }

// peakOf is VmHWM, in MiB; 0 when the process is gone.
func peakOf(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(raw, []byte("VmHWM:"))
	var kib float64
	_, _ = fmt.Sscan(string(rest), &kib)
	return kib / 1024
}

// memory logs in once with each module, watching the children while they live. Nothing is timed meanwhile.
func (b *bench) memory() error {
	for _, m := range b.modules {
		p, err := b.greeted(m)
		if err != nil {
			return err
		}
		stop := b.watch(p.cmd.Process.Pid, m.name)
		prompt, err := p.ask()
		if err == nil {
			err = p.answer(prompt, m.pin)
		}
		b.keep("peak memory: host, "+m.name, peakOf(p.cmd.Process.Pid))
		stop()
		if err != nil {
			return err
		}
		if err := p.end(); err != nil {
			return err
		}
	}
	return nil
}

// watch reads the peaks of a host's children again and again until stopped. What a child takes in its last tenth of a
// millisecond is not seen.
func (b *bench) watch(host int, module string) (stop func()) {
	var stopping atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !stopping.Load() {
			lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", host))
			for _, list := range lists {
				raw, _ := os.ReadFile(list)
				for child := range strings.FieldsSeq(string(raw)) {
					b.look(child, module)
				}
			}
		}
	}()
	return func() { stopping.Store(true); <-ended }
}

// look takes a child only when it bears its role: before exec it still has the host's memory.
func (b *bench) look(child, module string) {
	raw, _ := os.ReadFile("/proc/" + child + "/cmdline")
	_, role, ok := bytes.Cut(bytes.TrimRight(raw, "\x00"), []byte("token-"))
	var pid int
	if _, err := fmt.Sscan(child, &pid); !ok || err != nil {
		return
	}
	role, _, _ = bytes.Cut(role, []byte{0})
	b.keep(fmt.Sprintf("peak memory: %s, %s", role, module), peakOf(pid))
}
