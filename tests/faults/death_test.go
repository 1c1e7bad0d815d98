package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// signing brings a host to where its card is verified and the module is in C_Sign for that long.
func signing(t *testing.T, l *lane, ms int) (*deck.Card, *hosttest.Host) {
	t.Helper()
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, fmt.Sprintf("C_Sign delay %d", ms))
	h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Eventually(t, func() bool { return l.count(t, "C_Sign", "") >= 1 }, hosttest.Patience, time.Millisecond)
	require.True(t, the.State().Verified)
	return the, h
}

func requireNothingLeft(t *testing.T, the *deck.Card) {
	t.Helper()
	require.Eventually(t, func() bool { return len(hosttest.Processes(world.binary, 0)) == 0 && !the.State().Verified }, hosttest.Patience, 5*time.Millisecond,
		"left: %v, verified: %v", hosttest.Processes(world.binary, 0), the.State().Verified)
}

// Another program keeps the card powered, so only a reset closes it: the signer's, since its host is dead.
func TestTheHostIsKilledWhileAnotherProgramHasTheCard(t *testing.T) {
	l := newLane(t)
	the, h := signing(t, l, 1000)
	release, err := l.rig.Hold(0, rig.Shared)
	require.NoError(t, err)
	defer release()
	require.NoError(t, h.Cmd.Process.Kill())
	requireNothingLeft(t, the)
}

// A stopped process does not see the end of its pipe; the host's death wakes it. Another program keeps the card powered.
func TestTheHostIsKilledWhileItsSignerIsStopped(t *testing.T) {
	l := newLane(t)
	the, h := signing(t, l, 1000)
	release, err := l.rig.Hold(0, rig.Shared)
	require.NoError(t, err)
	defer release()
	for _, pid := range hosttest.Processes(world.binary, h.Cmd.Process.Pid) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	require.NoError(t, h.Cmd.Process.Kill())
	requireNothingLeft(t, the)
}

func descriptors(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(t, err)
	return len(entries)
}

// What a module forks goes with its process, and keeps nothing of the host's open.
func TestAModuleThatForks(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, "C_OpenSession fork", "C_Sign fork")
	before := 0
	for round := range 5 {
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), the.PIN)
		require.Nil(t, h.Await(answer).Error)
		require.Eventually(t, func() bool { return len(hosttest.Processes(world.binary, h.Cmd.Process.Pid)) == 0 }, hosttest.Patience, time.Millisecond)
		if round == 0 {
			before = descriptors(t, h.Cmd.Process.Pid)
		}
	}
	require.Eventually(t, func() bool { return descriptors(t, h.Cmd.Process.Pid) <= before }, hosttest.Patience, time.Millisecond)
	require.False(t, the.State().Verified)
}

// A signer that dies while the person thinks is replaced, and no zombie stays: the PIN that is then typed works.
func TestTheSignerDiesWhileThePINIsAsked(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	_, answer := h.Login(nil)
	h.Prompt("pin")
	dead := hosttest.Processes(world.binary, h.Cmd.Process.Pid)
	require.Len(t, dead, 1)
	require.NoError(t, syscall.Kill(dead[0], syscall.SIGKILL))
	h.PIN(waitForPIN(h), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 1, the.State().Verifies)
	_, err := os.Stat(filepath.Join("/proc", fmt.Sprint(dead[0])))
	require.ErrorIs(t, err, os.ErrNotExist, "a zombie")
}

// A PC/SC daemon that hangs holds up no answer and no end.
func TestTheDaemonHangs(t *testing.T) {
	t.Run("while the PIN is asked", func(t *testing.T) {
		l := newLane(t)
		the := l.insert(t, "letters")
		h := l.start(t)
		id, answer := h.Login(nil)
		h.Prompt("pin")
		thaw, err := l.rig.Freeze()
		require.NoError(t, err)
		h.Notify("cancel", map[string]any{"id": id})
		require.NotNil(t, h.Await(answer).Error)
		h.Close() // demands the host's end
		require.NoError(t, thaw())
		require.Zero(t, the.State().Verifies)
	})
	t.Run("while the card signs", func(t *testing.T) {
		l := newLane(t)
		the := l.insert(t, "letters")
		l.policy(t, map[string]any{"deadlines": map[string]any{"login": 8000, "sign": 1500, "reset": 500}})
		the.SetDelays(700*time.Millisecond, 0)
		// the daemon may be frozen before it has told that the PIN was right: hence a deadline for that, too
		h := l.start(t)
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), the.PIN)
		require.Eventually(t, func() bool { return the.State().Verified }, hosttest.Patience, time.Millisecond)
		thaw, err := l.rig.Freeze()
		require.NoError(t, err)
		m := h.Await(answer)
		require.NotNil(t, m.Error)
		require.Equal(t, "cardNotReset", m.Error.Data.Code)
		require.NoError(t, thaw())
		require.Eventually(t, func() bool { return !the.State().Verified }, hosttest.Patience, time.Millisecond, "reset when the daemon wakes up")
	})
	t.Run("from the start", func(t *testing.T) {
		l := newLane(t)
		l.insert(t, "letters")
		thaw, err := l.rig.Freeze()
		require.NoError(t, err)
		h := l.start(t)
		id, answer := h.Login(nil)
		require.Equal(t, "pcscNotRunning", h.Prompt("wait").Reason)
		require.Nil(t, h.Call("status", map[string]any{"origin": hosttest.Origin}).Error)
		h.Notify("cancel", map[string]any{"id": id})
		require.Equal(t, "cancelled", h.Await(answer).Error.Data.Code)
		h.Close()
		require.NoError(t, thaw())
	})
}

// A browser that reads nothing while its pipe is full: at the end of its requests the host ends, the card is closed.
func TestABrowserThatDoesNotRead(t *testing.T) {
	l := newLane(t)
	the, h := signing(t, l, 300)
	h.StopReading()
	for range 60 {
		h.Notify("cancel", map[string]any{"id": "nobody"})
		_, _ = h.Begin("status", map[string]any{"origin": hosttest.Origin})
	}
	h.Close()
	requireNothingLeft(t, the)
}
