package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// languages are the documents', in their order.
var languages = []string{"en", "zh-TW"}

// policyCheck runs a release host's judgement of a text, in a folder where the file has the name that the document uses.
func policyCheck(t *testing.T, host, language, text string) (string, error) {
	t.Helper()
	cmd := exec.Command(host, "policy", "check", "policy.json", "--lang", language)
	cmd.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, "policy.json"), []byte(text), 0o644))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestThePoliciesAreJudgedAsTold(t *testing.T) {
	host := filepath.Join(t.TempDir(), "cardbridge")
	cmd := exec.Command("go", "build", "-o", host, "./host")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for i, name := range documents["administration"] {
		var policies, plain []string
		for _, code := range fences(read(t, name)) {
			if text, ok := strings.CutPrefix(code, "json\n"); ok {
				policies = append(policies, text)
			} else if text, ok := strings.CutPrefix(code, "\n"); ok {
				plain = append(plain, text)
			}
		}
		require.Len(t, policies, 2, name)
		require.Len(t, plain, 1, name)
		said, err := policyCheck(t, host, languages[i], policies[0])
		require.NoError(t, err, said)
		require.Equal(t, []string{"valid: policy.json\n", "有效：policy.json\n"}[i], said)
		said, err = policyCheck(t, host, languages[i], policies[1])
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended)
		require.Equal(t, 1, ended.ExitCode())
		require.Equal(t, plain[0], said, name)
	}
}

// members walks the schema: portals[].origin, deadlines.scan.
func members(prefix string, schema map[string]any, visit func(name string, entry map[string]any)) {
	properties, _ := schema["properties"].(map[string]any)
	for name, value := range properties {
		entry := value.(map[string]any)
		visit(prefix+name, entry)
		members(prefix+name+".", entry, visit)
		if items, ok := entry["items"].(map[string]any); ok {
			members(prefix+name+"[].", items, visit)
		}
	}
}

var row = regexp.MustCompile("(?m)^\\| `([A-Za-z.\\[\\]]+)` \\|(.*)$")

// rows are a table's lines by their first cell, from one heading to the next.
func rows(t *testing.T, text string, section int) map[string]string {
	t.Helper()
	sections := strings.Split(text, "\n## ")
	require.Greater(t, len(sections), section)
	table := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(sections[section], -1) {
		table[m[1]] = m[2]
	}
	return table
}

func TestEveryMemberOfThePolicyIsTold(t *testing.T) {
	var schema map[string]any
	require.NoError(t, json.Unmarshal([]byte(read(t, "manifests/policy.schema.json")), &schema))
	kinds := []map[string]string{
		{"integer": "integer", "array": "array", "string": "string", "boolean": "boolean", "object": "object"},
		{"integer": "整數", "array": "陣列", "string": "字串", "boolean": "布林", "object": "物件"},
	}
	builtIn := regexp.MustCompile(`absent or 0: ([0-9]+)`)
	for i, name := range documents["administration"] {
		told := rows(t, read(t, name), 3)
		n := 0
		members("", schema, func(member string, entry map[string]any) {
			n++
			line, ok := told[member]
			if !assert.True(t, ok, "%s lacks %s", name, member) {
				return
			}
			assert.Equal(t, kinds[i][entry["type"].(string)], strings.TrimSpace(strings.Split(line, "|")[0]), "%s: %s", name, member)
			if m := builtIn.FindStringSubmatch(entry["description"].(string)); m != nil {
				assert.Equal(t, m[1], strings.TrimSpace(strings.Split(line, "|")[1]), "%s: %s", name, member)
			}
			if items, ok := entry["items"].(map[string]any); ok && items["enum"] != nil {
				for _, value := range items["enum"].([]any) {
					assert.Contains(t, line, "`"+value.(string)+"`", "%s: %s", name, member)
				}
			}
		})
		assert.Equal(t, 33, n)
		assert.Len(t, told, n, "%s tells of members that are none", name)
	}
}

func TestEveryErrorOfThePolicyIsTold(t *testing.T) {
	codes := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t"([A-Za-z]+)": +\{"`).FindAllStringSubmatch(read(t, "host/internal/policy/fault.go"), -1) {
		codes[m[1]] = true
	}
	require.Greater(t, len(codes), 20)
	for _, name := range documents["administration"] {
		told := rows(t, read(t, name), 4)
		for code := range codes {
			assert.Contains(t, told, code, name)
		}
		assert.Len(t, told, len(codes), "%s tells of errors that are none", name)
	}
}

func TestThePolicysPlacesAreTold(t *testing.T) {
	for _, system := range []string{"linux", "darwin"} {
		m := regexp.MustCompile(`systemPath = "(.*)"`).FindStringSubmatch(read(t, "host/internal/policy/path_"+system+".go"))
		require.NotNil(t, m)
		for _, name := range documents["administration"] {
			assert.Contains(t, read(t, name), "| `"+m[1]+"` |", name)
		}
	}
}
