package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// parsed is a manifest as winget reads it; dates are texts there.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &node))
	var plain func(n *yaml.Node) any
	plain = func(n *yaml.Node) any {
		switch n.Kind {
		case yaml.DocumentNode:
			return plain(n.Content[0])
		case yaml.SequenceNode:
			list := []any{}
			for _, c := range n.Content {
				list = append(list, plain(c))
			}
			return list
		case yaml.MappingNode:
			members := map[string]any{}
			for i := 0; i < len(n.Content); i += 2 {
				require.NotContains(t, members, n.Content[i].Value)
				members[n.Content[i].Value] = plain(n.Content[i+1])
			}
			return members
		}
		return n.Value
	}
	return plain(&node)
}

func TestWingetManifests(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(here, "winget.schema.json"))
	require.NoError(t, err)
	p, msi := packed(t, "1.2.3", testID, testURL, "")
	folder := t.TempDir()
	require.NoError(t, p.winget(folder, msi, "https://example.gov.tw/cardbridge-1.2.3-x64.msi", time.Unix(1_764_000_000, 0).UTC()))
	require.Len(t, wingetFiles, 4)
	for end := range wingetFiles {
		text, err := os.ReadFile(filepath.Join(folder, wingetID+end))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(parsed(t, string(text))), end)
	}

	text, err := os.ReadFile(filepath.Join(folder, wingetID+".installer.yaml"))
	require.NoError(t, err)
	whole, err := os.ReadFile(msi)
	require.NoError(t, err)
	sum := sha256.Sum256(whole)
	for _, want := range []string{p.ProductCode(), strings.ToUpper(hex.EncodeToString(sum[:])), "2025-11-24"} {
		require.Contains(t, string(text), want)
	}
	for _, change := range [][2]string{{"x64", "x65"}, {"InstallerUrl", "InstalerUrl"}, {"https://example", "ftp://example"}, {"'{", "'"}, {"1.12.0", "1.13"}, {"ManifestType: installer", "ManifestType: singleton"}} {
		require.Contains(t, string(text), change[0])
		require.Error(t, schema.Validate(parsed(t, strings.ReplaceAll(string(text), change[0], change[1]))), "%v", change)
	}
	for _, url := range []string{"", "http://example.gov.tw/x.msi", "https://example.gov.tw/x.msi #", "https://example.gov.tw/x\ny: z"} {
		require.Error(t, p.winget(folder, msi, url, time.Time{}), url)
	}
}
