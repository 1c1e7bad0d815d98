package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnythingElseIsACommandOrAnError(t *testing.T) {
	for _, args := range [][]string{
		nil, {"unlock"}, {"register", "--everywhere"}, {"register", "-x"}, {"register", "edge"}, {"register", "--browser"}, {"register", "--browser=lynx"},
		{"doctor", "--xml"}, {"certificates", "mine"}, {"version", "--lang=fr"}, {"policy"}, {"policy", "install"}, {"completion"}, {"completion", "csh"},
		{"completion", "bash", "x"}, {"help", "unlock"}, {"help", "policy", "x"}, {"--version", "x"}, {"--system"},
	} {
		code, out, problems := askIn(english, nil, args...)
		require.Equal(t, []any{endUsage, ""}, []any{code, out}, "%v", args)
		require.Contains(t, problems, "\n\nUsage:\n  cardbridge", "%v", args)
		code, out, problems = askIn(chinese, nil, append([]string{"--json"}, args...)...)
		require.Equal(t, endUsage, code, "%v", args)
		require.Regexp(t, `\p{Han}`, problems, "%v", args)
		if strings.HasPrefix(out, "{") {
			var told struct{ Error bothTexts }
			require.NoError(t, json.Unmarshal([]byte(out), &told))
			require.NotEmpty(t, told.Error.English)
			require.NotEmpty(t, told.Error.Chinese)
		}
	}
	for _, args := range [][]string{{"version"}, {"--version"}, {"help"}, {"--help"}, {"-h"}, {"help", "policy", "check"}, {"register", "--help"}} {
		code, out, problems := askIn(english, nil, args...)
		require.Equal(t, []any{endDone, ""}, []any{code, problems}, "%v", args)
		require.Contains(t, strings.ToLower(out), "cardbridge", "%v", args)
	}
	_, _, problems := askIn(english, nil, "registr")
	require.Contains(t, problems, "did you mean register")
}

func TestTheLanguage(t *testing.T) {
	for _, c := range []struct {
		locale string
		args   []string
		is     language
	}{
		{"zh_TW.UTF-8", nil, chinese}, {"zh-Hant-TW", nil, chinese}, {"ZH", nil, chinese}, {"en_US", nil, english}, {"", nil, english}, {"C", nil, english}, {"ja_JP", nil, english},
		{"zh_TW", []string{"doctor", "--lang=en"}, english}, {"en", []string{"--lang", "zh-TW", "doctor"}, chinese}, {"en", []string{"--lang=fr"}, english},
		{"en", []string{"policy", "check", "--", "--lang=zh-TW"}, english}, {"zh", []string{"--lang"}, chinese},
	} {
		assert.Equal(t, c.is, languageOf(c.args, c.locale), "%v", c)
	}
}

func TestTheEnvironmentsLanguage(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, is string }{{"a", "b", "c", "a"}, {"", "b", "c", "b"}, {"", "", "c", "c"}, {"", "", "", ""}} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", c.messages)
		t.Setenv("LANG", c.lang)
		require.Equal(t, c.is, readSettings().locale)
	}
}

// eachOf walks the tree of commands.
func eachOf(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		eachOf(sub, visit)
	}
}

// Whoever reads Chinese is shown no English sentence, whoever reads English no Chinese character.
func TestHelpIsInOneLanguage(t *testing.T) {
	seen := 0
	eachOf((&console{language: english}).root(), func(cmd *cobra.Command) {
		seen++
		path := strings.Fields(cmd.CommandPath())[1:]
		code, out, _ := askIn(english, nil, append(path, "--help")...)
		require.Equal(t, endDone, code)
		require.False(t, strings.ContainsFunc(out, func(r rune) bool { return unicode.Is(unicode.Han, r) }), out)
		code, out, _ = askIn(chinese, nil, append(path, "--help")...)
		require.Equal(t, endDone, code)
		require.NotRegexp(t, `[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}`, strings.ReplaceAll(out, "cardbridge completion", ""), "%v", path)
	})
	require.Greater(t, seen, 12)
}

func TestRegisterForPrograms(t *testing.T) {
	home := t.TempDir()
	place := func(args ...string) (int, placed) {
		var o, p strings.Builder
		c := &console{out: &o, problems: &p, language: english, env: settings{home: home}}
		doc := installed(t, `{"extensions":["abcdefghijklmnopabcdefghijklmnop"]}`)
		if args[0] == "broken" {
			doc, args = installed(t, `{"portal":[]}`), args[1:]
		}
		c.document = fixed(doc)
		code := c.run(args)
		var done placed
		require.NoError(t, json.Unmarshal([]byte(o.String()), &done), o.String()+p.String())
		return code, done
	}
	code, done := place("register", "--browser=chromium", "--json")
	require.Equal(t, endDone, code)
	file := filepath.Join(home, ".config/chromium/NativeMessagingHosts/tw.cardbridge.host.json")
	require.Equal(t, placed{Command: "register", Placed: []placedSpot{{"Chromium", file}}}, done)
	require.FileExists(t, file)
	code, done = place("broken", "register", "--json")
	require.Equal(t, endFailed, code)
	require.Empty(t, done.Placed)
	require.Contains(t, done.Error["zh-TW"], "政策檔不能使用（unknownMember）")
	require.Contains(t, done.Error["en"], "cannot be used (unknownMember)")
	code, _ = place("broken", "unregister", "--browser=chromium", "--browser=firefox", "--json")
	require.Equal(t, endDone, code)
	require.NoFileExists(t, file)
	require.NoError(t, os.MkdirAll(file, 0o755))
	code, done = place("register", "--browser=chromium", "--json")
	require.Equal(t, endFailed, code, "a folder stands there")
	require.NotEmpty(t, done.Error["en"])
}

// A shell asks this program itself.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		has  []string
	}{
		{[]string{""}, []string{"register", "doctor", "policy", "completion"}}, {[]string{"policy", ""}, []string{"show", "check"}},
		{[]string{"register", "--browser", ""}, []string{"chromium", "firefox"}}, {[]string{"doctor", "--lang", ""}, []string{"zh-TW", "en"}},
		{[]string{"doctor", "--"}, []string{"--json", "--lang"}}, {[]string{"help", "c"}, []string{"certificates", "completion"}},
	} {
		code, out, _ := askIn(chinese, nil, append([]string{"__complete"}, c.args...)...)
		require.Equal(t, endDone, code)
		for _, word := range c.has {
			require.Regexp(t, `(?m)^`+word+`(\t|=?$)`, out, "%v", c.args)
		}
	}
	_, out, _ := askIn(chinese, nil, "__complete", "")
	require.Contains(t, out, "doctor\t檢查這台電腦")
	_, out, _ = askIn(english, nil, "__complete", "policy", "check", "")
	require.Regexp(t, `(?m)^:0$`, out, "a file's name is the shell's own to complete")
}

func TestEachShellHasItsScript(t *testing.T) {
	for _, shell := range shells {
		for _, l := range []language{chinese, english} {
			code, out, problems := askIn(l, nil, "completion", shell.name)
			require.Equal(t, []any{endDone, ""}, []any{code, problems})
			require.Contains(t, out, "__complete", "%s asks this program", shell.name)
			code, out, _ = askIn(l, nil, "completion", shell.name, "--help")
			require.Equal(t, endDone, code)
			require.Contains(t, out, shell.place)
		}
	}
}
