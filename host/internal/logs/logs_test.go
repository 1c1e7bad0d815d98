package logs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesAreJSONForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	log, done := Open(Options{Folder: dir}, nil)
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
	require.NoError(t, os.WriteFile(path, make([]byte, DefaultMegabytes<<20+1), 0o600))
	_, done := Open(Options{Folder: dir}, nil)
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
	for _, dir := range []string{"", filepath.Join(file, "below"), "/proc/cardbridge"} {
		var out bytes.Buffer
		log, done := Open(Options{Folder: dir}, &out)
		log.Info().Msg("still here")
		done()
		require.Contains(t, out.String(), "still here")
		require.Contains(t, out.String(), "no log file")
	}
}

func TestTheLevelIsThePolicys(t *testing.T) {
	for level, want := range map[string][]string{"": {"i", "w", "e"}, "error": {"e"}, "warn": {"w", "e"}, "debug": {"d", "i", "w", "e"}} {
		dir := t.TempDir()
		log, done := Open(Options{Level: level, Folder: dir}, nil)
		log.Debug().Msg("d")
		log.Info().Msg("i")
		log.Warn().Msg("w")
		log.Error().Msg("e")
		done()
		require.Equal(t, want, messages(t, filepath.Join(dir, "host.log")), level)
	}
}

// messages are those of a log, in their order; every line must be JSON.
func messages(t *testing.T, path string) (list []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var read struct{ Message string }
		require.NoError(t, json.Unmarshal(line, &read), "%s", line)
		list = append(list, read.Message)
	}
	return list
}

func TestTheSizeIsThePolicys(t *testing.T) {
	dir := t.TempDir()
	log, done := Open(Options{Folder: dir, MaxMegabytes: 1}, nil)
	defer done()
	for range 30 {
		log.Info().Msg(strings.Repeat("x", 100_000))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(1<<20))
	}
}

func TestTheServicesLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	var stderr bytes.Buffer
	log, done := OpenService(Options{Level: "warn", Folder: dir}, &stderr)
	log.Info().Msg("quiet")
	log.Warn().Msg("loud")
	done()
	require.Equal(t, []string{"loud"}, messages(t, filepath.Join(dir, "service.log")))
	require.Contains(t, stderr.String(), "loud", "no journal here: standard error")

	stderr.Reset()
	log, done = OpenService(Options{Folder: "/proc/cardbridge"}, &stderr)
	log.Info().Msg("still here")
	done()
	require.Contains(t, stderr.String(), "no log file")
	require.Contains(t, stderr.String(), "still here")
}
