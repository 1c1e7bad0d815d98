package card

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// steps bring a login to each place at which somebody may leave.
var steps = map[string]struct {
	card string // "": none is in
	pins int    // that the person has given by then
	to   func(t *testing.T, h *hosttest.Host, the *deck.Card)
}{
	"reading": {"citizen", 0, func(t *testing.T, h *hosttest.Host, the *deck.Card) {
		read := make(chan struct{}, 1)
		the.OnAPDU(func(_, _ []byte) {
			select {
			case read <- struct{}{}:
			default:
			}
		})
		the.SetDelays(0, 20*time.Millisecond)
		<-read
	}},
	"waiting for a card": {"", 0, func(_ *testing.T, h *hosttest.Host, _ *deck.Card) { h.Prompt("wait") }},
	"choosing":           {"citizen-two", 0, func(_ *testing.T, h *hosttest.Host, _ *deck.Card) { h.Prompt("choose") }},
	"PIN":                {"citizen", 0, func(_ *testing.T, h *hosttest.Host, _ *deck.Card) { h.Prompt("pin") }},
	"last try": {"citizen", 0, func(_ *testing.T, h *hosttest.Host, _ *deck.Card) {
		h.Prompt("lastTry")
	}},
	"verifying": {"letters", 1, func(t *testing.T, h *hosttest.Host, the *deck.Card) {
		p := h.Prompt("pin")
		the.SetDelays(0, 200*time.Millisecond)
		h.PIN(p, wrongPIN)
		awaitProgress(t, h, "verifying")
	}},
	"signing": {"citizen", 1, func(t *testing.T, h *hosttest.Host, the *deck.Card) {
		the.SetDelays(time.Second, 0)
		h.PIN(h.Prompt("pin"), the.PIN)
		awaitProgress(t, h, "signing")
	}},
}

// ways are how somebody leaves. Each waits until the host has done with it.
var ways = map[string]func(t *testing.T, h *hosttest.Host, id string, answer <-chan hosttest.Message){
	"the page cancels": func(t *testing.T, h *hosttest.Host, id string, answer <-chan hosttest.Message) {
		h.Notify("cancel", map[string]any{"id": id})
		requireCode(t, "cancelled", h.Await(answer))
		require.Empty(t, hosttest.Processes(world.binary, h.Cmd.Process.Pid), "children are left")
		require.Nil(t, h.Call("status", map[string]any{}).Error)
	},
	"the port closes": func(t *testing.T, h *hosttest.Host, _ string, _ <-chan hosttest.Message) {
		h.Close()
		require.Zero(t, h.Cmd.ProcessState.ExitCode())
	},
	// Browsers end a host by closing its pipe; a system that shuts down sends SIGTERM.
	"the system shuts down": func(t *testing.T, h *hosttest.Host, _ string, _ <-chan hosttest.Message) {
		require.NoError(t, h.Cmd.Process.Signal(syscall.SIGTERM))
		h.Wait()
		require.Zero(t, h.Cmd.ProcessState.ExitCode())
	},
	"the browser is killed": func(t *testing.T, h *hosttest.Host, _ string, _ <-chan hosttest.Message) {
		h.StopReading()
		h.Close()
		require.Zero(t, h.Cmd.ProcessState.ExitCode(), "no signal ended it")
	},
}

// Whoever leaves, at whatever step: nothing stays behind, no try is spent but the person's own, the card is reset and free.
func TestLeaving(t *testing.T) {
	for step, s := range steps {
		for way, leave := range ways {
			t.Run(step+", "+way, func(t *testing.T) {
				empty(t)
				the := card(t, "citizen")
				if s.card != "" {
					the = insert(t, s.card)
				}
				tries := 3
				if step == "last try" {
					tries = 1
					the.SetTries(tries)
				}
				h := start(t)
				id, answer := h.Login(nil)
				s.to(t, h, the)
				leave(t, h, id, answer)
				state := the.State()
				require.LessOrEqual(t, state.Verifies, s.pins)
				requireClosed(t, the)
				if step == "signing" {
					require.Equal(t, tries, state.PINTries)
				} else {
					require.Equal(t, tries-state.Verifies, state.PINTries)
				}
				the.SetDelays(0, 0)
				requireFree(t, s.card != "")
			})
		}
	}
}

// requireFree has another program take the card for itself.
func requireFree(t *testing.T, in bool) {
	t.Helper()
	if !in {
		return
	}
	release, err := world.rig.Hold(0, rig.Exclusive)
	require.NoError(t, err)
	require.NoError(t, release())
}

// Who leaves the queue does not disturb who is before: the other's window stays, its PIN works.
func TestLeavingTheQueue(t *testing.T) {
	for way, leave := range ways {
		t.Run(way, func(t *testing.T) {
			the := insert(t, "citizen")
			first := start(t)
			_, signed := first.Login(nil)
			p := first.Prompt("pin")
			h := start(t)
			id, answer := h.Login(nil)
			require.Equal(t, "windowBusy", h.Prompt("wait").Reason)
			leave(t, h, id, answer)
			require.Zero(t, the.State().Verifies)
			first.NoPrompt()
			first.PIN(p, the.PIN)
			require.Nil(t, first.Await(signed).Error)
			requireClosed(t, the)
			requireFree(t, true)
		})
	}
}
