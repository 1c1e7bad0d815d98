package manifests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A release's build and the renderer's flags name the same ids.
func TestAnIDStandsOnceInAManifest(t *testing.T) {
	ids := Extensions{Chromium: []string{strings.Repeat("a", 32)}, Firefox: []string{"a@b.tw"}}
	for _, id := range []string{strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("b", 32), "a@b.tw", "", "c@d.tw"} {
		ids.Add(id)
	}
	require.Equal(t, Extensions{Chromium: []string{strings.Repeat("a", 32), strings.Repeat("b", 32)}, Firefox: []string{"a@b.tw", "c@d.tw"}}, ids)
}
