package card

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// unplug takes both readers from the computer until the test ends.
func unplug(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		require.NoError(t, world.rig.Plug(0))
		require.NoError(t, world.rig.Plug(1))
	})
	require.NoError(t, world.rig.Unplug(0))
	require.NoError(t, world.rig.Unplug(1))
}

// waitsFor passes over what is on its way until the window waits for that reason.
func waitsFor(h *hosttest.Host, reason string) hosttest.Prompt {
	for {
		if p := waitFor(h, "wait"); p.Reason == reason {
			return p
		}
	}
}

func TestAReaderIsPluggedInWhileTheWindowWaits(t *testing.T) {
	unplug(t)
	h := start(t)
	_, answer := h.Login(nil)
	require.Equal(t, "noReader", h.Prompt("wait").Reason)
	require.Contains(t, problems(certificates(t, h)), "noReader")
	require.NoError(t, world.rig.Plug(1))
	waitsFor(h, "noCard")
	the := card(t, "citizen")
	require.NoError(t, world.rig.Insert(1, the.Card))
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

func TestTheReaderIsUnpluggedWhileThePINIsAsked(t *testing.T) {
	for name, reason := range map[string]string{"the only one": "noReader", "one of two": "noCard"} {
		t.Run(name, func(t *testing.T) {
			unplug(t)
			if reason == "noCard" {
				require.NoError(t, world.rig.Plug(1))
			}
			require.NoError(t, world.rig.Plug(0))
			the := card(t, "citizen")
			require.NoError(t, world.rig.Insert(0, the.Card))
			h := start(t)
			_, answer := h.Login(nil)
			old := h.Prompt("pin")
			require.NoError(t, world.rig.Unplug(0))
			waitsFor(h, reason)
			h.PIN(old, the.PIN) // too late
			require.Zero(t, the.State().Verifies)
			require.NoError(t, world.rig.Plug(0))
			require.NoError(t, world.rig.Insert(0, the.Card))
			h.PIN(waitFor(h, "pin"), the.PIN)
			require.Nil(t, h.Await(answer).Error)
			require.Equal(t, 1, the.State().Verifies)
			requireClosed(t, the)
		})
	}
}

func TestTwoCardsInTwoReaders(t *testing.T) {
	first := insert(t, "citizen")
	second := card(t, "agency")
	require.NoError(t, world.rig.Insert(1, second.Card))
	h := start(t)
	for _, kind := range []string{"citizen", "agency"} {
		_, answer := h.Login(nil)
		p := h.Prompt("choose")
		chosen := ""
		for _, c := range p.Certificates {
			if c.Usable && c.Kind == kind {
				require.Empty(t, chosen, "listed once")
				chosen = c.ID
			}
		}
		require.NotEmpty(t, chosen, kind)
		h.Answer(p, map[string]any{"action": "choose", "certificate": chosen})
		p = h.Prompt("pin")
		require.Equal(t, chosen, p.Certificate.ID)
		h.PIN(p, map[string]string{"citizen": first.PIN, "agency": second.PIN}[kind])
		require.Nil(t, h.Await(answer).Error)
	}
	require.Equal(t, 1, first.State().Verifies)
	require.Equal(t, 1, second.State().Verifies)
	requireClosed(t, first)
	requireClosed(t, second)
}

// Another program that holds the card exclusively: the window says so, goes on by itself when the card is free.
func TestAnotherProgramHoldsTheCard(t *testing.T) {
	the := insert(t, "citizen")
	release, err := world.rig.Hold(0, rig.Exclusive)
	require.NoError(t, err)
	h := start(t)
	_, answer := h.Login(nil)
	require.Equal(t, "cardBusy", h.Prompt("wait").Reason)
	require.Contains(t, problems(certificates(t, h)), "cardBusy")
	require.NoError(t, release())
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

// The daemon announces cards, not that a program takes one for itself: a host that runs finds out when no module can read it.
func TestAnotherProgramTakesTheCardWhileTheHostRuns(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	require.Empty(t, problems(certificates(t, h)))
	release, err := world.rig.Hold(0, rig.Exclusive)
	require.NoError(t, err)
	_, answer := h.Login(nil)
	require.Equal(t, "cardBusy", h.Prompt("wait").Reason)
	require.NoError(t, release())
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

// A program that only keeps a connection does not stand in the way; nor does it keep the card verified.
func TestAnotherProgramSharesTheCard(t *testing.T) {
	the := insert(t, "citizen")
	release, err := world.rig.Hold(0, rig.Shared)
	require.NoError(t, err)
	h := start(t)
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
	require.NoError(t, release())
}

func TestTheDaemonIsKilledWhileThePINIsAsked(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(nil)
	old := h.Prompt("pin")
	require.NoError(t, world.rig.Kill())
	h.PIN(old, wrongPIN)
	waitsFor(h, "pcscNotRunning")
	require.NoError(t, world.rig.Up())
	waitsFor(h, "noCard")
	require.NoError(t, world.rig.Insert(0, the.Card))
	require.Zero(t, the.State().Verifies)
	h.PIN(waitFor(h, "pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

// A second real module on the same kind of card: it tells tries and failures in its own way.
func TestLoginThroughYKCS11(t *testing.T) {
	module, err := rig.YKCS11()
	require.NoError(t, err)
	r, err := rig.StartWith("", rig.Options{Products: [2]string{"Yubico YubiKey CCID"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	policyFile(t, map[string]any{"modules": []string{module}, "portals": []any{}})
	the := card(t, "yubikey")
	require.NoError(t, r.Insert(0, the.Card))
	h := hosttest.Start(t, world.binary, home(t), r.Env()).Greet()
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), "999999")
	p := h.Prompt("pin")
	require.Equal(t, "wrongPIN", p.Notice)
	require.Equal(t, 2, the.State().PINTries)
	h.PIN(p, the.PIN)
	m := h.Await(answer)
	require.Nil(t, m.Error)
	hosttest.VerifyWithOpenSSL(t, m.Result, "RS256", the.Certificate)
	requireClosed(t, the)
	require.Equal(t, 2, the.State().Verifies)
}
