package card

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

func grant(operations []string, more map[string]any) map[string]any {
	portal := map[string]any{"origin": hosttest.Origin, "operations": operations}
	for k, v := range more {
		portal[k] = v
	}
	return map[string]any{"portals": []any{portal}}
}

func TestOriginsThatAreNotListed(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	for _, origin := range []string{
		"http://ecpa.dgpa.gov.tw", "https://ecpa.dgpa.gov.tw:8443", "https://evil.ecpa.dgpa.gov.tw", "https://ecpa.dgpa.gov.tw.evil.example",
		"https://xn--ecpa-9na.dgpa.gov.tw", "null", "file:///etc", "http://127.0.0.1.evil.example:8080", "chrome-extension://abc",
	} {
		for _, method := range []string{"authenticate", "certificates"} {
			params := map[string]any{"origin": origin}
			if method == "authenticate" {
				params["challengeNonce"] = hosttest.Nonce
			}
			m := h.Call(method, params)
			requireCode(t, "originNotAllowed", m)
			require.Equal(t, "it", m.Error.Data.Who)
			require.Equal(t, origin, m.Error.Data.Facts["origin"], "IT is told what to add")
		}
		var s struct {
			Allowed bool
			Code    string
			Readers []any
			Modules []any
			Host    struct{ Version string }
		}
		require.NoError(t, json.Unmarshal(h.Call("status", map[string]any{"origin": origin}).Result, &s))
		require.False(t, s.Allowed)
		require.Equal(t, "originNotAllowed", s.Code)
		require.Equal(t, "0.0.1", s.Host.Version)
		require.Empty(t, s.Readers)
		require.Empty(t, s.Modules)
	}
	h.NoPrompt()
	require.Zero(t, the.State().Verifies)
}

func TestAnOperationThatIsNotGranted(t *testing.T) {
	policyFile(t, grant([]string{"authenticate"}, nil))
	insert(t, "citizen")
	h := start(t)
	m := h.Call("certificates", map[string]any{"origin": hosttest.Origin})
	requireCode(t, "operationNotAllowed", m)
	require.Equal(t, "certificates", m.Error.Data.Facts["operation"])
}

func TestABadPolicyFailsClosed(t *testing.T) {
	policyFile(t, nil)
	require.NoError(t, os.WriteFile(world.policy, []byte(`{"portals": [{"orign": "x"}]}`), 0o644))
	insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(nil)
	requireCode(t, "policyInvalid", h.Await(answer))
	raw, err := os.ReadFile(home(t) + "/state/cardbridge/host.log")
	require.NoError(t, err)
	require.Contains(t, string(raw), "orign", "IT reads where")
}

func TestPINFromThePage(t *testing.T) {
	login := []string{"authenticate"}
	t.Run("not granted", func(t *testing.T) {
		the := insert(t, "letters")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": the.PIN})
		m := h.Await(answer)
		requireCode(t, "pinFromPageNotAllowed", m)
		require.Equal(t, "it", m.Error.Data.Who)
		require.Zero(t, the.State().Verifies)
		h.NoPrompt()
	})
	t.Run("granted", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "letters")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": the.PIN})
		require.Nil(t, h.Await(answer).Error)
		h.NoPrompt()
		require.Equal(t, 1, the.State().Verifies)
		requireClosed(t, the)
	})
	t.Run("wrong once opens the window", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "letters")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": wrongPIN})
		p := h.Prompt("pin")
		require.Equal(t, "wrongPIN", p.Notice)
		require.Equal(t, 1, the.State().Verifies)
		h.PIN(p, the.PIN)
		require.Nil(t, h.Await(answer).Error)
	})
	t.Run("never the last try", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "letters")
		the.SetTries(1)
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": the.PIN})
		h.Answer(h.Prompt("lastTry"), map[string]any{"action": "confirm"})
		h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
		require.Zero(t, the.State().Verifies)
	})
	t.Run("not among several certificates", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "citizen-two")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": the.PIN})
		p := h.Prompt("choose")
		require.Equal(t, "pinFromPageDropped", p.Notice)
		h.Answer(p, map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
		require.Zero(t, the.State().Verifies)
	})
	t.Run("not for a card that came later", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		insert(t, "agency")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": wrongPIN, "kinds": []string{"citizen"}}) // the agency card's, say
		require.Equal(t, "wrongCard", h.Prompt("wait").Reason)
		other := card(t, "letters")
		require.NoError(t, world.rig.Swap(0, other.Card))
		p := waitFor(h, "pin")
		require.Equal(t, "pinFromPageDropped", p.Notice)
		require.Zero(t, other.State().Verifies)
		h.PIN(p, other.PIN)
		require.Nil(t, h.Await(answer).Error)
	})
	t.Run("not after another window", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "letters")
		first, h := start(t), start(t)
		_, signed := first.Login(nil)
		p := first.Prompt("pin")
		_, answer := h.Login(map[string]any{"pin": wrongPIN})
		require.Equal(t, "windowBusy", h.Prompt("wait").Reason)
		first.PIN(p, the.PIN)
		require.Nil(t, first.Await(signed).Error)
		p = h.Prompt("pin")
		require.Equal(t, "pinFromPageDropped", p.Notice)
		require.Equal(t, 1, the.State().Verifies)
		h.PIN(p, the.PIN)
		require.Nil(t, h.Await(answer).Error)
	})
	t.Run("not of another length", func(t *testing.T) {
		policyFile(t, grant(login, map[string]any{"pinFromPage": true}))
		the := insert(t, "letters")
		h := start(t)
		_, answer := h.Login(map[string]any{"pin": "12"})
		h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
		require.Zero(t, the.State().Verifies)
	})
}

func TestKindsOfThePolicy(t *testing.T) {
	policyFile(t, grant([]string{"authenticate"}, map[string]any{"cardKinds": []string{"agency"}}))
	insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(map[string]any{"kinds": []string{"citizen"}})
	p := h.Prompt("wait")
	require.Equal(t, "wrongCard", p.Reason)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
}
