package card

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

func TestLoginWithEachKey(t *testing.T) {
	for _, c := range []struct{ card, algorithm, want string }{
		{"citizen", "", "RS256"}, {"citizen", "RS384", "RS384"}, {"citizen", "RS512", "RS512"},
		{"citizen", "PS256", "PS256"}, {"citizen", "PS384", "PS384"}, {"citizen", "PS512", "PS512"},
		{"citizen-p256", "", "ES256"}, {"citizen-p384", "", "ES384"}, {"citizen-p384", "ES384", "ES384"},
		{"always", "", "RS256"}, {"always", "PS256", "PS256"}, {"agency", "", "RS256"}, {"clientauth", "", "RS256"}, {"letters", "", "RS256"},
	} {
		t.Run(c.card+" "+c.want, func(t *testing.T) {
			the := insert(t, c.card)
			h := start(t)
			options := map[string]any{}
			if c.algorithm != "" {
				options["algorithm"] = c.algorithm
			}
			_, answer := h.Login(options)
			p := h.Prompt("pin")
			require.Equal(t, the.Holder, p.Certificate.Holder)
			require.Equal(t, "atLeastTwo", p.Tries.State)
			h.PIN(p, the.PIN)
			m := h.Await(answer)
			require.Nil(t, m.Error)
			hosttest.VerifyWithOpenSSL(t, m.Result, c.want, the.Certificate)
			requireClosed(t, the)
			state := the.State()
			require.Equal(t, 1, state.Signatures)
			require.Equal(t, 3, state.PINTries)
		})
	}
}

func TestAlgorithmOfAnotherKey(t *testing.T) {
	insert(t, "citizen-p256")
	h := start(t)
	for _, alg := range []string{"RS256", "ES384", "ES512", "PS256"} {
		_, answer := h.Login(map[string]any{"algorithm": alg})
		requireCode(t, "algorithmUnsupported", h.Await(answer))
	}
	_, answer := h.Login(map[string]any{"algorithm": "HS256"})
	requireCode(t, "algorithmUnsupported", h.Await(answer))
	h.NoPrompt()
}

// The card's own counter goes 3, 2, 1, 0 while the window says at least 2, at least 2, last, locked.
func TestThreeWrongPINs(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	said := []string{}
	for left := 3; left > 0; left-- {
		if left == 1 {
			p := h.Prompt("lastTry")
			require.Equal(t, "wrongPIN", p.Notice)
			require.Equal(t, "last", p.Tries.State)
			h.Answer(p, map[string]any{"action": "confirm"})
		}
		p := h.Prompt("pin")
		require.Equal(t, left, the.State().PINTries)
		said = append(said, p.Tries.State)
		h.PIN(p, wrongPIN)
	}
	p := h.Prompt("locked")
	require.Equal(t, []string{"atLeastTwo", "atLeastTwo", "last", "locked"}, append(said, p.Tries.State))
	require.Equal(t, 0, the.State().PINTries)
	require.Equal(t, "https://moica.nat.gov.tw/", p.UnlockURL)
	h.Answer(p, map[string]any{"action": "close"})
	m := h.Await(answer)
	requireCode(t, "pinLocked", m)
	require.Equal(t, "person", m.Error.Data.Who)
	require.Equal(t, 3, the.State().Verifies)
	requireClosed(t, the)

	// a locked card is told from the start
	_, answer = h.Login(nil)
	h.Answer(h.Prompt("locked"), map[string]any{"action": "close"})
	requireCode(t, "pinLocked", h.Await(answer))
	require.Equal(t, 3, the.State().Verifies, "nothing more was sent")
}

func TestWrongOnceThenRight(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), wrongPIN)
	p := h.Prompt("pin")
	require.Equal(t, "wrongPIN", p.Notice)
	require.Equal(t, "atLeastTwo", p.Tries.State)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 3, the.State().PINTries)
	require.Equal(t, 2, the.State().Verifies)
	requireClosed(t, the)
}

