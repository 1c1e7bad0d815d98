package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages are what people read first, each with what it must show.
var pages = []string{"README.md", "README.zh-TW.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"}

func page(t *testing.T, name string) string {
	t.Helper()
	all, err := files()
	require.NoError(t, err)
	require.NotEmpty(t, all[name], "%s is missing", name)
	return all[name]
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range pages {
		local := 0
		for _, m := range link.FindAllStringSubmatch(page(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			local++
			_, err := os.Stat(filepath.Join(root, path.Dir(name), m[1]))
			assert.NoError(t, err, "%s links to %s", name, m[1])
		}
		assert.Positive(t, local, "no link in %s was found", name)
	}
}

func TestCommandsExist(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllStringSubmatch(page(t, "Makefile")+page(t, "release.mk"), -1) {
		targets[m[1]] = true
	}
	require.Greater(t, len(targets), 10)
	checked := 0
	for _, name := range pages {
		for _, m := range regexp.MustCompile("(?m)(?:^|`|\\$ )make ([a-z-]+)").FindAllStringSubmatch(page(t, name), -1) {
			checked++
			assert.True(t, targets[m[1]], "%s tells of make %s", name, m[1])
		}
	}
	assert.Greater(t, checked, 10)
}

// blocks gives the fenced code of a language.
func blocks(text, language string) []string {
	var list []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// TestGoInTheReadmeCompiles compiles it as a file of a package that exists only in the compiler's eyes (-overlay).
func TestGoInTheReadmeCompiles(t *testing.T) {
	dir := t.TempDir()
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, name := range []string{"README.md", "README.zh-TW.md"} {
		code := blocks(page(t, name), "go")
		require.Len(t, code, 1, name)
		file := filepath.Join(dir, name+".go")
		require.NoError(t, os.WriteFile(file, []byte(code[0]), 0o600))
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(base, "portal", "readme", "readme.go"): file}})
		require.NoError(t, err)
		overlayFile := filepath.Join(dir, "overlay.json")
		require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))
		cmd := exec.Command("go", "build", "-overlay", overlayFile, "-o", os.DevNull, "./portal/readme")
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s: %s", name, out)
	}
}

// TestThePolicyOfTheReadmeIsTaken shows it to a real host, which refuses to register with a policy that it cannot use.
func TestThePolicyOfTheReadmeIsTaken(t *testing.T) {
	dir := t.TempDir()
	place := filepath.Join(dir, "policy.json")
	host := filepath.Join(dir, "cardbridge")
	cmd := exec.Command("go", "build", "-tags=dev", "-o", host, "-ldflags", "-X "+module+"/host/internal/policy.devPath="+place, "./host")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range []string{"README.md", "README.zh-TW.md"} {
		policies := blocks(page(t, name), "json")
		require.Len(t, policies, 1, name)
		require.NoError(t, os.WriteFile(place, []byte(policies[0]), 0o644))
		home := t.TempDir()
		out, err := run(t, home, host, "register", "--browser=chromium")
		require.NoError(t, err, "%s: %s", name, out)
		manifest, err := os.ReadFile(filepath.Join(home, ".config/chromium/NativeMessagingHosts/tw.cardbridge.host.json"))
		require.NoError(t, err)
		var policy struct{ Extensions []string }
		require.NoError(t, json.Unmarshal([]byte(policies[0]), &policy))
		require.NotEmpty(t, policy.Extensions)
		for _, id := range policy.Extensions {
			assert.Contains(t, string(manifest), id)
		}
		require.NoError(t, os.WriteFile(place, []byte(strings.Replace(policies[0], `"portals"`, `"portal"`, 1)), 0o644))
		_, err = run(t, home, host, "register", "--browser=chromium")
		assert.Error(t, err, "a broken policy must be seen")
	}
}

// TestJavaScriptInTheReadmeUsesTheSDK compares names alone.
func TestJavaScriptInTheReadmeUsesTheSDK(t *testing.T) {
	api := page(t, "extension/sdk/cardbridge.d.ts")
	for _, name := range []string{"README.md", "README.zh-TW.md"} {
		code := blocks(page(t, name), "js")
		require.Len(t, code, 1, name)
		m := regexp.MustCompile(`import \{([^}]*)\} from '/sdk/cardbridge\.js'`).FindStringSubmatch(code[0])
		require.NotNil(t, m, name)
		for _, imported := range strings.Split(m[1], ",") {
			assert.Regexp(t, `export (function|class) `+strings.TrimSpace(imported)+`\b`, api, name)
		}
	}
}
