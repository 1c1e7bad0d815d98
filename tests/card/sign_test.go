package card

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

type signed struct {
	Certificate []byte
	Items       []struct {
		Signature []byte
		Error     *struct{ Code, Who string }
	}
}

func signing(documents ...map[string]any) map[string]any {
	return map[string]any{"origin": hosttest.Origin, "documents": documents}
}

func resultOf(t *testing.T, m hosttest.Message) (s signed) {
	t.Helper()
	require.Nil(t, m.Error)
	require.NoError(t, json.Unmarshal(m.Result, &s))
	return s
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestSignatureWithEachKey(t *testing.T) {
	content := []byte("請假單：王小明")
	for _, c := range []struct {
		card string
		pss  bool
		hash string
	}{{"citizen", false, ""}, {"citizen", true, "SHA-384"}, {"citizen-p256", false, ""}, {"citizen-p384", false, "SHA-256"}, {"citizen-p384", false, "SHA-512"}, {"always", false, ""}} {
		t.Run(fmt.Sprint(c.card, c.pss, c.hash), func(t *testing.T) {
			the := insert(t, c.card)
			h := start(t)
			params := signing(map[string]any{"title": "請假單", "content": b64(content), "attached": true}, map[string]any{"title": "附件", "content": b64(content)})
			params["pss"], params["nonce"], params["cardNumber"] = c.pss, b64([]byte("request 17")), true
			if c.hash != "" {
				params["hash"] = c.hash
			}
			_, answer := h.Begin("sign", params)
			p := h.Prompt("pin")
			require.Len(t, p.Documents, 2)
			require.Equal(t, "請假單", p.Documents[0].Title)
			require.Equal(t, int64(len(content)), p.Documents[0].Size)
			h.PIN(p, the.PIN)
			s := resultOf(t, h.Await(answer))
			require.Equal(t, the.Certificate.Raw, s.Certificate)
			require.Len(t, s.Items, 2)
			require.Equal(t, content, hosttest.VerifyCMSWithOpenSSL(t, s.Items[0].Signature, the.Certificate, nil))
			hosttest.VerifyCMSWithOpenSSL(t, s.Items[1].Signature, the.Certificate, content)
			require.Contains(t, string(s.Items[1].Signature), hosttest.Origin)
			require.NotContains(t, string(s.Items[1].Signature), string(content))
			require.Equal(t, 2, the.State().Signatures)
			requireClosed(t, the)
		})
	}
}

// Twenty documents, one PIN, one login.
func TestABatch(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	var documents []map[string]any
	for i := range 20 {
		sum := sha256.Sum256([]byte{byte(i)})
		documents = append(documents, map[string]any{"title": fmt.Sprintf("公文 %d", i+1), "size": 1, "digest": b64(sum[:])})
	}
	_, answer := h.Begin("sign", signing(documents...))
	p := h.Prompt("pin")
	require.Len(t, p.Documents, 20)
	h.PIN(p, the.PIN)
	s := resultOf(t, h.Await(answer))
	require.Len(t, s.Items, 20)
	for i, item := range s.Items {
		require.Nil(t, item.Error)
		hosttest.VerifyCMSWithOpenSSL(t, item.Signature, the.Certificate, []byte{byte(i)})
	}
	require.Equal(t, 1, the.State().Verifies)
	require.Equal(t, 20, the.State().Signatures)
	requireClosed(t, the)
}

// A card that leaves after some documents: those are signed, the others say why not.
func TestTheCardLeavesInABatch(t *testing.T) {
	the := insert(t, "citizen")
	the.SetDelays(150*time.Millisecond, 0)
	h := start(t)
	var documents []map[string]any
	for i := range 10 {
		documents = append(documents, map[string]any{"title": "公文", "content": b64([]byte{byte(i)})})
	}
	_, answer := h.Begin("sign", signing(documents...))
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Eventually(t, func() bool { return the.State().Signatures >= 2 }, hosttest.Patience, time.Millisecond)
	require.NoError(t, world.rig.Pull(0))
	s := resultOf(t, h.Await(answer))
	require.Len(t, s.Items, 10)
	hosttest.VerifyCMSWithOpenSSL(t, s.Items[0].Signature, the.Certificate, []byte{0})
	last := s.Items[9]
	require.Empty(t, last.Signature)
	require.Equal(t, "cardRemoved", last.Error.Code)
	require.Equal(t, "person", last.Error.Who)
}

func TestDocumentsThatAreRefused(t *testing.T) {
	insert(t, "citizen")
	h := start(t)
	fine := func() map[string]any { return map[string]any{"title": "公文", "content": b64([]byte("x"))} }
	many := make([]map[string]any, 21)
	for i := range many {
		many[i] = fine()
	}
	half := map[string]any{"title": "公文", "content": b64(make([]byte, 256<<10))}
	with := func(change map[string]any) map[string]any {
		d := fine()
		for k, v := range change {
			d[k] = v
			if v == nil {
				delete(d, k)
			}
		}
		return signing(d)
	}
	for name, c := range map[string]struct {
		params map[string]any
		code   string
	}{
		"none":                     {signing(), "documentInvalid"},
		"21":                       {signing(many...), "documentInvalid"},
		"no title":                 {with(map[string]any{"title": ""}), "documentInvalid"},
		"a title without ink":      {with(map[string]any{"title": "\u202e\u200b \u3164"}), "documentInvalid"},
		"a long title":             {with(map[string]any{"title": strings.Repeat("長", 201)}), "documentInvalid"},
		"too large":                {with(map[string]any{"content": b64(make([]byte, 512<<10+1))}), "documentInvalid"},
		"too large together":       {signing(half, half, fine()), "documentInvalid"},
		"a digest too short":       {with(map[string]any{"content": nil, "digest": b64(make([]byte, 31))}), "documentInvalid"},
		"neither":                  {with(map[string]any{"content": nil}), "documentInvalid"},
		"both":                     {with(map[string]any{"digest": b64(make([]byte, 32))}), "documentInvalid"},
		"a digest to attach":       {with(map[string]any{"content": nil, "digest": b64(make([]byte, 32)), "attached": true}), "documentInvalid"},
		"another size":             {with(map[string]any{"size": 2}), "documentInvalid"},
		"a digest of another hash": {map[string]any{"origin": hosttest.Origin, "documents": []any{map[string]any{"title": "x", "digest": b64(make([]byte, 32))}}, "hash": "SHA-384"}, "documentInvalid"},
		"an unknown hash":          {map[string]any{"origin": hosttest.Origin, "documents": []any{fine()}, "hash": "SHA-1"}, "algorithmUnsupported"},
		"a member too many":        {with(map[string]any{"html": "<b>"}), "invalidParams"},
		"an empty nonce":           {map[string]any{"origin": hosttest.Origin, "documents": []any{fine()}, "nonce": ""}, "invalidParams"},
		"a nonce too long":         {map[string]any{"origin": hosttest.Origin, "documents": []any{fine()}, "nonce": b64(make([]byte, 65))}, "invalidParams"},
		"a PIN":                    {map[string]any{"origin": hosttest.Origin, "documents": []any{fine()}, "pin": lettersPIN}, "invalidParams"},
		"signRaw by no grant":      {map[string]any{"origin": hosttest.Origin, "documents": []any{fine()}, "raw": true}, "invalidParams"},
		"an unlisted origin":       {map[string]any{"origin": "https://a.example", "documents": []any{fine()}}, "originNotAllowed"},
		"an origin in a string":    {map[string]any{"origin": "x y", "documents": []any{fine()}}, "invalidParams"},
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, c.code, h.Call("sign", c.params)) })
	}
	h.NoPrompt()
}

