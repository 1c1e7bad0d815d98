package card

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

func TestTheWindowWaitsForTheCard(t *testing.T) {
	empty(t)
	h := start(t)
	_, answer := h.Login(nil)
	require.Equal(t, "noCard", h.Prompt("wait").Reason)
	the := card(t, "citizen")
	require.NoError(t, world.rig.Insert(1, the.Card))
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
}

func TestACardThatNobodyKnows(t *testing.T) {
	insert(t, "dumb")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "cardNotRecognised", p.Reason)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	require.Contains(t, problems(certificates(t, h)), "cardNotRecognised")
}

func problems(list listing) (codes []string) {
	for _, p := range list.Problems {
		codes = append(codes, p.Code)
	}
	return codes
}

func TestTheDaemonGoesAndComes(t *testing.T) {
	empty(t)
	h := start(t)
	require.NoError(t, world.rig.Down())
	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "pcscNotRunning", p.Reason)
	require.Contains(t, problems(certificates(t, h)), "pcscNotRunning")
	require.NoError(t, world.rig.Up())
	the := card(t, "citizen")
	require.NoError(t, world.rig.Insert(0, the.Card))
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

// The field is emptied (a new prompt replaces the old one), the late answer meets no card, no try is burnt.
func TestCardSwappedWhileThePINIsTyped(t *testing.T) {
	first := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	old := h.Prompt("pin")
	second := card(t, "citizen2")
	require.NoError(t, world.rig.Swap(0, second.Card))
	h.PIN(old, wrongPIN) // typed for the first card, sent too late
	p := waitFor(h, "pin")
	require.Equal(t, second.Holder, p.Certificate.Holder)
	require.Zero(t, first.State().Verifies)
	require.Zero(t, second.State().Verifies)
	require.Equal(t, 3, second.State().PINTries)
	h.PIN(p, second.PIN)
	require.Nil(t, h.Await(answer).Error)
}

// OpenSC 0.23 may hang for ever here; the deadline or PC/SC's event ends it either way.
func TestCardPulledWhileSigning(t *testing.T) {
	for range 4 {
		the := insert(t, "citizen")
		world.rig.PullOnSign(the.Card, true)
		h := start(t)
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), the.PIN)
		requireCode(t, "cardRemoved", h.Await(answer))
		world.rig.PullOnSign(the.Card, false)
		require.NoError(t, world.rig.Remove(0)) // until the daemon has seen it too
		require.NoError(t, world.rig.Insert(0, the.Card))
		requireClosed(t, the)
		_, answer = h.Login(nil)
		h.PIN(waitFor(h, "pin"), the.PIN)
		require.Nil(t, h.Await(answer).Error, "the next request works")
		h.Close()
	}
}

// One card, one queue: the second window is told, then goes on by itself; one PIN each.
func TestTwoLoginsAtOnce(t *testing.T) {
	for name, second := range map[string]func(*testing.T, *hosttest.Host) *hosttest.Host{
		"two tabs":     func(_ *testing.T, h *hosttest.Host) *hosttest.Host { return h },
		"two browsers": func(t *testing.T, _ *hosttest.Host) *hosttest.Host { return start(t) },
	} {
		t.Run(name, func(t *testing.T) {
			the := insert(t, "citizen")
			h1 := start(t)
			h2 := second(t, h1)
			_, first := h1.Login(nil)
			p1 := h1.Prompt("pin")
			_, other := h2.Login(nil)
			require.Equal(t, "windowBusy", h2.Prompt("wait").Reason)
			h1.PIN(p1, the.PIN)
			require.Nil(t, h1.Await(first).Error)
			h2.PIN(h2.Prompt("pin"), the.PIN)
			require.Nil(t, h2.Await(other).Error)
			require.Equal(t, 2, the.State().Verifies)
			require.Equal(t, 2, the.State().Signatures)
			requireClosed(t, the)
		})
	}
}

func TestWaitingInTheQueueCanBeCancelled(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	_, first := h.Login(nil)
	p := h.Prompt("pin")
	_, second := h.Login(nil)
	h.Answer(h.Prompt("wait"), map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(second))
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(first).Error)
}

func TestDeclined(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	for action, code := range map[string]string{"cancel": "userCancelled", "timeout": "userTimeout"} {
		_, answer := h.Login(nil)
		h.Answer(h.Prompt("pin"), map[string]any{"action": action})
		m := h.Await(answer)
		requireCode(t, code, m)
		require.Equal(t, "person", m.Error.Data.Who)
	}
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": p.ID, "error": map[string]any{
		"code": 3015, "message": "x", "data": map[string]any{"code": "promptFailed", "who": "us"}}})
	require.NoError(t, err)
	require.NoError(t, h.Send(hosttest.Frame(b)))
	requireCode(t, "promptFailed", h.Await(answer))
	require.Zero(t, the.State().Verifies)
}

func TestCancel(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	id, answer := h.Login(nil)
	p := h.Prompt("pin")
	h.Notify("cancel", map[string]any{"id": id})
	requireCode(t, "cancelled", h.Await(answer))
	h.PIN(p, the.PIN) // an answer to a prompt that is no longer open
	h.Notify("cancel", map[string]any{"id": id})
	h.Call("status", map[string]any{})
	require.Zero(t, the.State().Verifies)
}

