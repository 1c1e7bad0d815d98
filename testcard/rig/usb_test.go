//go:build linux

package rig_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/rig"
)

func names(t *testing.T, r *rig.Rig) (all []string) {
	t.Helper()
	states, err := r.State()
	require.NoError(t, err)
	for _, s := range states {
		all = append(all, s.Name)
	}
	return all
}

func TestReadersComeAndGo(t *testing.T) {
	r, err := rig.StartWith("", rig.Options{Unplugged: true})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	c := card(t, "citizen")
	assert.Empty(t, names(t, r))
	require.ErrorIs(t, r.Insert(0, c.Card), rig.ErrUnplugged)
	require.NoError(t, r.Remove(0), "no reader, no card: no error")
	for range 3 {
		require.NoError(t, r.Plug(1))
		assert.Equal(t, []string{rig.Readers[1]}, names(t, r))
		require.NoError(t, r.Plug(0))
		require.NoError(t, r.Plug(0))
		assert.Equal(t, rig.Readers[:], names(t, r), "in the rig's order, not in the daemon's")
		require.NoError(t, r.Insert(0, c.Card))
		out, err := tool(t, r, "pkcs11-tool", "-L")
		require.NoError(t, err, out)
		assert.Contains(t, out, rig.Readers[0]+"\n  token label")
		require.NoError(t, r.Unplug(0))
		assert.Nil(t, r.Card(0))
		assert.Equal(t, []string{rig.Readers[1]}, names(t, r))
		require.NoError(t, r.Unplug(1))
		assert.Empty(t, names(t, r))
	}
	require.NoError(t, r.Plug(0))
	require.NoError(t, r.Down())
	require.NoError(t, r.Plug(1))
	require.NoError(t, r.Unplug(0))
	require.NoError(t, r.Up())
	assert.Equal(t, []string{rig.Readers[1]}, names(t, r))
	require.ErrorIs(t, r.Plug(2), rig.ErrNoReader)
}

func TestReaderOfAnotherProduct(t *testing.T) {
	r, err := rig.StartWith("", rig.Options{Products: [2]string{"Yubico YubiKey CCID"}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	assert.Equal(t, [2]string{"Yubico YubiKey CCID 00 00", rig.Readers[1]}, r.Names())
	own := r.Names()
	assert.Equal(t, own[:], names(t, r))
}

func TestAnotherProgramHoldsTheCard(t *testing.T) {
	insert(t, 0, card(t, "citizen"))
	release, err := shared.Hold(0, rig.Exclusive)
	require.NoError(t, err)
	s, err := shared.State()
	require.NoError(t, err)
	assert.Equal(t, int32(-1), s[0].Clients)
	_, err = shared.HoldNow(0, rig.Shared)
	require.ErrorAs(t, err, new(*rig.Refusal))
	out, err := tool(t, shared, "pkcs11-tool", "-L")
	require.NoError(t, err, out)
	assert.NotContains(t, out, "token label  ")
	require.NoError(t, release())

	first, err := shared.Hold(0, rig.Shared)
	require.NoError(t, err)
	second, err := shared.Hold(0, rig.Shared)
	require.NoError(t, err)
	_, err = shared.HoldNow(0, rig.Exclusive)
	require.ErrorAs(t, err, new(*rig.Refusal))
	require.NoError(t, first())
	require.NoError(t, second())
	_, err = shared.Hold(1, rig.Shared)
	require.ErrorAs(t, err, new(*rig.Refusal), "no card")
	_, err = shared.Hold(5, rig.Shared)
	require.ErrorIs(t, err, rig.ErrNoReader)
}

func TestTheDaemonTellsOfAChange(t *testing.T) {
	c := card(t, "citizen")
	notice, err := shared.Notice()
	require.NoError(t, err)
	before := time.Now()
	insert(t, 0, c)
	at, ok := <-notice
	require.True(t, ok)
	assert.False(t, at.Before(before))
	assert.False(t, at.After(time.Now()))
}

func TestTheDaemonIsKilled(t *testing.T) {
	c := card(t, "citizen")
	for range 3 {
		insert(t, 0, c)
		require.NoError(t, shared.Kill())
		assert.Nil(t, shared.Card(0))
		require.ErrorIs(t, shared.Kill(), rig.ErrDown)
		require.NoError(t, exec.Command("test", "-S", shared.Socket()).Run(), "a killed daemon leaves its socket")
		require.NoError(t, shared.Up())
	}
}

// A second real module on the same card: it looks only at readers of its own maker.
func TestYKCS11SeesItsOwnReader(t *testing.T) {
	module, err := rig.YKCS11()
	require.NoError(t, err)
	r, err := rig.StartWith("", rig.Options{Products: [2]string{"Yubico YubiKey CCID"}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	c, other := card(t, "yubikey"), card(t, "citizen")
	require.NoError(t, r.Insert(0, c.Card))
	require.NoError(t, r.Insert(1, other.Card))
	out, err := tool(t, r, "pkcs11-tool", "--module", module, "-L")
	require.NoError(t, err, out)
	assert.Contains(t, out, "Yubico YubiKey CCID 00 00")
	assert.NotContains(t, out, rig.Readers[1])
	in := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(in, []byte("x"), 0o600))
	out, err = tool(t, r, "pkcs11-tool", "--module", module, "--login", "--pin", c.PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01", "--input-file", in)
	require.NoError(t, err, out)
	assert.Equal(t, 1, c.State().Signatures)
	assert.Zero(t, other.State().Verifies)
}
