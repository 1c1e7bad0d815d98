package setup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder is one of the test's; Wine 8 cannot remove it as t.TempDir does, the Windows of these tests is thrown away.
func folder(t *testing.T) string {
	t.Helper()
	name, err := os.MkdirTemp("", "setup-")
	require.NoError(t, err)
	return name
}

func text(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func put(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	require.Equal(t, names, found)
}

func TestAPolicyIsPutInPlace(t *testing.T) {
	dir := folder(t)
	p := Policy{Path: filepath.Join(dir, "policy.json")}
	require.NoError(t, p.Apply([]byte("first")))
	require.Equal(t, "first", text(t, p.Path))
	require.NoError(t, p.Commit())
	only(t, dir, "policy.json")
	require.NoError(t, p.Apply([]byte("second")))
	require.Equal(t, "second", text(t, p.Path))
	require.NoError(t, p.Commit())
	only(t, dir, "policy.json")
}

func TestAPolicyIsTakenBack(t *testing.T) {
	dir := folder(t)
	p := Policy{Path: filepath.Join(dir, "policy.json")}
	require.NoError(t, p.Undo(), "nothing was done yet")
	require.NoError(t, p.Apply([]byte("mine")))
	require.NoError(t, p.Undo())
	only(t, dir)
	put(t, p.Path, "the administrator's")
	require.NoError(t, p.Apply([]byte("mine")))
	require.NoError(t, p.Undo())
	require.Equal(t, "the administrator's", text(t, p.Path))
	require.NoError(t, p.Undo(), "twice")
	only(t, dir, "policy.json")
	require.Equal(t, "the administrator's", text(t, p.Path))
}

// What an installation left that was cut off does not become somebody's policy.
func TestALeftoverIsForgotten(t *testing.T) {
	dir := folder(t)
	p := Policy{Path: filepath.Join(dir, "policy.json")}
	put(t, p.before(), "long ago")
	put(t, p.absent(), "")
	put(t, p.Path, "now")
	require.NoError(t, p.Apply([]byte("new")))
	require.NoError(t, p.Undo())
	require.Equal(t, "now", text(t, p.Path))
	only(t, dir, "policy.json")
}

// No folder, or none of ours: nothing is there to be forgotten, nothing to be restored.
func TestAPolicyElsewhereIsLeftAlone(t *testing.T) {
	dir := folder(t)
	for _, place := range []string{filepath.Join(dir, "none"), put(t, filepath.Join(dir, "file"), "of somebody")} {
		p := Policy{Path: filepath.Join(place, "policy.json")}
		require.NoError(t, p.Commit(), place)
		require.NoError(t, p.Undo(), place)
	}
	only(t, dir, "file")
}

// What cannot be kept for the undo is not replaced.
func TestAPlaceThatIsNoPolicysIsLeft(t *testing.T) {
	for _, place := range []func(path string) error{
		func(path string) error { return os.Mkdir(path, 0o755) },
		func(path string) error { return os.WriteFile(path, make([]byte, mostBytes+1), 0o644) },
	} {
		dir := folder(t)
		p := Policy{Path: filepath.Join(dir, "policy.json")}
		require.NoError(t, place(p.Path))
		before, err := os.Stat(p.Path)
		require.NoError(t, err)
		require.Error(t, p.Apply([]byte("new")))
		only(t, dir, "policy.json")
		after, err := os.Stat(p.Path)
		require.NoError(t, err)
		require.True(t, os.SameFile(before, after))
	}
}

func TestAFolderIsTakenOver(t *testing.T) {
	dir := filepath.Join(folder(t), "CardBridge")
	for range 2 {
		require.NoError(t, Folder(dir, PolicyRights))
		require.NoError(t, Folder(filepath.Join(dir, "log"), LogRights))
	}
	put(t, filepath.Join(dir, "policy.json"), "still to be written")
	require.ErrorIs(t, Folder(filepath.Join(dir, "policy.json"), PolicyRights), ErrLink)
	require.Error(t, Folder(dir, "no rights"))
	require.Error(t, Folder(filepath.Join(dir, "none", "log"), LogRights))
}
