//go:build linux

package rig

import (
	"errors"
	"os"
	"testing"

	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/vpcd"
)

// New starts a rig that ends with the test. It fails, and never skips, where there is no right to
// make namespaces. It also points PCSCLITE_CSOCK_NAME of this process at the rig, for modules that
// the test loads itself; that reaches the first rig of a process only.
func New(t testing.TB) *Rig {
	t.Helper()
	r, err := Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pcscd: %s", r.Log())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.Setenv(socketVariable, r.Socket()); err != nil {
		t.Fatal(err)
	}
	return r
}

// Insert puts a card in and waits until the daemon has noticed.
func (r *Rig) Insert(reader int, c *piv.Card) error {
	if err := r.Put(reader, c); err != nil {
		return err
	}
	return r.WaitCard(reader, true)
}

// Remove pulls the card out and waits until the daemon has noticed, which takes up to 400 ms since
// it polls. No card, no reader is no error.
func (r *Rig) Remove(reader int) error {
	if _, err := r.reader(reader); errors.Is(err, ErrUnplugged) {
		return nil
	}
	if err := r.Pull(reader); err != nil {
		return err
	}
	return r.WaitCard(reader, false)
}

// Swap replaces the card in a reader; the daemon notices both halves.
func (r *Rig) Swap(reader int, c *piv.Card) error {
	if err := r.Remove(reader); err != nil {
		return err
	}
	return r.Insert(reader, c)
}

// Put puts a card in without waiting. A card that is pulled and put back before the daemon polls
// is never noticed at all.
func (r *Rig) Put(reader int, c *piv.Card) error {
	x, err := r.reader(reader)
	if err != nil {
		return err
	}
	if r.Card(1-reader) == c {
		return ErrElsewhere
	}
	return x.Insert(c)
}

// Pull pulls the card out without waiting. OpenSC 0.23 can hang for ever in a call that meets a
// card which is gone while the daemon has not noticed: call it only against a process that may be killed.
func (r *Rig) Pull(reader int) error {
	x, err := r.reader(reader)
	if errors.Is(err, ErrUnplugged) {
		return nil
	} else if err != nil {
		return err
	}
	x.Remove()
	return nil
}

// PullOnSign makes a card leave its reader during each of its private key operations.
func (r *Rig) PullOnSign(c *piv.Card, on bool) {
	if !on {
		c.OnSign(nil)
		return
	}
	c.OnSign(func(byte) {
		for i := range Readers {
			if r.Card(i) == c {
				_ = r.Pull(i) // only a stopped daemon refuses, and then no card is in
			}
		}
	})
}

func (r *Rig) reader(i int) (*vpcd.Reader, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case i < 0 || i >= len(r.readers):
		return nil, ErrNoReader
	case r.daemon == nil:
		return nil, ErrDown
	case !r.plugged[i]:
		return nil, ErrUnplugged
	}
	return r.readers[i], nil
}
