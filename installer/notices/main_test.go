package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is linked into the host has its licence in the notices; Go's own is there, too.
func TestTheHostsNotices(t *testing.T) {
	program, out := filepath.Join(t.TempDir(), "cardbridge"), filepath.Join(t.TempDir(), "notices")
	printed, err := exec.Command("go", "build", "-o", program, "../../host").CombinedOutput()
	require.NoError(t, err, "%s", printed)
	require.NoError(t, run(out, []string{program}))
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	linked, err := modules([]string{program})
	require.NoError(t, err)
	require.Greater(t, len(linked), 10)
	for _, module := range append(linked, "Go") {
		require.Contains(t, string(text), "\n"+module+": ", module)
	}
	require.Contains(t, string(text), "Miek Gieben", "a holder's name, from a text itself")
}

func TestAModuleWithoutALicenceIsRefused(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), nil, 0o600))
	require.ErrorContains(t, licences(&bytes.Buffer{}, "example.org/none@v1", folder), "no licence")
	require.Error(t, licences(&bytes.Buffer{}, "example.org/none@v1", ""))
}
