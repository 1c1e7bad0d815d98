package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/policy"
)

// installed is a policy as if IT had put it there.
func installed(t *testing.T, text string) *policy.Policy {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	require.NoError(t, os.Chmod(filepath.Dir(path), 0o755))
	return policy.Load(path)
}

// ask gives what a policy command prints, in English.
func ask(doc *policy.Policy, args ...string) (code int, out, problems string) {
	return askIn(english, doc, append([]string{"policy"}, args...)...)
}

// askIn gives what a command prints for who has that language.
func askIn(l language, doc *policy.Policy, args ...string) (code int, out, problems string) {
	var o, p bytes.Buffer
	c := &console{out: &o, problems: &p, language: languageOf(args, string(l)), document: fixed(doc)}
	code = c.run(args)
	return code, o.String(), p.String()
}

const chosen = `{"version":1,"portals":[{"origin":"https://a.gov.tw","operations":["authenticate"],"cardKinds":["agency"],"webEID":true}],
	"modules":["/opt/a\u202e[2J.so"],"extensions":["abcdefghijklmnopabcdefghijklmnop"],"unlock":{"agency":"https://b.gov.tw/"},"deadlines":{"scan":12345}}`

func TestPolicyShowNamesEachSource(t *testing.T) {
	doc := installed(t, chosen)
	source := doc.Source()
	code, out, problems := ask(doc, "show", "--json")
	require.Equal(t, 0, code, problems)
	var s shown
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, policy.EffectivePortal{Origin: "https://a.gov.tw", Operations: []string{"authenticate"}, CardKinds: []string{"agency"}, Issuers: []string{}, PINSource: "any", WebEID: true, Source: source}, s.Portals[0])
	for _, p := range s.Portals[1:] {
		require.Equal(t, []string{"dev", policy.Development}, []string{build, p.Source}, "a release grants nothing besides")
	}
	require.Equal(t, []policy.Value[string]{{Value: "/opt/a\u202e[2J.so", Source: source}}, s.Modules)
	require.Equal(t, []policy.Value[string]{{Value: "abcdefghijklmnopabcdefghijklmnop", Source: source}}, s.Extensions)
	require.Equal(t, policy.Value[string]{Value: "https://b.gov.tw/", Source: source}, s.Unlock["agency"])
	require.Equal(t, policy.Value[string]{Value: "https://moica.nat.gov.tw/", Source: policy.BuiltIn}, s.Unlock["citizen"])
	require.Equal(t, policy.Value[int64]{Value: 12345, Source: source}, s.Deadlines["scan"])
	require.Equal(t, policy.Value[int64]{Value: 30000, Source: policy.BuiltIn}, s.Deadlines["sign"])
	require.Len(t, s.Deadlines, 5)

	code, out, _ = ask(doc, "show")
	require.Equal(t, 0, code)
	for _, line := range []string{
		`  https://a\.gov\.tw +authenticate \+webEID +agency +/`, `  /opt/a\\u202e\[2J\.so +/`, `  citizen +https://moica\.nat\.gov\.tw/ +built-in`, `  scan +12345 +/`, `  sign +30000 +built-in`,
	} {
		require.Regexp(t, line, out)
	}
	require.NotContains(t, out, "\u202e", "a terminal obeys no path")
}

// stated has each member that says nothing of who may ask for what.
const stated = `{"language":"en","audit":false,"install":{"module":"https://a.gov.tw/"},"helpDesk":{"text":"分機 1234"},"log":{"level":"warn","folder":"/var/log/x","maxMegabytes":9},
	"portals":[{"origin":"https://a.gov.tw","operations":["sign"],"issuers":["內政部憑證管理中心"],"pinSource":"pad"}]}`

func TestPolicyShowTellsTheOtherSettings(t *testing.T) {
	doc := installed(t, stated)
	source := doc.Source()
	text := func(s string) policy.Value[string] { return policy.Value[string]{Value: s, Source: source} }
	level, folder, language := text("warn"), text("/var/log/x"), text("en")
	want := shownSettings{
		Language: &language, Install: map[string]policy.Value[string]{"module": text("https://a.gov.tw/")},
		HelpDesk: map[string]policy.Value[string]{"text": text("分機 1234")}, Audit: policy.Value[bool]{Value: false, Source: source},
		Log: shownLog{Level: level, Folder: &folder, MaxMegabytes: policy.Value[int]{Value: 9, Source: source}},
	}
	code, out, problems := ask(doc, "show", "--json")
	require.Equal(t, 0, code, problems)
	var s shown
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, want, s.shownSettings)
	require.Equal(t, []any{"pad", []string{"內政部憑證管理中心"}}, []any{s.Portals[0].PINSource, s.Portals[0].Issuers})
	code, out, _ = ask(doc, "show")
	require.Equal(t, 0, code)
	for _, line := range []string{
		`https://a\.gov\.tw +sign \+pinSource=pad +citizen`, `issuer 內政部憑證管理中心 +/`, `  module +https://a\.gov\.tw/ +/`, `  text +分機 1234 +/`,
		`  en +/`, `  level +warn +/`, `  folder +/var/log/x +/`, `  maxMegabytes +9 +/`, `  audit +false +/`,
	} {
		require.Regexp(t, line, out)
	}
	code, out, _ = ask(installed(t, `{}`), "show")
	require.Equal(t, 0, code)
	for _, line := range []string{`  level +info +built-in`, `  maxMegabytes +5 +built-in`, `  audit +true +built-in`, `as the web site or the browser +built-in`} {
		require.Regexp(t, line, out)
	}
}

