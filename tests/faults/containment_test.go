package faults

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// everywhere has a fault happen in each phase of a login, then demands that the next one works.
func everywhere(t *testing.T, fault string, codes map[phase]string) {
	l := newLane(t)
	the := l.insert(t, "citizen")
	h := l.start(t)
	for p, call := range map[phase]string{scan: "C_GetTokenInfo", prepare: "C_OpenSession", login: "C_GetSlotInfo", sign: "C_Sign"} {
		l.set(t)
		_, answer := h.Login(nil)
		w := h.Prompt("pin")
		l.set(t, fmt.Sprintf("%s %s %s", call, conditions[p], fault))
		if p == scan || p == prepare {
			h.Answer(w, map[string]any{"action": "cancel"})
			requireCode(t, "userCancelled", h.Await(answer))
			_, answer = h.Login(nil)
			var m *hosttest.Message
			if w, m = h.Next(answer); m == nil && w.State == "wait" {
				require.Equal(t, codes[p], w.Reason)
				l.set(t)
				h.Answer(w, map[string]any{"action": "retry"})
				w = h.Prompt("pin")
			} else if m != nil {
				requireCode(t, codes[p], *m)
				continue
			}
		}
		h.PIN(w, the.PIN)
		m := h.Await(answer)
		if want := codes[p]; want != "" && p != scan {
			requireCode(t, want, m)
		} else {
			require.Nil(t, m.Error, p)
		}
		requireClosed(t, the)
	}
	l.set(t)
	loginOn(t, h, the)
	require.Equal(t, 3, the.State().PINTries)
}

func loginOn(t *testing.T, h *hosttest.Host, the *deck.Card) {
	t.Helper()
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

func TestAbortAndExit(t *testing.T) {
	failed := map[phase]string{scan: "moduleFailed", prepare: "moduleFailed", login: "moduleFailed", sign: "moduleFailed"}
	for _, fault := range []string{"abort", "exit 0", "exit 3"} {
		t.Run(fault, func(t *testing.T) { everywhere(t, fault, failed) })
	}
}

// hosttest fails on the first byte that is no frame.
func TestModulesThatTalk(t *testing.T) { everywhere(t, "print", nil) }

// A child that grows is refused memory, or dies; the host does not grow with it.
func TestMemoryWithoutEnd(t *testing.T) {
	failed := map[phase]string{scan: "moduleFailed", prepare: "moduleFailed", login: "moduleFailed", sign: "moduleFailed"}
	most := make(chan int, 1)
	stop := make(chan struct{})
	go func() {
		highest := 0
		for {
			select {
			case <-stop:
				most <- highest
				return
			case <-time.After(2 * time.Millisecond):
				for _, pid := range hosttest.Processes(world.binary, 0) {
					highest = max(highest, data(pid))
				}
			}
		}
	}()
	everywhere(t, "grow", failed)
	close(stop)
	highest := <-most
	require.Greater(t, highest, 20<<20, "nothing was measured")
	require.Less(t, highest, 600<<20, "a child may have half a GiB")
}

// data is a process's private memory in bytes, touched or not; 0 if it is gone.
func data(pid int) (pages int) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, resident, shared, text, lib int
	_, _ = fmt.Sscan(string(raw), &size, &resident, &shared, &text, &lib, &pages)
	return pages * os.Getpagesize()
}

// Files that are no modules for this machine.
func TestFilesThatAreNoModules(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "citizen")
	raw, err := os.ReadFile(l.module.Path)
	require.NoError(t, err)
	write := func(name string, edit func([]byte) []byte) string {
		path := filepath.Join(l.home, name+".so")
		require.NoError(t, os.WriteFile(path, edit(append([]byte(nil), raw...)), 0o755))
		return path
	}
	for name, c := range map[string]struct{ path, code string }{
		"missing":      {filepath.Join(l.home, "missing.so"), "noModule"},
		"empty":        {write("empty", func([]byte) []byte { return nil }), "moduleInvalid"},
		"text":         {write("text", func([]byte) []byte { return []byte("not a library\n") }), "moduleInvalid"},
		"cut off":      {write("cut", func(b []byte) []byte { return b[:200] }), "moduleInvalid"},
		"another CPU":  {write("cpu", func(b []byte) []byte { binary.LittleEndian.PutUint16(b[18:], foreignCPU(b)); return b }), "moduleInvalid"},
		"32 bits":      {write("32", func(b []byte) []byte { b[4] = 1; return b }), "moduleInvalid"},
		"a folder":     {l.home, "moduleInvalid"},
		"no functions": {"/lib/x86_64-linux-gnu/libc.so.6", "moduleInvalid"},
	} {
		t.Run(name, func(t *testing.T) {
			l.policy(t, map[string]any{"modules": []string{c.path}})
			h := l.start(t)
			_, answer := h.Login(nil)
			p := h.Prompt("wait")
			require.Equal(t, c.code, p.Reason)
			h.Answer(p, map[string]any{"action": "cancel"})
			requireCode(t, "userCancelled", h.Await(answer))
			h.Close()
			// beside one that works it is in nobody's way
			l.policy(t, map[string]any{"modules": []string{c.path, l.module.Path}})
			loginOn(t, l.start(t), the)
		})
	}
}

// foreignCPU is another e_machine than the file's: EM_AARCH64, or EM_X86_64 on such a machine.
func foreignCPU(elf []byte) uint16 {
	const amd64, arm64 = 62, 183
	if binary.LittleEndian.Uint16(elf[18:]) == arm64 {
		return amd64
	}
	return arm64
}

// Whatever a module hangs in, a host that is killed leaves no process, no PC/SC connection, no verified card.
func TestAKilledHostLeavesNothing(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "citizen")
	for p, call := range map[phase]string{scan: "C_FindObjects", prepare: "C_OpenSession", login: "C_Login", sign: "C_Sign"} {
		t.Run(string(p), func(t *testing.T) {
			require.NoError(t, l.module.Forget())
			l.set(t)
			h := l.start(t)
			rule := fmt.Sprintf("%s %s hang", call, conditions[p])
			if p == scan || p == prepare {
				l.set(t, rule)
				h.Login(nil)
			} else {
				h.Login(nil)
				w := h.Prompt("pin")
				require.NoError(t, l.module.Forget())
				l.set(t, rule)
				h.PIN(w, the.PIN)
			}
			require.Eventually(t, func() bool { return l.called(t, p, call) }, hosttest.Patience, time.Millisecond)
			require.NotEmpty(t, hosttest.Processes(world.binary, h.Cmd.Process.Pid))
			require.NoError(t, h.Cmd.Process.Signal(syscall.SIGKILL))
			h.Wait() // which demands that no process is left
			require.Empty(t, hosttest.Processes(world.binary, 0))
			require.Eventually(t, func() bool { return !the.State().Verified }, hosttest.Patience, 5*time.Millisecond)
		})
	}
	l.set(t)
	loginOn(t, l.start(t), the)
}

// called tells that a child of that phase is in the call.
func (l *lane) called(t *testing.T, p phase, name string) bool {
	t.Helper()
	calls, err := l.module.Calls()
	require.NoError(t, err)
	for _, c := range calls {
		if c.Name == name && strings.Contains(conditions[p], c.Role) {
			return true
		}
	}
	return false
}
