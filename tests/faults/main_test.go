// Package faults tests the built host with modules that crash, hang, lie: the virtual card is asked what reached it.
package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/fault"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

var world struct {
	dir, binary, opensc string
	library             fault.Library
	pki                 *pki.PKI
}

func TestMain(m *testing.M) {
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (code int, err error) {
	if world.dir, err = os.MkdirTemp("", "faults"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(world.dir)
	// relative: each host has the policy of the folder that it runs in
	if world.binary, err = hosttest.Build(world.dir, policyName); err != nil {
		return 1, err
	}
	if world.library, err = fault.Build(world.dir); err != nil {
		return 1, err
	}
	if world.opensc, err = rig.OpenSC(); err != nil {
		return 1, err
	}
	if world.pki, err = pki.Listen(pki.Options{}); err != nil {
		return 1, err
	}
	defer world.pki.Close()
	code = m.Run()
	if left := hosttest.Processes(world.binary, 0); len(left) > 0 {
		return 1, fmt.Errorf("processes were left: %v", left)
	}
	return code, nil
}

const policyName = "policy.json"

// lane is a desk: readers, a card, a module of its own. Tests at different desks do not meet.
type lane struct {
	home   string
	env    []string
	rig    *rig.Rig // nil: no PC/SC
	deck   *deck.Deck
	module *fault.Module
}

// newLane sets up a desk whose hosts use the faulty module before OpenSC.
func newLane(t *testing.T) *lane {
	t.Helper()
	l := emptyLane(t, "module.so", world.opensc)
	l.deck = deck.New(world.pki)
	var err error
	l.rig, err = rig.Start("")
	require.NoError(t, err)
	l.env = []string{l.rig.Env()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pcscd: %s", l.rig.Log())
		}
		require.NoError(t, l.rig.Close())
	})
	return l
}

// newSoftLane is a desk without PC/SC, with the faulty module before SoftHSM.
func newSoftLane(t *testing.T, store *softtoken.Store) *lane {
	t.Helper()
	l := emptyLane(t, "softhsm-module.so", softtoken.Module) // the name tells the host that no reader announces its tokens
	l.env = []string{store.Env(), "PCSCLITE_CSOCK_NAME=" + filepath.Join(l.home, "nothing")}
	return l
}

func emptyLane(t *testing.T, name, realModule string) *lane {
	t.Helper()
	l := &lane{home: filepath.Join(world.dir, strings.NewReplacer("/", "_", " ", "_").Replace(t.Name()))}
	require.NoError(t, os.MkdirAll(l.home, 0o700))
	var err error
	l.module, err = world.library.At(filepath.Join(l.home, name), realModule)
	require.NoError(t, err)
	l.policy(t, nil)
	return l
}

// policy lets the next hosts use the desk's module, with more members as given.
func (l *lane) policy(t *testing.T, more map[string]any) {
	t.Helper()
	doc := map[string]any{"modules": []string{l.module.Path}}
	for k, v := range more {
		doc[k] = v
	}
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(l.home, policyName), raw, 0o644))
}

// insert puts a card, new from the factory, into the first reader.
func (l *lane) insert(t *testing.T, name string) *deck.Card {
	t.Helper()
	require.NoError(t, l.rig.Remove(0))
	require.NoError(t, l.rig.Remove(1))
	c, err := l.deck.Card(name)
	require.NoError(t, err)
	c.Renew()
	require.NoError(t, l.rig.Insert(0, c.Card))
	return c
}

func (l *lane) start(t *testing.T) *hosttest.Host {
	t.Helper()
	return hosttest.Start(t, world.binary, l.home, l.env...).Greet()
}

func (l *lane) set(t *testing.T, rules ...string) {
	t.Helper()
	require.NoError(t, l.module.Set(rules...))
}

func (l *lane) count(t *testing.T, name, note string) int {
	t.Helper()
	n, err := l.module.Count(name, note)
	require.NoError(t, err)
	return n
}

// summary prints a figure, also where go test does not show the logs of what passed.
func summary(t *testing.T, format string, args ...any) {
	t.Helper()
	fmt.Printf(format+"\n", args...)
	t.Logf(format, args...)
}
