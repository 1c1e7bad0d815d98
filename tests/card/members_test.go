package card

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

func TestIssuersOfThePolicy(t *testing.T) {
	policyFile(t, grant(everything, map[string]any{"issuers": []string{"政府憑證管理中心"}}))
	citizen := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "wrongIssuer", p.Reason)
	require.Equal(t, []string{"政府憑證管理中心"}, p.Issuers)
	require.Equal(t, "wrongIssuer", p.Certificates[0].Reason)
	agency := card(t, "agency")
	require.NoError(t, world.rig.Swap(0, agency.Card))
	h.PIN(waitFor(h, "pin"), agency.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Zero(t, citizen.State().Verifies)

	insert(t, "citizen")
	h = start(t) // the first one may not have heard of this card yet
	var found struct {
		Certificates []struct{ Issuer, Reason string }
	}
	require.NoError(t, json.Unmarshal(h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Result, &found))
	require.NotEmpty(t, found.Certificates)
	require.Equal(t, "wrongIssuer", found.Certificates[0].Reason)
	policyFile(t, grant(everything, map[string]any{"issuers": []string{"政府憑證管理中心", found.Certificates[0].Issuer}}))
	h = start(t)
	_, answer = h.Login(nil)
	h.Answer(h.Prompt("pin"), map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
}

func TestWhomToAskAndInWhichLanguage(t *testing.T) {
	policyFile(t, with(grant(everything, nil), map[string]any{
		"language": "en", "helpDesk": map[string]any{"text": "分機 1234", "phone": "02-2345-6789"},
		"install": map[string]any{"module": "https://a.gov.tw/hicos"}, "modules": []string{"/nowhere/module.so"},
	}))
	insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(map[string]any{"language": "zh-TW"})
	p := h.Prompt("wait")
	require.Equal(t, []any{"noModule", "en", "https://a.gov.tw/hicos", "分機 1234", "02-2345-6789"},
		[]any{p.Reason, p.Language, p.InstallURL, p.HelpDesk.Text, p.HelpDesk.Phone})
	h.Answer(p, map[string]any{"action": "cancel"})
	desk := map[string]any{"text": "分機 1234", "phone": "02-2345-6789"}
	m := h.Await(answer)
	requireCode(t, "userCancelled", m)
	require.Equal(t, desk, m.Error.Data.Facts["helpDesk"])

	m = h.Call("certificates", map[string]any{"origin": "https://a.gov.tw"})
	requireCode(t, "originNotAllowed", m)
	require.NotContains(t, m.Error.Data.Facts, "helpDesk", "a portal that is granted nothing learns nothing")
	for origin, want := range map[string][2]any{"": {desk, "en"}, hosttest.Origin: {desk, nil}, "https://a.gov.tw": {nil, nil}} {
		params := map[string]any{}
		if origin != "" {
			params["origin"] = origin
		}
		var s map[string]any
		require.NoError(t, json.Unmarshal(h.Call("status", params).Result, &s))
		require.Equal(t, want, [2]any{s["helpDesk"], s["language"]}, origin)
	}
}

func TestALockedCardAndWhomToAsk(t *testing.T) {
	policyFile(t, with(grant(everything, nil), map[string]any{"helpDesk": map[string]any{"email": "help@dgpa.gov.tw"}}))
	insert(t, "citizen").SetTries(0)
	h := start(t)
	_, answer := h.Login(map[string]any{"language": "zh-TW"})
	p := h.Prompt("locked")
	require.Equal(t, "zh-TW", p.Language, "IT has decided none")
	require.Equal(t, "help@dgpa.gov.tw", p.HelpDesk.Email)
	h.Answer(p, map[string]any{"action": "close"})
	m := h.Await(answer)
	requireCode(t, "pinLocked", m)
	require.Equal(t, map[string]any{"email": "help@dgpa.gov.tw"}, m.Error.Data.Facts["helpDesk"])
}
