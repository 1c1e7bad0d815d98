package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two hosts that log without end fill two files, never more, each line whole, the newest always there.
func TestTheLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	const most, lines, longest = 16 << 10, 2000, 64
	var hosts sync.WaitGroup
	for host := range 2 {
		hosts.Go(func() {
			f := &file{path: filepath.Join(dir, "host.log"), most: most, fallback: failing{t}}
			for n := range lines {
				_, err := fmt.Fprintf(f, `{"host":%d,"line":%d,"padding":"0123456789"}`+"\n", host, n)
				if err != nil {
					t.Error(err)
				}
			}
			f.close()
		})
	}
	hosts.Wait()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	newest := 0
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		// between looking and writing the other host may write a line
		require.LessOrEqual(t, len(raw), most+longest)
		for line := range strings.Lines(string(raw)) {
			var read struct{ Line int }
			require.NoError(t, json.Unmarshal([]byte(line), &read), line)
			newest = max(newest, read.Line)
		}
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.Equal(t, lines-1, newest)
}

type failing struct{ t *testing.T }

func (f failing) Write(line []byte) (int, error) {
	f.t.Errorf("not in the file: %s", line)
	return len(line), nil
}

// What the other has set aside is not written to any more.
func TestAHostFollowsTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.log")
	a, b := &file{path: path, most: 10}, &file{path: path, most: 10}
	for _, w := range []*file{a, b, a, b} {
		_, err := w.Write([]byte("12345\n"))
		require.NoError(t, err)
	}
	a.close()
	b.close()
	for _, name := range []string{path, path + ".1"} {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "12345\n", string(raw))
	}
}

// As on Windows where another host has it open: a folder in the place of host.log.1 keeps it from being renamed.
func TestALogThatCannotBeRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.log")
	require.NoError(t, os.MkdirAll(filepath.Join(path+".1", "x"), 0o700))
	f := &file{path: path, most: 10}
	for _, line := range []string{"first\n", "second\n"} {
		_, err := f.Write([]byte(line))
		require.NoError(t, err)
	}
	f.close()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second\n", string(raw))
}

// A folder that was removed is made anew; where it cannot be, lines go to the fallback until it can.
func TestALogWhoseFolderIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	var out bytes.Buffer
	log, done := Open(Options{Folder: dir}, &out)
	defer done()
	log.Info().Msg("first")
	require.NoError(t, os.RemoveAll(dir))
	log.Info().Msg("second")
	raw, err := os.ReadFile(filepath.Join(dir, "host.log"))
	require.NoError(t, err, "made anew")
	require.Contains(t, string(raw), "second")
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.WriteFile(dir, nil, 0o600))
	log.Info().Msg("third")
	require.Contains(t, out.String(), "third")
	require.NoError(t, os.Remove(dir))
	log.Info().Msg("fourth")
	raw, err = os.ReadFile(filepath.Join(dir, "host.log"))
	require.NoError(t, err, "it is there again as soon as it can be")
	require.Contains(t, string(raw), "fourth")
}

// /dev/full takes no byte, as a full disk does.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "host.log")
	require.NoError(t, os.Symlink("/dev/full", path))
	var out bytes.Buffer
	log, done := Open(Options{Folder: dir}, &out)
	defer done()
	log.Info().Msg("full")
	require.Contains(t, out.String(), `"full"`)
	require.NoError(t, os.Remove(path))
	log.Info().Msg("room again")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(raw), "room again")
	require.NotContains(t, out.String(), "room again")
}

// Half a line, all that the disk had room for, does not spoil the next one.
func TestALineAfterATornOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.log")
	f := &file{path: path, most: 100}
	_, err := f.Write([]byte(`{"half":`))
	require.NoError(t, err)
	f.torn = true // as Write finds when the disk takes a part
	for range 2 {
		_, err = f.Write([]byte("{}\n"))
		require.NoError(t, err)
	}
	f.close()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{\"half\":\n{}\n{}\n", string(raw))
}