// A title is the page's: what hides or turns text is taken out before a person reads it.
func TestTitlesAreShownAsText(t *testing.T) {
	insert(t, "citizen")
	h := start(t)
	_, answer := h.Begin("sign", signing(map[string]any{"title": "<b>匯款\u202e單</b>\u200b\n", "content": b64(nil)}))
	p := h.Prompt("pin")
	require.Equal(t, "<b>匯款單</b>", p.Documents[0].Title)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
}

// A person with several certificates sees what would be signed before choosing one.
func TestDocumentsAreShownBeforeTheChoice(t *testing.T) {
	the := insert(t, "citizen-two")
	h := start(t)
	sum := sha256.Sum256([]byte("pdf"))
	_, answer := h.Begin("sign", signing(map[string]any{"title": "請假單", "content": b64([]byte("x"))}, map[string]any{"title": "附件", "size": 3, "digest": b64(sum[:])}))
	p := h.Prompt("choose")
	require.Len(t, p.Documents, 2)
	require.Equal(t, "請假單", p.Documents[0].Title)
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte("x"))), p.Documents[0].Digest)
	require.Equal(t, fmt.Sprintf("%x", sum), p.Documents[1].Digest)
	shown := p.Documents
	for _, c := range p.Certificates {
		if c.Usable {
			h.Answer(p, map[string]any{"action": "choose", "certificate": c.ID})
			break
		}
	}
	p = h.Prompt("pin")
	require.Equal(t, shown, p.Documents)
	h.PIN(p, the.PIN)
	require.Len(t, resultOf(t, h.Await(answer)).Items, 2)
	requireClosed(t, the)
}

