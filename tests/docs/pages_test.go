package docs

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

// documents come in two languages each.
var documents = map[string][]string{
	"deployment":     {"docs/deployment.md", "docs/deployment.zh-TW.md"},
	"administration": {"docs/administration.md", "docs/administration.zh-TW.md"},
	"portal":         {"docs/portal.md", "docs/portal.zh-TW.md"},
	"operations":     {"docs/operations.md", "docs/operations.zh-TW.md"},
	"signatures":     {"docs/signatures.md", "docs/signatures.zh-TW.md"},
	"web-eid":        {"docs/web-eid.md", "docs/web-eid.zh-TW.md"},
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(data)
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")

// fences gives the code of a document, each with its language in front.
func fences(text string) (list []string) {
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1]+"\n"+m[2])
	}
	return list
}

// code is fences, of what a program prints only that it stands there: each edition shows its own language.
func code(text string) (list []string) {
	for _, f := range fences(text) {
		if strings.HasPrefix(f, "\n") {
			f = "printed"
		}
		list = append(list, f)
	}
	return list
}

// Who reads one edition must not miss what stands in the other.
func TestBothEditionsHaveTheSameShape(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^#+ `)
	row := regexp.MustCompile(`(?m)^\|`)
	for _, editions := range documents {
		english, chinese := read(t, editions[0]), read(t, editions[1])
		require.NotEmpty(t, code(english))
		assert.Equal(t, code(english), code(chinese), "code of %v", editions)
		assert.Equal(t, heading.FindAllString(fence.ReplaceAllString(english, ""), -1), heading.FindAllString(fence.ReplaceAllString(chinese, ""), -1), "headings of %v", editions)
		assert.Equal(t, len(row.FindAllString(english, -1)), len(row.FindAllString(chinese, -1)), "table rows of %v", editions)
	}
}

// anchor is what a heading is linked by.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(strings.TrimSpace(kept), " ", "-")
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]*)\)`)
	for _, editions := range documents {
		for _, name := range editions {
			checked := 0
			for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, name), ""), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				checked++
				file, part, _ := strings.Cut(m[1], "#")
				target := filepath.Join("docs", file)
				if file == "" {
					target = name
				}
				_, err := os.Stat(filepath.Join(root, target))
				require.NoError(t, err, "%s links to %s", name, m[1])
				if part == "" {
					continue
				}
				var anchors []string
				for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(read(t, target), -1) {
					anchors = append(anchors, anchor(h[1]))
				}
				assert.Contains(t, anchors, part, "%s links to %s", name, m[1])
			}
			assert.Greater(t, checked, 3, name)
		}
	}
}

// TestGoCompiles compiles each block as a package that only the compiler sees.
func TestGoCompiles(t *testing.T) {
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	compiled := 0
	for _, code := range fences(read(t, "docs/portal.md") + read(t, "docs/signatures.md")) {
		source, ok := strings.CutPrefix(code, "go\n")
		if !ok {
			continue
		}
		compiled++
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
			filepath.Join(base, "portal", "documented", "documented.go"): write(t, "documented.go", []byte(source))}})
		require.NoError(t, err)
		cmd := exec.Command("go", "build", "-overlay", write(t, "overlay.json", overlay), "-o", os.DevNull, "./portal/documented")
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, string(out))
	}
	assert.Equal(t, 3, compiled)
}

func TestEveryErrorCodeHasItsRow(t *testing.T) {
	var texts struct {
		Refusals map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "portal/demo/web/texts.json")), &texts))
	for _, name := range documents["portal"] {
		_, table, found := strings.Cut(read(t, name), "texts.json](")
		require.True(t, found)
		rows := map[string]bool{}
		for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| [0-9]").FindAllStringSubmatch(table, -1) {
			rows[m[1]] = true
		}
		assert.Equal(t, slices.Sorted(maps.Keys(texts.Refusals)), slices.Sorted(maps.Keys(rows)), name)
	}
}

// helpOf gives the flags of a command of the portal.
func helpOf(t *testing.T, portal, command string) (flags []string) {
	t.Helper()
	out, _ := exec.Command(portal, command, "-help").CombinedOutput() // ends with 2
	for _, m := range regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(string(out), -1) {
		flags = append(flags, m[1])
	}
	require.NotEmpty(t, flags, command)
	return flags
}

func TestEveryFlagIsTold(t *testing.T) {
	portal := filepath.Join(t.TempDir(), "portal")
	out, err := exec.Command("go", "build", "-o", portal, "../../portal/demo").CombinedOutput()
	require.NoError(t, err, string(out))
	all := map[string]bool{}
	for _, command := range []string{"serve", "import", "audit", "unbind", "migrate"} {
		for _, flag := range helpOf(t, portal, command) {
			all[flag] = true
		}
	}
	for _, name := range documents["operations"] {
		told := map[string]bool{}
		for _, m := range regexp.MustCompile("(?m)^\\| `-([a-z-]+)").FindAllStringSubmatch(read(t, name), -1) {
			told[m[1]] = true
		}
		assert.Equal(t, slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(told)), name)
	}
}

func TestEveryMetricIsTold(t *testing.T) {
	metric := regexp.MustCompile(`cardbridge_portal_[a-z_]+`)
	real := map[string]bool{}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "portal/demo"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`"(cardbridge_portal_[a-z_]+)"`).FindAllStringSubmatch(string(data), -1) {
			real[m[1]] = true
		}
		return err
	}))
	require.Greater(t, len(real), 5)
	for _, name := range documents["operations"] {
		told := map[string]bool{}
		for _, m := range metric.FindAllString(read(t, name), -1) {
			told[regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m, "")] = true
		}
		assert.Equal(t, slices.Sorted(maps.Keys(real)), slices.Sorted(maps.Keys(told)), name)
	}
}

// TestTheWalkThroughWithOpenSSL runs verify.sh, whose lines the document shows.
func TestTheWalkThroughWithOpenSSL(t *testing.T) {
	script := read(t, "docs/examples/verify.sh")
	_, steps, found := strings.Cut(script, "\n\n")
	require.True(t, found)
	assert.Contains(t, fences(read(t, "docs/portal.md")), "sh\n"+steps)
	p, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	key := newKey(t, "RS256")
	place, err := filepath.Abs(filepath.Join(root, "docs/examples/verify.sh"))
	require.NoError(t, err)
	for _, revoked := range []bool{false, true} {
		cert, err := p.Citizen(wang, key.Public(), pki.Variant{Revoked: revoked})
		require.NoError(t, err)
		l := login{trust: trustOf(t, p, pki.Root, pki.Citizen)}.with(t, tokenOf(t, "RS256", key, cert))
		cmd := exec.Command("sh", append([]string{place, l.token, origin, nonce}, l.trust...)...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		assert.Equal(t, revoked, err != nil, string(out))
		assert.Contains(t, string(out), "Verified OK")
		assert.Equal(t, revoked, strings.Contains(string(out), "certificate revoked"), string(out))
	}
}
