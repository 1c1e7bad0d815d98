package logs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesAreJSONForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	log, done := Open(dir, nil)
	log.Info().Str("operation", "x").Msg("done")
	done()
	path := filepath.Join(dir, "host.log")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var line map[string]any
	require.NoError(t, json.Unmarshal(raw, &line))
	require.Equal(t, "x", line["operation"])
	require.NotEmpty(t, line["time"])
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestALargeFileIsSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "host.log")
	require.NoError(t, os.WriteFile(path, make([]byte, maxBytes+1), 0o600))
	_, done := Open(dir, nil)
	done()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Size())
	_, err = os.Stat(path + ".1")
	require.NoError(t, err)
}

func TestNoFolderFallsBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{"", filepath.Join(file, "below")} {
		var out bytes.Buffer
		log, done := Open(dir, &out)
		log.Info().Msg("still here")
		done()
		require.Contains(t, out.String(), "still here")
		require.Contains(t, out.String(), "no log file")
	}
}
