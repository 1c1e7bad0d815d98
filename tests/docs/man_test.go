package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagesOf are the man pages that make man writes, of one language, by their names.
func pagesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.1"))
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	pages := map[string]string{}
	for _, file := range files {
		pages[filepath.Base(file)] = file
	}
	return pages
}

// groff prints a page as a reader sees it, and must have nothing to say of its form.
func groff(t *testing.T, file string) string {
	t.Helper()
	cmd := exec.Command("man", "--warnings=all", "-l", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80", "MAN_KEEP_FORMATTING=")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", file, problems.String())
	for line := range strings.Lines(problems.String()) {
		// a Chinese line has few blanks to break or adjust it at
		require.Regexp(t, `can't break line|cannot adjust line`, line, file)
	}
	return strings.Join(strings.Fields(string(out)), " ") // adjusted lines have blanks of their own
}

func TestTheManPages(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "-tags=man", "-ldflags=-X main.version=9.9.9", "./host", "man", dir)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1893456000")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	english, chinese := pagesOf(t, filepath.Join(dir, "man1")), pagesOf(t, filepath.Join(dir, "zh_TW", "man1"))
	require.Len(t, chinese, len(english))
	for name := range english {
		command := strings.TrimSuffix(name, ".1")
		page := groff(t, english[name])
		for _, text := range []string{"NAME", "SYNOPSIS", command + " - ", "CardBridge 9.9.9", "Jan 2030"} {
			assert.Contains(t, page, text, name)
		}
		assert.NotRegexp(t, `\p{Han}`, page, name)
		page = groff(t, chinese[name])
		for _, text := range []string{"名稱", "語法", command + " - ", "顯示說明"} {
			assert.Contains(t, page, text, name)
		}
	}
	for _, command := range []string{"register", "unregister", "certificates", "policy", "policy-show", "policy-check", "doctor", "version", "completion-bash"} {
		assert.Contains(t, english, "cardbridge-"+command+".1")
	}
}

// A real bash reads the script that completion prints, then asks the program.
func TestBashCompletes(t *testing.T) {
	dir := t.TempDir()
	host := filepath.Join(dir, "cardbridge")
	cmd := exec.Command("go", "build", "-o", host, "./host")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	cmd = exec.Command("bash", "-c", `set -e
source <(cardbridge completion bash)
COMP_WORDS=(cardbridge policy s) COMP_CWORD=2 COMP_LINE="cardbridge policy s" COMP_POINT=19 COMP_TYPE=9
# what bash has while Tab is pressed; what the package bash-completion would set
compopt() { :; }
_get_comp_words_by_ref() { cur=s prev=policy words=("${COMP_WORDS[@]}") cword=2; }
__start_cardbridge
printf '%s\n' "${COMPREPLY[@]}"`)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "show\n", string(out))
}
