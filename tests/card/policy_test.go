package card

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
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

func TestStatusTellsTheWebEIDFace(t *testing.T) {
	insert(t, "citizen")
	ask := func(more map[string]any) map[string]any {
		params := map[string]any{"origin": hosttest.Origin}
		for k, v := range more {
			params[k] = v
		}
		var s map[string]any
		h := start(t)
		require.NoError(t, json.Unmarshal(h.Call("status", params).Result, &s))
		h.Close()
		return s
	}
	require.NotContains(t, ask(nil), "webEID", "an extension of before would not know the member")
	policyFile(t, grant([]string{"authenticate"}, map[string]any{"webEID": true}))
	require.Equal(t, true, ask(nil)["webEID"])
	s := ask(map[string]any{"grant": true})
	require.Equal(t, true, s["webEID"])
	require.Equal(t, []any{"authenticate"}, s["operations"])
	require.NotContains(t, s, "readers", "policy's word alone")
}

func TestACertificateIsChosenWithoutAPIN(t *testing.T) {
	choose := map[string]any{"origin": hosttest.Origin, "choose": true}
	chosen := func(m hosttest.Message) []string {
		require.Nil(t, m.Error)
		var r struct{ Certificates []struct{ ID string } }
		require.NoError(t, json.Unmarshal(m.Result, &r))
		var ids []string
		for _, c := range r.Certificates {
			ids = append(ids, c.ID)
		}
		return ids
	}
	t.Run("the only one at once", func(t *testing.T) {
		the := insert(t, "citizen")
		h := start(t)
		require.Equal(t, []string{fmt.Sprintf("%x", sha256.Sum256(the.Certificate.Raw))}, chosen(h.Call("certificates", choose)))
		h.NoPrompt()
	})
	t.Run("one of two by the person", func(t *testing.T) {
		the := insert(t, "citizen-two")
		h := start(t)
		_, answer := h.Begin("certificates", choose)
		p := h.Prompt("choose")
		var usable []string
		for _, c := range p.Certificates {
			if c.Usable {
				usable = append(usable, c.ID)
			}
		}
		require.Len(t, usable, 2)
		h.Answer(p, map[string]any{"action": "choose", "certificate": usable[1]})
		require.Equal(t, usable[1:], chosen(h.Await(answer)))
		require.Zero(t, the.State().Verifies)
	})
	t.Run("none: a card is waited for", func(t *testing.T) {
		empty(t)
		h := start(t)
		_, answer := h.Begin("certificates", choose)
		p := h.Prompt("wait")
		require.Equal(t, "noCard", p.Reason)
		h.Answer(p, map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	})
	t.Run("not without the grant", func(t *testing.T) {
		policyFile(t, grant([]string{"authenticate"}, nil))
		h := start(t)
		requireCode(t, "operationNotAllowed", h.Call("certificates", choose))
		h.NoPrompt()
	})
}
