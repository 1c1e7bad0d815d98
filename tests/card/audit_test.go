package card

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// line is one of the log.
type line struct {
	Level, Caller, Operation, Method, Origin, UID, Thumbprint, Outcome, Message, Code string
	Audit                                                                             bool
	MS                                                                                float64
	Time                                                                              string
}

// logged are the lines of the test's log; audits those of them that are audit lines.
func logged(t *testing.T) (all, audits []line) {
	t.Helper()
	raw, err := os.ReadFile(home(t) + "/state/cardbridge/host.log")
	require.NoError(t, err)
	for text := range bytes.Lines(raw) {
		var l line
		require.NoError(t, json.Unmarshal(text, &l), "%s", text)
		all = append(all, l)
		if l.Audit {
			audits = append(audits, l)
		}
	}
	return all, audits
}

// freshLog makes a repeated test begin without the lines of the one before.
func freshLog(t *testing.T) {
	t.Helper()
	require.NoError(t, os.RemoveAll(home(t)+"/state"))
}

func with(doc map[string]any, more map[string]any) map[string]any {
	for k, v := range more {
		doc[k] = v
	}
	return doc
}

var everything = []string{"authenticate", "certificates", "sign"}

// Each operation that is not open leaves one audit line, whatever came of it, and each of its lines has its id.
func TestEachOperationIsAudited(t *testing.T) {
	freshLog(t)
	the := insert(t, "letters")
	thumbprint := fmt.Sprintf("%x", sha256.Sum256(the.Certificate.Raw))
	h := start(t)
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), wrongPIN)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	_, answer = h.Login(nil)
	h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
	declined := h.Await(answer)
	requireCode(t, "userCancelled", declined)
	require.Nil(t, h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Error)
	requireCode(t, "originNotAllowed", h.Call("certificates", map[string]any{"origin": "https://a.gov.tw"}))
	require.Nil(t, h.Call("status", map[string]any{"origin": hosttest.Origin}).Error)
	h.Close()

	all, audits := logged(t)
	type fact struct{ method, origin, thumbprint, outcome string }
	var facts []fact
	for _, l := range audits {
		facts = append(facts, fact{l.Method, l.Origin, l.Thumbprint, l.Outcome})
		assert.Equal(t, []any{"audit", "info", hosttest.Caller, strconv.Itoa(os.Getuid())}, []any{l.Message, l.Level, l.Caller, l.UID})
		assert.NotEmpty(t, l.Time)
		assert.GreaterOrEqual(t, l.MS, 0.0)
	}
	assert.Equal(t, []fact{
		{"authenticate", hosttest.Origin, thumbprint, "done"},
		{"authenticate", hosttest.Origin, thumbprint, "userCancelled"},
		{"certificates", hosttest.Origin, "", "done"},
		{"certificates", "https://a.gov.tw", "", "originNotAllowed"},
	}, facts)
	assert.Equal(t, declined.Error.Data.Operation, audits[1].Operation)
	refused := 0
	for _, l := range all {
		assert.Regexp(t, `^[0-9a-f]{8}-`, l.Operation, "%+v", l)
		if l.Message == "PIN refused" {
			refused++
			assert.Equal(t, audits[0].Operation, l.Operation)
		}
	}
	assert.Equal(t, 1, refused)
}

func TestTheAuditIsAboveTheLevel(t *testing.T) {
	for name, c := range map[string]struct {
		doc               map[string]any
		lines, auditLines int
	}{
		"level error":    {map[string]any{"log": map[string]any{"level": "error"}}, 1, 1},
		"level warn":     {map[string]any{"log": map[string]any{"level": "warn"}}, 1, 1},
		"audit at debug": {map[string]any{"log": map[string]any{"level": "debug"}, "audit": true}, 2, 1},
		"no audit":       {map[string]any{"audit": false}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			freshLog(t)
			empty(t)
			policyFile(t, with(grant(everything, nil), c.doc))
			h := start(t)
			require.Nil(t, h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Error)
			h.Close()
			all, audits := logged(t)
			require.Len(t, all, c.lines)
			require.Len(t, audits, c.auditLines)
		})
	}
	t.Run("status at debug", func(t *testing.T) {
		freshLog(t)
		policyFile(t, with(grant(everything, nil), map[string]any{"log": map[string]any{"level": "debug"}}))
		h := start(t)
		require.Nil(t, h.Call("status", map[string]any{"origin": hosttest.Origin}).Error)
		h.Close()
		all, audits := logged(t)
		require.Len(t, all, 1)
		require.Empty(t, audits)
	})
}

// A log that is gone, or a disk that is full, keeps nobody from logging in.
func TestALoginWithoutALog(t *testing.T) {
	freshLog(t)
	the := insert(t, "letters")
	login := func(h *hosttest.Host) {
		t.Helper()
		_, answer := h.Login(nil)
		h.PIN(h.Prompt("pin"), the.PIN)
		require.Nil(t, h.Await(answer).Error)
	}
	state := home(t) + "/state"
	h := start(t)
	login(h)
	require.NoError(t, os.RemoveAll(state))
	login(h)
	_, audits := logged(t)
	require.Len(t, audits, 1, "the log was made anew, with the second login's lines")
	require.NoError(t, os.Remove(state+"/cardbridge/host.log"))
	full := state + "/cardbridge/host.log"
	require.NoError(t, os.Symlink("/dev/full", full))
	t.Cleanup(func() { os.Remove(full) }) // who reads all logs at the end would read it without end
	login(h)
	h.Close()
	require.Contains(t, h.Stderr.String(), `"outcome":"done"`, "standard error has what the disk did not take")
}