func TestPolicyShowWithoutAFile(t *testing.T) {
	code, out, _ := ask(policy.Load(filepath.Join(t.TempDir(), "none.json")), "show")
	require.Equal(t, 0, code)
	require.Regexp(t, `policy from: built-in\n`, out)
	require.Regexp(t, `  https://ecpa\.dgpa\.gov\.tw +authenticate certificates +citizen .* +built-in\n`, out)
}

func TestPolicyShowOfABrokenFile(t *testing.T) {
	doc := installed(t, `{"portals":[{"origin":"https://A.gov.tw"}]}`)
	code, out, problems := ask(doc, "show")
	require.Equal(t, 1, code)
	require.Contains(t, out, "no portal is permitted anything")
	require.Contains(t, problems, "line 1, column 23 (/portals/0/origin)")
	code, out, _ = ask(doc, "show", "--json")
	require.Equal(t, 1, code)
	var s shown
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.False(t, s.Valid)
	require.Empty(t, s.Portals, "a development build grants nothing then either")
	require.Equal(t, []any{"origin", "/portals/0/origin", 1, 23}, []any{s.Fault.Code, s.Fault.Pointer, s.Fault.Line, s.Fault.Column})
	require.Contains(t, s.Fault.Chinese, "不是來源")
}

func TestPolicyCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "draft.json")
	require.NoError(t, os.WriteFile(file, []byte(chosen), 0o666))
	code, out, problems := ask(nil, "check", file)
	require.Equal(t, []any{0, "valid: " + file + "\n", ""}, []any{code, out, problems})

	require.NoError(t, os.WriteFile(file, []byte("{\n  \"portal\": []}"), 0o666))
	code, out, problems = ask(nil, "check", file)
	require.Equal(t, []any{1, "", "not valid: " + file + "\n  line 2, column 3 (/portal)\n  no such member: \"portal\"; check spelling and letter case\n  code: unknownMember\n"}, []any{code, out, problems})
	code, _, problems = askIn(chinese, nil, "policy", "check", file)
	require.Equal(t, 1, code)
	for _, text := range []string{"無效：" + file, "第 2 行第 3 字 (/portal)\n", `沒有這個名稱："portal"`, "代碼：unknownMember"} {
		assert.Contains(t, problems, text)
	}
	code, out, problems = ask(nil, "check", file, "--json")
	require.Equal(t, []any{1, ""}, []any{code, problems})
	var j judged
	require.NoError(t, json.Unmarshal([]byte(out), &j))
	require.Equal(t, []any{file, false, "unknownMember", 2}, []any{j.File, j.Valid, j.Fault.Code, j.Fault.Line})
	require.Contains(t, j.Fault.Chinese, "沒有這個名稱")
	require.Contains(t, j.Fault.English, "no such member")
	code, _, problems = ask(nil, "check", "\x1b[2J")
	require.Equal(t, 1, code)
	require.NotContains(t, problems, "\x1b")
}

// The schema tells writers the built-in deadlines, which the token room decides.
func TestTheSchemaTellsTheBuiltInDeadlines(t *testing.T) {
	raw, err := os.ReadFile("../manifests/policy.schema.json")
	require.NoError(t, err)
	var schema struct {
		Properties struct {
			Deadlines struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &schema))
	known := effective(installed(t, `{}`), "").Deadlines
	require.Len(t, schema.Properties.Deadlines.Properties, len(known))
	for name, d := range known {
		require.Regexp(t, fmt.Sprintf(`：%d。 / .*: %d\.$`, d.Value, d.Value), schema.Properties.Deadlines.Properties[name].Description, name)
	}
}

func TestPolicyCommandsAsTheyAreNot(t *testing.T) {
	for _, args := range [][]string{nil, {"check"}, {"check", "a", "b"}, {"show", "a"}, {"install", "a"}} {
		code, out, problems := ask(nil, args...)
		require.Equal(t, []any{endUsage, ""}, []any{code, out}, "%v", args)
		require.Contains(t, problems, "cardbridge policy")
	}
}

func fixed(doc *policy.Policy) func() *policy.Policy {
	return func() *policy.Policy { return doc }
}
