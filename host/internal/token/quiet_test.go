package token

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Scans go together; a reset goes alone.
func TestScansAndResetsKeepApart(t *testing.T) {
	s := New(Config{LockDir: t.TempDir()})
	one, two := s.busy(), s.busy()
	_, err := tryLock(s.cfg.LockDir, cardsLock)
	require.ErrorIs(t, err, ErrBusy, "a reset waits for both")
	one()
	_, err = tryLock(s.cfg.LockDir, cardsLock)
	require.ErrorIs(t, err, ErrBusy)
	two()
	reset := s.quiet()
	_, err = tryShare(s.cfg.LockDir, cardsLock)
	require.ErrorIs(t, err, ErrBusy, "a scan waits for the reset")
	reset()
	again, err := tryShare(s.cfg.LockDir, cardsLock)
	require.NoError(t, err)
	again()
}

// Whoever cannot get the lock goes on: a card must be reset though a module hangs in a scan, or the folder is no folder.
func TestNobodyIsKeptFromAReset(t *testing.T) {
	s := New(Config{LockDir: t.TempDir()})
	defer s.busy()()
	s.quiet()()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s = New(Config{LockDir: file})
	s.quiet()()
	s.busy()()
}
