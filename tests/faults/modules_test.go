package faults

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

type listing struct {
	Certificates []struct {
		ID, Reader string
		Usable     bool
	}
	Problems []struct{ Code string }
}

// usable lists the certificates that can log in, with all problems.
func usable(t *testing.T, h *hosttest.Host) (ids, problems []string) {
	t.Helper()
	m := h.Call("certificates", map[string]any{"origin": hosttest.Origin})
	require.Nil(t, m.Error)
	var l listing
	require.NoError(t, json.Unmarshal(m.Result, &l))
	for _, c := range l.Certificates {
		if c.Usable {
			ids = append(ids, c.ID)
		}
	}
	for _, p := range l.Problems {
		problems = append(problems, p.Code)
	}
	return ids, problems
}

// A module may show one token in two slots; two modules may know one card.
func TestOneTokenSeenTwice(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	for name, c := range map[string]struct {
		rules   []string
		modules []string
	}{
		"twin slots":                 {[]string{"slots twin"}, []string{l.module.Path}},
		"two modules":                {nil, []string{l.module.Path, world.opensc}},
		"two modules, the other way": {nil, []string{world.opensc, l.module.Path}},
		"two modules, twin slots":    {[]string{"slots twin"}, []string{l.module.Path, world.opensc}},
		"named in another way":       {[]string{"C_GetSlotInfo garbage"}, []string{world.opensc, l.module.Path}},
	} {
		t.Run(name, func(t *testing.T) {
			the := l.insert(t, "citizen")
			l.policy(t, map[string]any{"modules": c.modules})
			l.set(t, c.rules...)
			require.NoError(t, l.module.Forget())
			h := l.start(t)
			ids, problems := usable(t, h)
			require.Equal(t, []string{id(the.Certificate)}, ids)
			require.Empty(t, problems)
			loginOn(t, h, the) // without any choice
			require.Equal(t, 1, the.State().Verifies)
			require.LessOrEqual(t, l.count(t, "C_Login", ""), 1)
		})
	}
}

// One module that fails hides nobody else's cards, whatever it does.
func TestOneModuleOfTwoFails(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	for fault, problem := range map[string]string{
		"C_Initialize crash": "moduleFailed", "C_GetSlotList return 0x5": "moduleFailed", "C_GetTokenInfo hang": "moduleTimeout", "slots none": "",
	} {
		t.Run(fault, func(t *testing.T) {
			the := l.insert(t, "citizen")
			l.policy(t, map[string]any{"modules": []string{l.module.Path, world.opensc}, "deadlines": map[string]int{"scan": 3000}})
			l.set(t, fault)
			h := l.start(t)
			ids, problems := usable(t, h)
			require.Equal(t, []string{id(the.Certificate)}, ids)
			if problem == "" {
				require.Empty(t, problems)
			} else {
				require.Equal(t, []string{problem}, problems)
			}
			loginOn(t, h, the)
		})
	}
}

// A card and a token without a reader, each by its own module: the PIN goes where the person chose.
func TestACardAndATokenWithoutReader(t *testing.T) {
	t.Parallel()
	store, token := softToken(t, softtoken.Key{Name: "key", Type: "P-256", Holder: "陳大文"})
	l := newLane(t)
	l.env = append(l.env, store.Env())
	l.policy(t, map[string]any{"modules": []string{l.module.Path, softtoken.Module}})
	the := l.insert(t, "citizen")
	h := l.start(t)
	for _, c := range []struct{ id, pin, algorithm string }{{id(the.Certificate), the.PIN, "RS256"}, {id(token.Certificates["key"]), softPIN, "ES256"}} {
		_, answer := h.Login(nil)
		p := h.Prompt("choose")
		h.Answer(p, map[string]any{"action": "choose", "certificate": c.id})
		h.PIN(h.Prompt("pin"), c.pin)
		m := h.Await(answer)
		require.Nil(t, m.Error)
		hosttest.VerifyWithOpenSSL(t, m.Result, c.algorithm, nil)
	}
	require.Equal(t, 1, the.State().Verifies)
	requireClosed(t, the)
}

// A second real module on the same card: code of other people with other habits (slots that are always there, other names for
// readers, no flags of tries).
func TestCACKey(t *testing.T) {
	found, err := filepath.Glob("/usr/lib/*/libcackey.so")
	require.NoError(t, err)
	require.Len(t, found, 1, "make setup installs cackey")
	l := newLane(t)
	for _, reader := range []int{0, 1} {
		the := l.insert(t, "citizen")
		if reader == 1 {
			require.NoError(t, l.rig.Remove(0))
			require.NoError(t, l.rig.Insert(1, the.Card))
		}
		l.policy(t, map[string]any{"modules": found})
		h := l.start(t)
		_, answer := h.Login(map[string]any{"certificate": id(the.Certificate)})
		p, failed := h.Next(answer)
		require.Nil(t, failed)
		require.Equal(t, "pin", p.State, p.Reason)
		require.Equal(t, id(the.Certificate), p.Certificate.ID)
		h.PIN(p, "999999")
		p = h.Prompt("pin")
		require.Equal(t, "wrongPIN", p.Notice)
		require.Equal(t, 2, the.State().PINTries)
		h.PIN(p, the.PIN)
		m := h.Await(answer)
		require.Nil(t, m.Error)
		hosttest.VerifyWithOpenSSL(t, m.Result, "RS256", the.Certificate)
		require.Equal(t, 2, the.State().Verifies)
		requireClosed(t, the)
		// beside OpenSC the card is still one
		l.policy(t, map[string]any{"modules": append(found, world.opensc)})
		ids, _ := usable(t, l.start(t))
		require.Equal(t, []string{id(the.Certificate)}, ids)
	}
}

// With two cards in, nothing tells which of them a module means that calls readers by names of its own.
func TestTwoCardsUnderOtherNames(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "citizen")
	other, err := l.deck.Card("citizen2")
	require.NoError(t, err)
	require.NoError(t, l.rig.Insert(1, other.Card))
	l.set(t, "C_GetSlotInfo garbage")
	h := l.start(t)
	_, answer := h.Login(map[string]any{"certificate": id(the.Certificate)})
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	requireClosed(t, the)
	require.Equal(t, 1, the.State().Verifies)
	require.Zero(t, other.State().Verifies)
}
