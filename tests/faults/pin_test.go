package faults

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

const wrongPIN = "Wr0ng#xq"

// Taiwan's vendor module says the tries left in its answer to C_Login; the card's own counter is the judge.
func TestTriesInVendorCodes(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	for name, codes := range map[string][2]string{"32 bits": {"0x80000002", "0x80000001"}, "sign-extended": {"0xFFFFFFFF80000002", "0xFFFFFFFF80000001"}} {
		t.Run(name, func(t *testing.T) {
			the := l.insert(t, "letters")
			h := l.start(t)
			require.NoError(t, l.module.Forget())
			l.set(t, "C_Login answer "+codes[0])
			_, answer := h.Login(nil)
			h.PIN(h.Prompt("pin"), wrongPIN)
			p := h.Prompt("pin")
			require.Equal(t, "wrongPIN", p.Notice)
			require.Equal(t, "exactly", p.Tries.State)
			require.Equal(t, 2, p.Tries.Left)
			require.Equal(t, 2, the.State().PINTries)
			l.set(t, "C_Login answer "+codes[1])
			h.PIN(p, wrongPIN)
			p = h.Prompt("lastTry")
			require.Equal(t, "last", p.Tries.State)
			require.Equal(t, 1, the.State().PINTries)
			h.Answer(p, map[string]any{"action": "confirm"})
			h.PIN(h.Prompt("pin"), the.PIN)
			require.Nil(t, h.Await(answer).Error)
			require.Equal(t, 3, the.State().PINTries)
			require.Equal(t, 3, l.count(t, "C_Login", ""), "one for each PIN")
			require.Equal(t, 3, the.State().Verifies)
			requireClosed(t, the)
		})
	}
}

func TestTheVendorCodeOfALockedCard(t *testing.T) {
	l := newLane(t)
	for _, code := range []string{"0x80000000", "0xFFFFFFFF80000000"} {
		the := l.insert(t, "letters")
		l.set(t, "C_Login return "+code)
		h := l.start(t)
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), the.PIN)
		h.Answer(h.Prompt("locked"), map[string]any{"action": "close"})
		requireCode(t, "pinLocked", h.Await(answer))
		h.Close()
	}
}

