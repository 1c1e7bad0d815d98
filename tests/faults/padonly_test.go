package faults

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// Where IT takes the PIN at a reader's own keys alone, no other reader's card is even opened, and the right reader ends the waiting.
func TestAPortalThatTakesPadsAlone(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	l.policy(t, map[string]any{"portals": []any{map[string]any{
		"origin": hosttest.Origin, "operations": []string{"authenticate", "certificates", "sign"}, "pinSource": "pad"}}})
	h := l.start(t)
	require.NoError(t, l.module.Forget())

	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "pinPadRequired", p.Reason)
	require.Equal(t, "noPinPad", p.Certificates[0].Reason)
	require.False(t, p.Certificates[0].Usable)
	require.Zero(t, l.count(t, "C_Login", ""))
	h.PIN(p, the.PIN) // an extension that would show a field all the same
	requireCode(t, "userCancelled", h.Await(answer))
	require.Zero(t, the.State().Verifies)

	_, answer = h.Login(nil)
	p = h.Prompt("wait")
	l.set(t, padFlag, "pad types 50 "+the.PIN) // the card is in the other reader now
	h.Answer(p, map[string]any{"action": "retry"})
	h.Prompt("pinPad")
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 1, l.count(t, "C_Login", "pad"))
	require.Zero(t, l.count(t, "C_Login", ""), "nothing was typed at the computer")
	requireClosed(t, the)

	_, answer = h.Login(map[string]any{"pin": the.PIN})
	requireCode(t, "pinFromPageNotAllowed", h.Await(answer))

	l.set(t, "")
	var found struct {
		Certificates []struct {
			Usable bool
			Reason string
		}
	}
	require.NoError(t, json.Unmarshal(h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Result, &found))
	require.NotEmpty(t, found.Certificates)
	require.Equal(t, "noPinPad", found.Certificates[0].Reason)
}