func TestDecliningTheLastTryCostsNothing(t *testing.T) {
	the := insert(t, "citizen")
	the.SetTries(1)
	h := start(t)
	_, answer := h.Login(nil)
	h.Answer(h.Prompt("lastTry"), map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	require.Equal(t, 1, the.State().PINTries)
	require.Zero(t, the.State().Verifies)
}

func TestPINOfAnotherLengthIsNeverSent(t *testing.T) {
	the := insert(t, "letters")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	require.Positive(t, p.PINLength.Min)
	h.PIN(p, "1")
	p = h.Prompt("pin")
	require.Equal(t, "pinTooShort", p.Notice)
	h.PIN(p, "123456789")
	p = h.Prompt("pin")
	require.Equal(t, "pinTooLong", p.Notice)
	require.Zero(t, the.State().Verifies)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Equal(t, 1, the.State().Verifies)
}

func TestChooseBetweenCertificates(t *testing.T) {
	the := insert(t, "citizen-two")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("choose")
	usable := []string{}
	for _, c := range p.Certificates {
		if c.Usable {
			usable = append(usable, c.ID)
		} else {
			require.NotEmpty(t, c.Reason)
		}
	}
	require.Len(t, usable, 2)
	require.Greater(t, len(p.Certificates), 2, "what cannot be used is shown with its reason")
	h.Answer(p, map[string]any{"action": "choose", "certificate": usable[1]})
	p = h.Prompt("pin")
	require.Equal(t, usable[1], p.Certificate.ID)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
}

func TestCertificateNamedByThePortal(t *testing.T) {
	the := insert(t, "citizen-two")
	h := start(t)
	list := certificates(t, h)
	_, answer := h.Login(map[string]any{"certificate": list.Certificates[1].ID})
	p := h.Prompt("pin")
	require.Equal(t, list.Certificates[1].ID, p.Certificate.ID)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
}

func TestKindsThatThePortalAccepts(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(map[string]any{"kinds": []string{"agency"}})
	p := h.Prompt("wait")
	require.Equal(t, "wrongCard", p.Reason)
	other := card(t, "agency")
	require.NoError(t, world.rig.Swap(0, other.Card))
	p = waitFor(h, "pin")
	require.Equal(t, "agency", p.Certificate.Kind)
	h.PIN(p, other.PIN)
	require.Nil(t, h.Await(answer).Error)
	require.Zero(t, the.State().Verifies)
}

// waitFor passes over the waiting that a card on its way in or out causes.
func waitFor(h *hosttest.Host, state string) hosttest.Prompt {
	for {
		p := h.AnyPrompt()
		if p.State == state {
			return p
		}
	}
}

func TestUnusableCertificatesAreShownWithTheReason(t *testing.T) {
	for name, reason := range map[string]string{
		"expired": "expired", "notyet": "notYetValid", "emailonly": "otherPurpose", "wrongusage": "encryptionOnly",
	} {
		t.Run(name, func(t *testing.T) {
			the := insert(t, name)
			h := start(t)
			var seen []string
			for _, c := range certificates(t, h).Certificates {
				require.False(t, c.Usable)
				seen = append(seen, c.Reason)
			}
			require.Contains(t, seen, reason)
			_, answer := h.Login(nil)
			p := h.Prompt("wait")
			require.Equal(t, "noUsableCertificate", p.Reason)
			h.Answer(p, map[string]any{"action": "cancel"})
			requireCode(t, "userCancelled", h.Await(answer))
			require.Zero(t, the.State().Verifies)
		})
	}
}

type listing struct {
	Certificates []struct {
		ID, Kind, Holder, Issuer, KeyType, Reason, Reader string
		Usable                                            bool
	}
	Readers  []struct{ Name, State string }
	Problems []struct{ Code string }
}

func certificates(t *testing.T, h *hosttest.Host) (list listing) {
	t.Helper()
	m := h.Call("certificates", map[string]any{"origin": hosttest.Origin})
	require.Nil(t, m.Error)
	require.NoError(t, json.Unmarshal(m.Result, &list))
	return list
}

func TestCertificatesOfTwoReaders(t *testing.T) {
	first := insert(t, "citizen")
	second := card(t, "agency")
	require.NoError(t, world.rig.Insert(1, second.Card))
	h := start(t)
	list := certificates(t, h)
	require.Len(t, list.Readers, 2)
	require.Equal(t, "agency", kindIn(list, list.Readers[1].Name))
	require.Equal(t, "citizen", kindIn(list, list.Readers[0].Name))
	require.Zero(t, first.State().Verifies+second.State().Verifies)
}

func kindIn(list listing, reader string) string {
	for _, c := range list.Certificates {
		if c.Reader == reader && c.Usable {
			return c.Kind
		}
	}
	return ""
}
