package faults

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// Without a window nobody knows what the PIN at the reader is for: nothing is signed, whatever is typed.
func TestAPadWithoutAWindow(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, padFlag, "pad types 600000 "+the.PIN)
	_, answer := h.Login(nil)
	p := h.Prompt("pinPad")
	failed, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": p.ID, "error": map[string]any{
		"code": -32000, "message": "x", "data": map[string]any{"code": "promptFailed", "who": "us"}}})
	require.NoError(t, err)
	require.NoError(t, h.Send(hosttest.Frame(failed)))
	requireCode(t, "promptFailed", h.Await(answer))
	requireNoChild(t, h)
	require.Zero(t, the.State().Verifies)
}

// A pad that nobody touches: window and host have one clock, and the card's tries are not in doubt.
func TestAPadThatNobodyTouches(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	the := l.insert(t, "letters")
	h := l.start(t)
	l.set(t, padFlag, "pad types 600000 "+the.PIN)
	_, answer := h.Login(nil)
	p := h.Prompt("pinPad")
	require.Equal(t, 60, p.TimeoutSeconds)
	h.Answer(p, map[string]any{"action": "timeout"})
	requireCode(t, "userTimeout", h.Await(answer))
	h.Close()

	l.policy(t, map[string]any{"deadlines": map[string]int{"login": 1000}})
	h = l.start(t)
	_, answer = h.Login(nil)
	require.Equal(t, 3, h.Prompt("pinPad").TimeoutSeconds)
	requireCode(t, "userTimeout", h.Await(answer))
	require.Zero(t, the.State().Verifies)
}
