//go:build unix

package doctor

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkOf tells which check gives a finding, seen on every machine that the tests have.
func checkOf(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{"manifestNoID": "manifest"} // TestNoExtensionIsKnown's
	machines := []func(f *fabricated){func(*fabricated) {}, func(f *fabricated) { f.policy("{") }}
	for _, b := range broken {
		machines = append(machines, b.spoil)
	}
	for _, spoil := range machines {
		f := healthy(t)
		spoil(f)
		for _, finding := range Examine(context.Background(), f.m) {
			name, _, _ := strings.Cut(finding.Check, ".")
			seen[finding.Code] = name
		}
	}
	return seen
}

// Without a store's id a release lets nobody in; a development build has an id of its own.
func TestNoExtensionIsKnown(t *testing.T) {
	f := healthy(t)
	f.policy("{}")
	var own, told bool
	for _, id := range f.spot("chromium").Allowed {
		own = own || plainID(id) != ourID
	}
	for _, finding := range Examine(context.Background(), f.m) {
		told = told || finding.Code == "manifestNoID" && finding.Check == "manifest.chromium" && finding.Level == Error
	}
	require.NotEqual(t, own, told)
}

// line is a row of the documents' table.
var line = regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| `([A-Za-z]+)` \\| ([a-z]+) \\| (.*) \\|$")

// A help desk looks up what it was sent: every finding there is, in its own words, and no other.
func TestEveryFindingIsDocumented(t *testing.T) {
	checks := checkOf(t)
	for name, words := range map[string]func(text) Text{
		"administration.md": func(t text) Text { return t.english }, "administration.zh-TW.md": func(t text) Text { return t.chinese },
	} {
		raw, err := os.ReadFile("../../../docs/" + name)
		require.NoError(t, err)
		told := map[string]string{}
		for _, m := range line.FindAllStringSubmatch(string(raw), -1) {
			told[m[1]] = m[0]
		}
		for code, text := range catalogue {
			w := words(text)
			row := "| `" + code + "` | `" + checks[code] + "` | " + string(text.level) + " | " + w.Finding + " | " + w.Fix + " |"
			assert.Equal(t, row, told[code], name)
		}
		assert.Len(t, told, len(catalogue), "%s tells of findings that are none", name)
	}
}
