// Package card tests the built host on real PC/SC with the real OpenSC module: the virtual card itself is asked what happened to it.
package card

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// PINs that occur nowhere by chance, so that finding one in a log is a find.
const (
	lettersPIN = deck.PINLetters
	wrongPIN   = "Wr0ng#xq"
)

var world struct {
	dir, binary, policy string
	rig                 *rig.Rig
	deck                *deck.Deck
	// printed is what all hosts of the run wrote to standard error, or answered.
	printed bytes.Buffer
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
	if world.dir, err = os.MkdirTemp("", "cardtest"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(world.dir)
	world.policy = filepath.Join(world.dir, "policy.json")
	if world.binary, err = hosttest.Build(world.dir, world.policy); err != nil {
		return 1, err
	}
	p, err := pki.Listen(pki.Options{})
	if err != nil {
		return 1, err
	}
	defer p.Close()
	world.deck = deck.New(p)
	if world.rig, err = rig.Start(""); err != nil {
		return 1, err
	}
	defer world.rig.Close()
	code = m.Run()
	if left := hosttest.Processes(world.binary, 0); len(left) > 0 {
		return 1, fmt.Errorf("processes were left: %v", left)
	}
	if flag.Lookup("test.run").Value.String() != "" {
		return code, nil // a part of the tests has too little log to search
	}
	return code, searchForPINs()
}

// searchForPINs looks through every log and all output of the whole run. It fails if there is nothing to look through.
func searchForPINs() error {
	files, lines := 0, 0
	err := filepath.WalkDir(world.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == world.binary {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		lines += bytes.Count(raw, []byte{'\n'})
		for _, pin := range []string{lettersPIN, wrongPIN} {
			if bytes.Contains(raw, []byte(pin)) || strings.Contains(path, pin) {
				return fmt.Errorf("a PIN stands in %s", path)
			}
		}
		return err
	})
	for _, pin := range []string{lettersPIN, wrongPIN} {
		if strings.Contains(world.printed.String(), pin) {
			return fmt.Errorf("a PIN was printed")
		}
	}
	if err == nil && (files == 0 || lines < 10) {
		err = fmt.Errorf("only %d files with %d lines of log were there to search", files, lines)
	}
	return err
}

// card makes a named card, new from the factory, in a rig with empty readers.
func card(t *testing.T, name string) *deck.Card {
	t.Helper()
	c, err := world.deck.Card(name)
	require.NoError(t, err)
	c.Renew()
	return c
}

// insert empties both readers, puts a card into the first.
func insert(t *testing.T, name string) *deck.Card {
	t.Helper()
	empty(t)
	c := card(t, name)
	require.NoError(t, world.rig.Insert(0, c.Card))
	return c
}

func empty(t *testing.T) {
	t.Helper()
	require.NoError(t, world.rig.Remove(0))
	require.NoError(t, world.rig.Remove(1))
}

// start starts a host; all hosts of a test share a home, as two browsers of one person do.
func start(t *testing.T) *hosttest.Host {
	t.Helper()
	h := hosttest.Start(t, world.binary, home(t), world.rig.Env())
	t.Cleanup(func() { h.Close(); world.printed.Write(h.Stderr.Bytes()) })
	return h.Greet()
}

func home(t *testing.T) string {
	dir := filepath.Join(world.dir, strings.ReplaceAll(t.Name(), "/", "_"))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	return dir
}

// policyFile puts a policy in place for one test.
func policyFile(t *testing.T, doc map[string]any) {
	t.Helper()
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(world.policy, raw, 0o644))
	t.Cleanup(func() { os.Remove(world.policy) })
}

func requireCode(t *testing.T, code string, m hosttest.Message) {
	t.Helper()
	require.NotNil(t, m.Error, "an error %s was expected, got %s", code, m.Result)
	require.Equal(t, code, m.Error.Data.Code)
}

// requireClosed demands that the card is not VERIFIED; the card itself is asked.
func requireClosed(t *testing.T, c *deck.Card) {
	t.Helper()
	require.False(t, c.State().Verified, "the card is still VERIFIED")
}