// A signer that dies with the card verified leaves it to its parent to close the card; a host that dies leaves it to the signer.
func TestKilledWhileSigning(t *testing.T) {
	for _, victim := range []string{"signer", "host"} {
		t.Run(victim, func(t *testing.T) {
			the := insert(t, "citizen")
			the.SetDelays(1500*time.Millisecond, 0)
			h := start(t)
			_, answer := h.Login(nil)
			p := h.Prompt("pin")
			signers := hosttest.Processes(world.binary, h.Cmd.Process.Pid)
			require.Len(t, signers, 1)
			h.PIN(p, the.PIN)
			awaitProgress(t, h, "signing")
			require.True(t, the.State().Verified)
			if victim == "signer" {
				require.NoError(t, syscall.Kill(signers[0], syscall.SIGKILL))
				requireCode(t, "moduleFailed", h.Await(answer))
				requireClosed(t, the)
				the.SetDelays(0, 0)
				_, answer = h.Login(nil)
				h.PIN(waitFor(h, "pin"), the.PIN)
				require.Nil(t, h.Await(answer).Error, "the next request works")
				return
			}
			require.NoError(t, h.Cmd.Process.Kill())
			require.Eventually(t, func() bool { return !the.State().Verified }, hosttest.Patience, time.Millisecond)
			require.Eventually(t, func() bool { return len(hosttest.Processes(world.binary, 0)) == 0 }, hosttest.Patience, time.Millisecond)
		})
	}
}

func awaitProgress(t *testing.T, h *hosttest.Host, state string) {
	t.Helper()
	for {
		select {
		case m := <-h.Others:
			if m.Method == "progress" && strings.Contains(string(m.Params), `"`+state+`"`) {
				return
			}
		case <-time.After(hosttest.Patience):
			t.Fatalf("no progress %q", state)
		}
	}
}

func TestCardNotifications(t *testing.T) {
	empty(t)
	h := start(t)
	require.Nil(t, h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Error)
	require.NoError(t, world.rig.Insert(0, card(t, "citizen").Card))
	require.Equal(t, "present", cardNotice(t, h))
	require.NoError(t, world.rig.Remove(0))
	require.Equal(t, "empty", cardNotice(t, h))
}

func cardNotice(t *testing.T, h *hosttest.Host) string {
	t.Helper()
	for {
		select {
		case m := <-h.Others:
			if m.Method == "card" {
				var p struct{ Reader, State string }
				require.NoError(t, json.Unmarshal(m.Params, &p))
				return p.State
			}
		case <-time.After(hosttest.Patience):
			t.Fatal("no notification")
		}
	}
}

func TestModulesThatAreNone(t *testing.T) {
	insert(t, "citizen")
	text := filepath.Join(home(t), "module.so")
	require.NoError(t, os.WriteFile(text, []byte("not a library"), 0o644))
	for name, c := range map[string]struct{ path, reason string }{
		"missing":   {"/nonexistent/module.so", "noModule"},
		"text":      {text, "moduleInvalid"},
		"no module": {"/lib/x86_64-linux-gnu/libc.so.6", "moduleInvalid"},
	} {
		t.Run(name, func(t *testing.T) {
			policyFile(t, map[string]any{"modules": []string{c.path}, "portals": []any{}})
			h := start(t)
			_, answer := h.Login(nil)
			p := h.Prompt("wait")
			require.Equal(t, c.reason, p.Reason)
			require.Contains(t, problems(certificates(t, h)), c.reason)
			h.Answer(p, map[string]any{"action": "cancel"})
			requireCode(t, "userCancelled", h.Await(answer))
		})
	}
}

// A pulled card can hang the module that is just reading it; PC/SC's event ends that scan, not the deadline.
func TestCardPulledWhileItIsRead(t *testing.T) {
	for range 5 {
		the := insert(t, "citizen")
		the.SetDelays(0, 20*time.Millisecond)
		h := start(t)
		_, answer := h.Login(nil)
		reads := the.State()
		require.NoError(t, world.rig.Pull(0))
		p := waitFor(h, "wait")
		require.Contains(t, []string{"noCard", "cardNotRecognised"}, p.Reason)
		require.Equal(t, reads.Verifies, the.State().Verifies)
		the.SetDelays(0, 0)
		require.NoError(t, world.rig.WaitCard(0, false))
		require.NoError(t, world.rig.Insert(0, the.Card))
		h.PIN(waitFor(h, "pin"), the.PIN)
		require.Nil(t, h.Await(answer).Error)
	}
}

// A browser that died reads no answers any more: that must not end the host before it has reset the card.
func TestTheBrowserDiesWhileTheCardSigns(t *testing.T) {
	the := insert(t, "citizen")
	the.SetDelays(700*time.Millisecond, 0)
	h := start(t)
	h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	awaitProgress(t, h, "signing")
	h.StopReading()
	h.Close()
	require.Zero(t, h.Cmd.ProcessState.ExitCode(), "no signal ended it")
	requireClosed(t, the)
	raw, err := os.ReadFile(home(t) + "/state/cardbridge/host.log")
	require.NoError(t, err)
	require.Contains(t, string(raw), `"code":"cancelled"`)
}

func TestKindsThatNobodyAccepts(t *testing.T) {
	policyFile(t, grant([]string{"authenticate"}, map[string]any{"cardKinds": []string{"citizen"}}))
	insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(map[string]any{"kinds": []string{"agency"}})
	p := h.Prompt("wait")
	require.Equal(t, "wrongCard", p.Reason)
	require.Equal(t, []string{"agency"}, p.Kinds)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
}

func TestTheDaemonEndsWhileThePINIsAsked(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(nil)
	h.Prompt("pin")
	require.NoError(t, world.rig.Down())
	require.Equal(t, "pcscNotRunning", waitFor(h, "wait").Reason)
	require.NoError(t, world.rig.Up())
	require.NoError(t, world.rig.Insert(0, the.Card))
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}