// A certificate that is named but not on the card is waited for, with those shown that are there; no other one takes its
// place. When its card comes, the operation goes on by itself.
func TestACertificateThatIsNotOnTheCard(t *testing.T) {
	the := insert(t, "citizen")
	named := card(t, "citizen-p256")
	h := start(t)
	params := signing(map[string]any{"title": "公文", "content": b64([]byte("x"))})
	params["certificate"] = fmt.Sprintf("%x", sha256.Sum256(named.Certificate.Raw))
	_, answer := h.Begin("sign", params)
	p := h.Prompt("wait")
	require.Equal(t, "otherCertificate", p.Reason)
	require.True(t, p.Certificates[0].Usable, "those that could be used come first")
	require.NoError(t, world.rig.Swap(0, named.Card))
	p = waitFor(h, "pin")
	require.Equal(t, params["certificate"], p.Certificate.ID)
	h.PIN(p, named.PIN)
	require.Equal(t, named.Certificate.Raw, resultOf(t, h.Await(answer)).Certificate)
	require.Zero(t, the.State().Verifies)
	requireClosed(t, named)
}

// PSS is RSA's: a card with another key is told from the card's side, before any PIN.
func TestPSSWithAnotherKey(t *testing.T) {
	the := insert(t, "citizen-p256")
	h := start(t)
	params := signing(map[string]any{"title": "公文", "content": b64([]byte("x"))})
	params["pss"] = true
	requireCode(t, "algorithmUnsupported", h.Call("sign", params))
	require.Zero(t, the.State().Verifies)
}

func TestRawSignaturesNeedTheirOwnGrant(t *testing.T) {
	the := insert(t, "citizen-p256")
	sum := sha256.Sum256([]byte("anything"))
	params := map[string]any{"origin": hosttest.Origin, "certificate": fmt.Sprintf("%x", sha256.Sum256(the.Certificate.Raw)), "digest": b64(sum[:]), "hash": "SHA-256"}
	h := start(t)
	requireCode(t, "operationNotAllowed", h.Call("signRaw", params))
	h.Close()
	policyFile(t, grant([]string{"signRaw"}, nil))
	h = start(t)
	requireCode(t, "operationNotAllowed", h.Call("sign", signing(map[string]any{"title": "x", "content": b64(nil)})))
	_, answer := h.Begin("signRaw", params)
	p := h.Prompt("pin")
	require.Equal(t, fmt.Sprintf("%x", sum), p.Documents[0].Digest)
	h.PIN(p, the.PIN)
	m := h.Await(answer)
	require.Nil(t, m.Error)
	var r struct {
		Signature       []byte
		Algorithm, Hash string
	}
	require.NoError(t, json.Unmarshal(m.Result, &r))
	require.Equal(t, "ECDSA", r.Algorithm)
	require.Len(t, r.Signature, 64)
	requireClosed(t, the)
}