// A last try needs its own confirmation; declining costs nothing. A locked card is never asked.
func TestFlagsOfTries(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	require.NoError(t, l.module.Forget())
	l.set(t, "token flags +0x20000") // CKF_USER_PIN_FINAL_TRY
	_, answer := h.Login(nil)
	h.Answer(h.Prompt("lastTry"), map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	l.set(t, "token flags +0x40000") // CKF_USER_PIN_LOCKED
	_, answer = h.Login(nil)
	p := h.Prompt("locked")
	require.Equal(t, "https://moica.nat.gov.tw/", p.UnlockURL)
	h.Answer(p, map[string]any{"action": "close"})
	requireCode(t, "pinLocked", h.Await(answer))
	require.Zero(t, l.count(t, "C_Login", ""))
	require.Zero(t, the.State().Verifies)

	// another program uses tries up while the person types
	for flag, state := range map[string]string{"+0x20000": "lastTry", "+0x40000": "locked"} {
		l.set(t)
		_, answer = h.Login(nil)
		p = h.Prompt("pin")
		l.set(t, "token flags "+flag)
		h.PIN(p, the.PIN)
		h.Answer(h.Prompt(state), map[string]any{"action": "cancel"})
		require.NotNil(t, h.Await(answer).Error)
		require.Zero(t, the.State().Verifies, "typed before the person knew")
	}

	// no flag tells of tries
	l.set(t, "token flags -0x8 -0x4") // CKF_USER_PIN_INITIALIZED, CKF_LOGIN_REQUIRED
	_, answer = h.Login(nil)
	p = h.Prompt("pin")
	require.Equal(t, "unknown", p.Tries.State)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
}

func TestLengthsComeFromTheToken(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters") // Abc123
	h := l.start(t)
	require.NoError(t, l.module.Forget())
	l.set(t, "token pins 5 7")
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	require.Equal(t, struct{ Min, Max int }{5, 7}, *p.PINLength)
	for _, c := range []struct{ pin, notice string }{{"Ab12", "pinTooShort"}, {"Abcd1234", "pinTooLong"}} {
		h.PIN(p, c.pin)
		p = h.Prompt("pin")
		require.Equal(t, c.notice, p.Notice)
	}
	require.Zero(t, l.count(t, "C_Login", ""))
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	silent := []string{"0 0", "8 4", "0xffffffffffffffff 0xffffffffffffffff", "4 0xffffffffffffffff", "0 3", "6 0", "65 70"}
	for _, lengths := range silent { // a token that does not say, or says nonsense
		l.set(t, "token pins "+lengths)
		_, answer = h.Login(nil)
		p = h.Prompt("pin")
		require.Nil(t, p.PINLength, lengths)
		h.PIN(p, the.PIN)
		require.Nil(t, h.Await(answer).Error, lengths)
	}
	require.Equal(t, 1+len(silent), the.State().Verifies)
}

// The page's field takes what the input method makes; the card must not count it.
func TestAPagePINThatNoCardHas(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	l.policy(t, map[string]any{"portals": []any{map[string]any{"origin": hosttest.Origin, "operations": []string{"authenticate"}, "pinFromPage": true}}})
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, "token pins 0 0")
	for _, pin := range []string{"１２３４５６", "Abc12é", "Abc123\n"} {
		_, answer := h.Login(map[string]any{"pin": pin})
		p := h.Prompt("pin")
		require.Equal(t, "pinFromPageDropped", p.Notice)
		require.Zero(t, l.count(t, "C_Login", ""))
		h.Answer(p, map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	}
	require.Zero(t, the.State().Verifies)
}

const padFlag = "token flags +0x100" // CKF_PROTECTED_AUTHENTICATION_PATH

func TestPINPad(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	require.NoError(t, l.module.Forget())

	l.set(t, padFlag, "pad types 50 "+wrongPIN)
	_, answer := h.Login(nil)
	h.Prompt("pinPad")
	require.Eventually(t, func() bool { return l.count(t, "C_Login", "pad") == 1 }, hosttest.Patience, time.Millisecond)
	l.set(t, padFlag, "pad types 50 "+the.PIN)
	require.Equal(t, "wrongPIN", h.Prompt("pinPad").Notice)
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 2, l.count(t, "C_Login", "pad"))
	require.Zero(t, l.count(t, "C_Login", ""), "nothing was typed at the computer")
	require.Equal(t, 2, the.State().Verifies)
	requireClosed(t, the)
	require.Equal(t, 3, the.State().PINTries)

	the.Renew()
	l.set(t, padFlag, "pad cancel 50")
	_, answer = h.Login(nil)
	h.Prompt("pinPad")
	requireCode(t, "userCancelled", h.Await(answer))

	l.set(t, padFlag, "pad types 600000 "+the.PIN)
	_, answer = h.Login(nil)
	h.Answer(h.Prompt("pinPad"), map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	requireNoChild(t, h)

	id, answer := h.Login(nil)
	h.Prompt("pinPad")
	h.Notify("cancel", map[string]any{"id": id})
	requireCode(t, "cancelled", h.Await(answer))
	requireNoChild(t, h)
	require.Zero(t, the.State().Verifies)
}

func requireCode(t *testing.T, code string, m hosttest.Message) {
	t.Helper()
	require.NotNil(t, m.Error, "an error %s was expected, got %s", code, m.Result)
	require.Equal(t, code, m.Error.Data.Code)
}

func requireClosed(t *testing.T, c *deck.Card) {
	t.Helper()
	require.False(t, c.State().Verified, "the card is still VERIFIED")
}

func requireNoChild(t *testing.T, h *hosttest.Host) {
	t.Helper()
	require.Eventually(t, func() bool { return len(hosttest.Processes(world.binary, h.Cmd.Process.Pid)) == 0 }, hosttest.Patience, 5*time.Millisecond)
}
