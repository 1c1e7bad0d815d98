package faults

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

var operations = flag.Int("operations", 500, "how many operations the leak test does; make soak does more")

// use is what a process holds.
type use struct{ descriptors, threads, resident int }

func usage(t *testing.T, h *hosttest.Host) (u use) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", h.Cmd.Process.Pid)
	list, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	tasks, err := os.ReadDir(proc + "/task")
	require.NoError(t, err)
	status, err := os.ReadFile(proc + "/status")
	require.NoError(t, err)
	_, rss, found := strings.Cut(string(status), "VmRSS:")
	require.True(t, found)
	_, err = fmt.Sscan(rss, &u.resident)
	require.NoError(t, err)
	u.descriptors, u.threads = len(list), len(tasks)
	return u
}

// zombies counts the children that nobody waited for, of whatever program.
func zombies(h *hosttest.Host) (n int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		raw, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		var state string
		var parent int
		_, _ = fmt.Sscanf(string(raw[bytes.LastIndexByte(raw, ')')+1:]), "%s %d", &state, &parent)
		if parent == h.Cmd.Process.Pid && state == "Z" {
			n++
		}
	}
	return n
}

// day is the mixture of operations, over and over: one in ten meets a module that dies.
var day = []func(*testing.T, *lane, *hosttest.Host, *deck.Card){
	func(t *testing.T, _ *lane, h *hosttest.Host, the *deck.Card) { loginOn(t, h, the) },
	func(t *testing.T, _ *lane, h *hosttest.Host, _ *deck.Card) { usable(t, h) },
	func(t *testing.T, _ *lane, h *hosttest.Host, _ *deck.Card) { // a PIN that is too short, then closed
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), "1")
		h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	},
	func(t *testing.T, _ *lane, h *hosttest.Host, _ *deck.Card) { // the page leaves at any moment
		id, answer := h.Login(nil)
		h.Notify("cancel", map[string]any{"id": id})
		for {
			p, m := h.Next(answer)
			if m != nil {
				requireCode(t, "cancelled", *m)
				return
			}
			require.Equal(t, "pin", p.State)
		}
	},
	func(t *testing.T, _ *lane, h *hosttest.Host, the *deck.Card) { // wrong, then right
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), "999999")
		h.PIN(h.Prompt("pin"), the.PIN)
		require.Nil(t, h.Await(answer).Error)
	},
	func(t *testing.T, l *lane, h *hosttest.Host, the *deck.Card) { // the signer dies while it signs
		_, answer := h.Login(nil)
		p := h.Prompt("pin")
		l.set(t, "C_Sign crash")
		h.PIN(p, the.PIN)
		requireCode(t, "moduleFailed", h.Await(answer))
		l.set(t)
	},
	func(t *testing.T, _ *lane, h *hosttest.Host, _ *deck.Card) { usable(t, h) },
	func(t *testing.T, _ *lane, h *hosttest.Host, the *deck.Card) { loginOn(t, h, the) },
	func(t *testing.T, l *lane, h *hosttest.Host, _ *deck.Card) { // the scanner dies
		l.set(t, "C_GetTokenInfo in token-scanner abort")
		_, problems := usable(t, h)
		require.Contains(t, problems, "moduleFailed")
		l.set(t)
	},
	func(t *testing.T, _ *lane, h *hosttest.Host, _ *deck.Card) {
		_, answer := h.Login(nil)
		h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	},
}

// TestNothingLeaks takes its measure after a tenth of the operations, when everything has been used once.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "citizen")
	h := l.start(t)
	var first use
	var residents []int
	begun := time.Now()
	require.GreaterOrEqual(t, *operations, 10*len(day))
	for i := range *operations {
		day[i%len(day)](t, l, h, the)
		if i == *operations/10 {
			first = settled(t, h)
		}
		if i%100 == 0 {
			require.NoError(t, l.module.Forget()) // the log of calls is ours
			residents = append(residents, usage(t, h).resident)
		}
	}
	last := settled(t, h)
	slope := float64(last.resident-first.resident) / float64(*operations-*operations/10)
	t.Logf("resident KiB, every 100 operations: %v", residents)
	summary(t, "leaks: %d operations in %d s, descriptors %d -> %d, threads %d -> %d, resident %d -> %d KiB (%.2f KiB each)", *operations,
		int(time.Since(begun).Seconds()), first.descriptors, last.descriptors, first.threads, last.threads, first.resident, last.resident, slope)
	require.LessOrEqual(t, last.descriptors, first.descriptors, "descriptors")
	require.LessOrEqual(t, last.threads, first.threads+4, "threads: the runtime keeps a few")
	// what the collector has not given back yet, at most; a leaked frame or process record would be more with every operation
	require.LessOrEqual(t, last.resident-first.resident, 8<<10, "KiB")
	require.Equal(t, 3, the.State().PINTries)
	requireClosed(t, the)
}

// settled is what the host holds once the last operation's children are gone.
func settled(t *testing.T, h *hosttest.Host) use {
	t.Helper()
	requireNoChild(t, h)
	require.Eventually(t, func() bool { return zombies(h) == 0 }, hosttest.Patience, 5*time.Millisecond)
	least := usage(t, h)
	// pipes of children that have just ended may still be closing
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		least.descriptors = min(least.descriptors, usage(t, h).descriptors)
	}
	return least
}
