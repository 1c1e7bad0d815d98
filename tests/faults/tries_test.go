package faults

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

// noFlags is a module that tells of tries in the answer to C_Login alone.
const noFlags = "token flags -0x10000 -0x20000 -0x40000"

// What a vendor's code said holds until the module says another number or a PIN was right: silence is no try more.
func TestAKnownLastTryIsNotForgotten(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, noFlags, "C_Login answer 0x80000002")
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), wrongPIN)
	p := h.Prompt("pin")
	require.Equal(t, 2, p.Tries.Left)
	l.set(t, noFlags, "C_Login return 0xA2")
	h.PIN(p, wrongPIN)
	p = h.Prompt("pin")
	require.Equal(t, "exactly", p.Tries.State)
	require.Equal(t, 2, p.Tries.Left)
	l.set(t, noFlags, "C_Login answer 0x80000001")
	h.PIN(p, wrongPIN)
	h.Answer(h.Prompt("lastTry"), map[string]any{"action": "confirm"})
	l.set(t, noFlags, "C_Login return 0xA2")
	h.PIN(h.Prompt("pin"), the.PIN)
	p = h.Prompt("lastTry")
	require.Equal(t, 1, the.State().PINTries)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))

	l.set(t, noFlags)
	_, answer = h.Login(nil)
	h.Answer(h.Prompt("lastTry"), map[string]any{"action": "confirm"})
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	_, answer = h.Login(nil)
	p = h.Prompt("pin")
	require.Equal(t, "atLeastTwo", p.Tries.State, "the right PIN gave all tries back")
	h.Answer(p, map[string]any{"action": "cancel"})
	h.Await(answer)
}

// A number was said, then a wrong PIN without one, then a module that dies with the PIN: each may be a try less.
func TestTriesAreCountedDownInSilence(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]string{"wrong": "C_Login return 0xA0", "dies": "C_Login crash"} {
		l := newLane(t)
		l.insert(t, "letters")
		h := l.start(t)
		l.set(t, noFlags, "C_Login answer 0x80000002")
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), wrongPIN)
		p := h.Prompt("pin")
		l.set(t, noFlags, rule)
		h.PIN(p, wrongPIN)
		if name == "dies" {
			requireCode(t, "pinOutcomeUnknown", h.Await(answer))
			_, answer = h.Login(nil)
		}
		h.Answer(h.Prompt("lastTry"), map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	}
}

// A code and a flag that differ: the worse of the two is told, and no other program is accused.
func TestACodeAndAFlagThatDiffer(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, "C_Login return 0x80000005", "token flags +0x20000")
	_, answer := h.Login(nil)
	h.Answer(h.Prompt("lastTry"), map[string]any{"action": "confirm"})
	h.PIN(h.Prompt("pin"), wrongPIN)
	p := h.Prompt("lastTry")
	require.Equal(t, "wrongPIN", p.Notice)
	h.Answer(p, map[string]any{"action": "confirm"})
	l.set(t, "token flags +0x20000")
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
}

// Vendors' modules set no flags of tries: that none is set says nothing.
func TestAVendorsModuleWithoutFlags(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	var err error
	l.module, err = world.library.At(filepath.Join(l.home, "libHicos_p11v1.so"), world.opensc)
	require.NoError(t, err)
	l.policy(t, nil)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, noFlags)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	require.Equal(t, "unknown", p.Tries.State)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
}

// The key wants the PIN again, and refuses the one that C_Login took: what that cost is not known, and nothing tries it again.
func TestAKeyThatRefusesThePINOfTheLogin(t *testing.T) {
	t.Parallel()
	store, token := softToken(t, softtoken.Key{Name: "k", Type: "RSA-2048", Holder: "王小明", Always: true})
	l := newSoftLane(t, store)
	h := l.start(t)
	for _, code := range []string{"0xA0", "0xA4", "0x80000001", "0xA2"} {
		require.NoError(t, l.module.Forget())
		l.set(t, "C_Login after 1 return "+code)
		_, answer := h.Login(nil)
		h.PIN(waitForPIN(h), token.PIN)
		requireCode(t, "pinOutcomeUnknown", h.Await(answer))
		require.Equal(t, 1, l.count(t, "C_Login", "again"), code)
	}
	l.set(t)
	_, answer := h.Login(nil)
	h.PIN(waitForPIN(h), token.PIN)
	require.Nil(t, h.Await(answer).Error)
}

// waitForPIN confirms a last try that is asked first.
func waitForPIN(h *hosttest.Host) hosttest.Prompt {
	p := h.AnyPrompt()
	if p.State == "lastTry" {
		h.Answer(p, map[string]any{"action": "confirm"})
		return h.Prompt("pin")
	}
	return p
}

// A PIN within the token's limits that the module refuses all the same is not too short.
func TestAPINWhoseFormTheModuleRefuses(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	for _, code := range []string{"0xA1", "0xA2"} { // CKR_PIN_INVALID, CKR_PIN_LEN_RANGE
		l.set(t, "C_Login return "+code)
		h.PIN(p, the.PIN)
		p = h.Prompt("pin")
		require.Equal(t, "pinRefused", p.Notice)
	}
	l.set(t, "C_Login return 0x50") // CKR_FUNCTION_CANCELED
	h.PIN(p, the.PIN)
	requireCode(t, "moduleFailed", h.Await(answer))
	require.Zero(t, the.State().Verifies)
}
