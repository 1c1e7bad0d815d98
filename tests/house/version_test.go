package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A release has one version, wherever it is written.
func TestOneVersion(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "VERSION"))
	require.NoError(t, err)
	version := strings.TrimSpace(string(raw))
	require.Regexp(t, `^[0-9]+\.[0-9]+\.[0-9]+$`, version, "the Windows Installer and browsers take three numbers")
	member := regexp.MustCompile(`(?m)^  "version": "([^"]*)"`)
	for _, name := range []string{"extension/manifest.json", "extension/sdk/package.json"} {
		raw, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		found := member.FindSubmatch(raw)
		require.NotNil(t, found, name)
		assert.Equal(t, version, string(found[1]), name)
	}
}
