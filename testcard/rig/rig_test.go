//go:build linux

package rig_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
)

// shared is the one rig of this process' own PKCS#11 module: libpcsclite reads its socket's name once.
var (
	shared *rig.Rig
	cards  *deck.Deck
)

// asOwner makes this test binary start a rig, say where, and wait to be killed.
const asOwner = "TESTCARD_RIG_OWNER"

func TestMain(m *testing.M) {
	code, err := start(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func start(m *testing.M) (code int, err error) {
	if dir := os.Getenv(asOwner); dir != "" {
		r, err := rig.Start(dir)
		if err != nil {
			return 1, err
		}
		fmt.Println(r.Socket())
		select {} // until killed
	}
	if shared, err = rig.Start(""); err != nil {
		return 1, err
	}
	defer func() {
		if e := shared.Close(); e != nil && err == nil {
			err = e
		}
	}()
	if err := os.Setenv("PCSCLITE_CSOCK_NAME", shared.Socket()); err != nil {
		return 1, err
	}
	p, err := pki.New(pki.Options{})
	if err != nil {
		return 1, err
	}
	cards = deck.New(p)
	return m.Run(), nil
}

func card(t *testing.T, name string) *deck.Card {
	t.Helper()
	c, err := cards.Card(name)
	require.NoError(t, err)
	c.Renew()
	return c
}

// insert puts a card into the shared rig; it is out again when the test ends.
func insert(t *testing.T, reader int, c *deck.Card) {
	t.Helper()
	t.Cleanup(func() { assert.NoError(t, shared.Remove(reader)) })
	require.NoError(t, shared.Insert(reader, c.Card))
}

// tool runs one of OpenSC's programs against a rig and gives what it printed. No call of it may
// hang the test: it is killed after a while.
func tool(t *testing.T, r *rig.Rig, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), r.Env())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func TestTwoRigsSideBySide(t *testing.T) {
	other, err := rig.Start(t.TempDir())
	require.NoError(t, err)
	defer func() { assert.NoError(t, other.Close()) }()
	c, d := card(t, "citizen"), card(t, "agency")
	insert(t, 0, c)
	require.NoError(t, other.Insert(1, d.Card))
	s, err := shared.State()
	require.NoError(t, err)
	assert.Equal(t, []string{rig.Readers[0], rig.Readers[1]}, []string{s[0].Name, s[1].Name})
	assert.Equal(t, []bool{true, false}, []bool{s[0].Present, s[1].Present})
	assert.Equal(t, c.ATR(), s[0].ATR)
	s, err = other.State()
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true}, []bool{s[0].Present, s[1].Present})
	out, err := tool(t, other, "pkcs11-tool", "-L")
	require.NoError(t, err, out)
	assert.Contains(t, out, "Slot 1 (0x4): Second PCD 00 00\n  token label")
	require.NoError(t, shared.Remove(0))
	require.NoError(t, other.Remove(1))
}

func TestMisuse(t *testing.T) {
	c := card(t, "citizen")
	require.ErrorIs(t, shared.Insert(2, c.Card), rig.ErrNoReader)
	require.ErrorIs(t, shared.Remove(-1), rig.ErrNoReader)
	require.ErrorIs(t, shared.WaitCard(7, true), rig.ErrNoReader)
	assert.Nil(t, shared.Card(7))
	insert(t, 0, c)
	assert.Same(t, c.Card, shared.Card(0))
	require.ErrorIs(t, shared.Insert(1, c.Card), rig.ErrElsewhere)
	require.NoError(t, shared.Remove(0))
	require.NoError(t, shared.Remove(0), "no card is no error")
}

func TestSwapIsNoticed(t *testing.T) {
	insert(t, 0, card(t, "citizen"))
	before, err := shared.State()
	require.NoError(t, err)
	dumb := card(t, "dumb")
	require.NoError(t, shared.Swap(0, dumb.Card))
	after, err := shared.State()
	require.NoError(t, err)
	assert.Equal(t, dumb.ATR(), after[0].ATR)
	assert.Equal(t, before[0].Events+2, after[0].Events)
}

func TestDaemonGoesAndComes(t *testing.T) {
	c := card(t, "citizen")
	for range 5 {
		insert(t, 0, c)
		require.NoError(t, shared.Down())
		require.NoError(t, shared.Down())
		assert.Nil(t, shared.Card(0))
		require.ErrorIs(t, shared.Insert(0, c.Card), rig.ErrDown)
		_, err := shared.State()
		require.ErrorContains(t, err, "ask the PC/SC daemon")
		require.NoError(t, shared.Up())
		require.NoError(t, shared.Up())
	}
}

func TestLongFolderFallsBack(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 90))
	require.NoError(t, os.Mkdir(long, 0o755))
	r, err := rig.Start(long)
	require.NoError(t, err)
	assert.NotContains(t, r.Socket(), long)
	require.NoError(t, r.Close())
	left, err := os.ReadDir(long)
	require.NoError(t, err)
	assert.Empty(t, left)
	_, err = os.Stat(filepath.Dir(r.Socket()))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = rig.Start(filepath.Join(long, "missing"))
	require.ErrorContains(t, err, "give one that can be written")
}

// TestOwnerKilled shows that no daemon stays when the process that started it is killed.
func TestOwnerKilled(t *testing.T) {
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), asOwner+"="+t.TempDir())
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	var socket string
	_, err = fmt.Fscanln(out, &socket)
	require.NoError(t, err)
	require.NotEmpty(t, processes(t, filepath.Dir(filepath.Dir(socket))), "the search below must be able to find something")
	require.NoError(t, owner.Process.Signal(syscall.SIGKILL))
	_ = owner.Wait() // "signal: killed"
	require.Eventually(t, func() bool { return len(processes(t, filepath.Dir(filepath.Dir(socket)))) == 0 }, 20*time.Second, 5*time.Millisecond)
}

// processes lists the processes that were started with dir among their arguments.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	var out []string
	for _, f := range all {
		b, err := os.ReadFile(f)
		if err == nil && bytes.Contains(b, []byte(dir)) { // others end meanwhile
			out = append(out, strings.ReplaceAll(string(b), "\x00", " "))
		}
	}
	return out
}

// TestMachineIsLeftAlone: what is mounted for the daemon is not mounted for us.
func TestMachineIsLeftAlone(t *testing.T) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.NotContains(t, string(b), filepath.Dir(shared.Socket()))
	assert.NotContains(t, string(b), "/usr/lib/pcsc")
}

// TestWithoutTheRight runs this test binary as a user who may not make namespaces: one clear
// sentence and a failure, never a skip.
func TestWithoutTheRight(t *testing.T) {
	dir, err := os.MkdirTemp("", "rigtest")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.Chmod(dir, 0o777))
	self, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	copied := filepath.Join(dir, "rig.test")
	require.NoError(t, os.WriteFile(copied, self, 0o755))
	cmd := exec.CommandContext(t.Context(), copied)
	cmd.Env = append(os.Environ(), asOwner+"="+dir)
	cmd.Dir = dir // ours may be closed to others
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), rig.ErrNamespaces.Error())
	assert.Equal(t, 1, strings.Count(strings.TrimSpace(string(out)), "\n")+1, string(out))
}

// vpcd keeps one card waiting until the daemon polls: further ones must get in all the same.
func TestOutAndInAgainAndAgain(t *testing.T) {
	c := card(t, "citizen")
	insert(t, 0, c)
	for range 20 {
		require.NoError(t, shared.Pull(0))
		require.NoError(t, shared.Put(0, c.Card))
	}
	require.NoError(t, shared.WaitCard(0, true))
	require.NoError(t, shared.Remove(0))
}
