package docs

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctorEndsAsTold asks a release host about whatever computer this is: the report must be whole, and end as documented.
func TestDoctorEndsAsTold(t *testing.T) {
	host := filepath.Join(t.TempDir(), "cardbridge")
	cmd := exec.Command("go", "build", "-o", host, "./host")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	home := filepath.Join(t.TempDir(), "someone")
	require.NoError(t, os.Mkdir(home, 0o755))
	doctor := func(args ...string) (string, int) {
		cmd := exec.Command(host, append([]string{"doctor"}, args...)...)
		cmd.Env = append(os.Environ(), "HOME="+home)
		out, err := cmd.Output()
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			return string(out), ended.ExitCode()
		}
		require.NoError(t, err)
		return string(out), 0
	}
	ends := map[string]int{"ok": 0, "info": 0, "warning": 1, "error": 2}
	text, ended := doctor("--json")
	var report struct {
		Level    string
		Findings []struct {
			Check, Code, Level string
			Chinese            struct{ Finding string } `json:"zh-TW"`
			English            struct{ Finding string } `json:"en"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &report))
	require.Equal(t, ends[report.Level], ended)
	require.Greater(t, len(report.Findings), 8)
	require.Equal(t, report.Level, report.Findings[0].Level, "the worst comes first")
	require.NotContains(t, text, home)
	for _, f := range report.Findings {
		require.NotEmpty(t, f.Chinese.Finding, f.Code)
		require.NotEmpty(t, f.English.Finding, f.Code)
		for _, name := range documents["administration"] {
			require.True(t, strings.Contains(read(t, name), "| `"+f.Code+"` | `"), "%s lacks %s", name, f.Code)
		}
	}
	// readers may come and go between the two
	text, ended = doctor("--lang=en")
	m := regexp.MustCompile(`\ACardBridge .*\n\n([a-z]+): `).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	require.Equal(t, ends[m[1]], ended)
	require.NotContains(t, text, home)
	text, _ = doctor("--lang=zh-TW")
	require.Regexp(t, `\ACardBridge .*\n\n(正常|說明|警告|錯誤)：`, text)
	_, ended = doctor("--xml")
	require.Equal(t, 64, ended)
}
