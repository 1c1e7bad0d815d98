// Package redaction searches every log of a whole test run for what no log may hold. It is the last of "make test".
//
// The tests keep what the product logged below build/test-logs (tests/hosttest, tests/world): hosts' logs, their standard error,
// the reference portal's. The scripted host of extension/test is no product of ours: its file is what it was sent.
package redaction

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// pins are those of all tests' cards and wrong ones: TestEveryPINIsSearchedFor keeps the list whole.
var pins = []string{
	deck.PIN, deck.PINLetters, deck.PUK, "Wr0ng#xq", "S0ft#9pq", "999999", "111111", "222222", "000000", "654321", "123456789", "Abcd1234", "abcdef",
	"１２３４５６", "Abc12é",
}

// harmless is what may hold the digits of a PIN by chance: times, ids, thumbprints, process numbers, durations.
var harmless = regexp.MustCompile(strings.Join([]string{
	`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*`, `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, `\b[0-9a-f]{32,}\b`, `"(pid|ms|duration|bytes)":[-+.e\d]+`, `\d+\.\d+`,
}, "|"))

// idNumber is Taiwan's: a letter, sex or residence, eight digits.
var idNumber = regexp.MustCompile(`\b[A-Z][1289][0-9]{8}\b`)

// secret is a text that no log may hold, with what it is.
type secret struct {
	what string
	form *regexp.Regexp
}

func secrets(t *testing.T) (list []secret) {
	t.Helper()
	for _, pin := range pins {
		// not in the middle of a longer number: that is another number
		quoted := regexp.QuoteMeta(pin)
		if strings.Trim(pin, "0123456789") == "" {
			quoted = `(^|[^0-9])` + quoted + `([^0-9]|$)`
		}
		list = append(list, secret{"a PIN", regexp.MustCompile(quoted)},
			secret{"a PIN in base64", regexp.MustCompile(regexp.QuoteMeta(base64.RawStdEncoding.EncodeToString([]byte(pin))))},
			secret{"a PIN in hex", regexp.MustCompile(`(?i)` + hex.EncodeToString([]byte(pin)))})
	}
	list = append(list, secret{"an ID number", idNumber})
	for _, name := range deck.Names() {
		facts, err := deck.Describe(name)
		require.NoError(t, err)
		if facts.Holder != "" {
			list = append(list, secret{"a holder's name", regexp.MustCompile(regexp.QuoteMeta(facts.Holder))})
		}
	}
	return list
}

// search gives what a text holds of secrets, without the harmless.
func search(list []secret, text string) (found []string) {
	text = harmless.ReplaceAllString(text, "…")
	for _, s := range list {
		if at := s.form.FindStringIndex(text); at != nil {
			found = append(found, s.what+": "+text[max(0, at[0]-200):min(len(text), at[1]+50)])
		}
	}
	return found
}

func TestNoLogHoldsASecret(t *testing.T) {
	list := secrets(t)
	files, lines := map[string]int{}, 0
	err := filepath.WalkDir(hosttest.KeptLogs(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		text := string(raw)
		assert.Empty(t, search(list, text), path)
		assert.Empty(t, search(list, filepath.Base(path)), "the name of %s", path)
		files[filepath.Base(filepath.Dir(path))]++
		lines += strings.Count(text, "\n")
		return err
	})
	require.NoError(t, err, "run the other tests first: make test")
	for _, program := range []string{"card.test", "faults.test", "softhsm.test", "sequences.test", "login.test.mjs", "firefox.test.mjs", "agent.test.mjs", "service"} {
		assert.NotZero(t, files[program], "%s left no log to search; run it first: make test", program)
	}
	assert.Greater(t, lines, 1000, "too little to search")
	t.Logf("%d lines of %d tests' programs searched for %d secrets", lines, len(files), len(list))
}

// The search finds what it is for, as it would stand in a log.
func TestTheSearchFinds(t *testing.T) {
	list := secrets(t)
	for _, text := range []string{
		`{"pin":"123456"}`, `PIN=123456`, `{"cause":"C_Login(\"Abc123\")"}`, `x１２３４５６`, `{"pin":123456,"pid":1}`, `MTIzNDU2`, `313233343536`,
		`{"subject":"CN=王小明,serialNumber=1"}`, `{"holder":"林小美"}`, `A123456789`, `no=F223456786.`, `範例機關`, "\n999999\n",
	} {
		assert.NotEmpty(t, search(list, text), text)
	}
	for _, text := range []string{
		`{"time":"2026-11-28T14:52:08.123456+08:00","pid":123456,"ms":123456}`, `{"ms":3.123456}`, `0123456789`, `{"operation":"00000000-1111-2222-3333-999999123456"}`,
		`{"thumbprint":"` + strings.Repeat("123456ab", 8) + `"}`, `XA1234567890`, `{"code":"cardBusy"}`, ``,
	} {
		assert.Empty(t, search(list, text), text)
	}
}

// literal is a PIN as tests write it, next to a word that says so.
var literal = regexp.MustCompile(`(?i)\bpin\b["')\]:,= ]*["'` + "`" + `]([^"'` + "`" + `\s]{6,12})["'` + "`" + `]`)

func TestEveryPINIsSearchedFor(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "redaction" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || (filepath.Ext(path) != ".go" && filepath.Ext(path) != ".mjs") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range literal.FindAllStringSubmatch(string(raw), -1) {
			if strings.ContainsAny(m[1], "0123456789") {
				seen++
				assert.Contains(t, pins, m[1], "%s has a PIN that no log is searched for; add it to pins", path)
			}
		}
		return err
	})
	require.NoError(t, err)
	require.Greater(t, seen, 10, "the PINs in the tests were not found")
}
