package token

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func places(t *testing.T, s *Service, c Certificate, n int) []*Place {
	t.Helper()
	var list []*Place
	for range n {
		p, err := s.Queue(c)
		require.NoError(t, err)
		list = append(list, p)
	}
	return list
}

func requireFirst(t *testing.T, want bool, p *Place) {
	t.Helper()
	first, err := p.First()
	require.NoError(t, err)
	require.Equal(t, want, first)
}

func TestWhoeverCameFirstIsFirst(t *testing.T) {
	s := New(Config{LockDir: filepath.Join(t.TempDir(), "locks")})
	c := Certificate{Reader: "Reader 0", inPCSC: true}
	list := places(t, s, c, 4)
	for i, p := range list {
		requireFirst(t, i == 0, p)
	}
	list[2].Leave() // gave up while waiting
	list[0].Leave()
	requireFirst(t, false, list[3])
	requireFirst(t, true, list[1])
	late := places(t, s, c, 1)[0]
	list[1].Leave()
	requireFirst(t, false, late)
	requireFirst(t, true, list[3])
	list[3].Leave()
	requireFirst(t, true, late)
	late.Leave()
	left, err := filepath.Glob(filepath.Join(s.cfg.LockDir, "reader-*-*"))
	require.NoError(t, err)
	require.Empty(t, left, "no file of a place stays")
}

func TestReadersHaveQueuesOfTheirOwn(t *testing.T) {
	s := New(Config{LockDir: t.TempDir()})
	for _, c := range []Certificate{{Reader: "Reader 0", inPCSC: true}, {Reader: "Reader 1", inPCSC: true}, {serial: "1"}, {serial: "2"}} {
		requireFirst(t, true, places(t, s, c, 1)[0])
	}
}

// A process that was killed leaves its file, not its lock.
func TestADeadProcessHoldsNobodyUp(t *testing.T) {
	s := New(Config{LockDir: t.TempDir()})
	c := Certificate{Reader: "Reader 0", inPCSC: true}
	dead := places(t, s, c, 1)[0]
	dead.unlock()
	p := places(t, s, c, 1)[0]
	require.Equal(t, dead.number+1, p.number, "its number is not drawn again while its file stands")
	requireFirst(t, true, p)
	_, err := os.Stat(filepath.Join(s.cfg.LockDir, dead.file(dead.number)+lockSuffix))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOtherFilesAreNoPlaces(t *testing.T) {
	s := New(Config{LockDir: t.TempDir()})
	c := Certificate{Reader: "Reader 0", inPCSC: true}
	p := places(t, s, c, 1)[0]
	p.Leave()
	for _, name := range []string{p.queue + "-x.lock", p.queue + "--1.lock", p.queue + "-0.lock", "reader-0000-1.lock", "note.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.cfg.LockDir, name), nil, 0o600))
	}
	again := places(t, s, c, 1)[0]
	require.Equal(t, 1, again.number)
	requireFirst(t, true, again)
}
