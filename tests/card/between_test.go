package card

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/rig"
)

// otherProgram tries a PIN with OpenSC's own tool, as any program beside us may.
func otherProgram(t *testing.T, pin string) {
	t.Helper()
	module, err := rig.OpenSC()
	require.NoError(t, err)
	cmd := exec.Command("pkcs11-tool", "--module", module, "--login", "--pin", pin, "--list-objects")
	cmd.Env = append(os.Environ(), world.rig.Env())
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "a wrong PIN")
	require.Contains(t, string(out), "CKR_PIN_INCORRECT")
}

// The person was told "at least two"; meanwhile another program leaves one. What was typed is not sent: it would be the last try.
func TestAnotherProgramTriesAPINInBetween(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	require.Equal(t, "atLeastTwo", p.Tries.State)
	otherProgram(t, wrongPIN)
	otherProgram(t, wrongPIN)
	require.Equal(t, 1, the.State().PINTries)
	h.PIN(p, the.PIN)
	p = h.Prompt("lastTry")
	require.Equal(t, "triesChanged", p.Notice)
	require.Equal(t, "last", p.Tries.State)
	require.Equal(t, 2, the.State().Verifies, "ours was not sent")
	h.Answer(p, map[string]any{"action": "confirm"})
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 3, the.State().PINTries)
	requireClosed(t, the)
}

func TestAnotherProgramLocksTheCardInBetween(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	for range 3 {
		otherProgram(t, wrongPIN)
	}
	h.PIN(p, the.PIN)
	h.Answer(h.Prompt("locked"), map[string]any{"action": "close"})
	requireCode(t, "pinLocked", h.Await(answer))
	require.Equal(t, 3, the.State().Verifies, "ours was not sent")
}

// One try less, of three: what the person was told is still true, so the login goes on.
func TestAnotherProgramUsesOneTryOfThree(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	otherProgram(t, wrongPIN)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}
