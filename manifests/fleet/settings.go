package fleet

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// The forms are those of extension/shared/messages.js (language, link, helpDesk): a member that the extension would drop without a
// word is refused here. testdata/settings.json is read by the tests of both. The text's is narrower: a .reg file, a list of the
// Windows Installer, a profile have no way to write a line's end or a control character.
var (
	languages  = []string{"zh-TW", "en"}
	linkForm   = regexp.MustCompile(`^https://[^/?#@\\` + blank + `]+([/?#][^\\` + blank + `]*)?$`)
	phoneForm  = regexp.MustCompile(`^[0-9 +()#*,;./-]+$`)
	emailForm  = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[a-z0-9._-]+$`)
	textForm   = regexp.MustCompile(`^[^\p{Cc}\x{2028}\x{2029}]*$`)
	linkLimits = limits{9, 2048, linkForm, "an https address without a user name"}
)

// blank is what \s means in JavaScript; Go's has ASCII's alone.
const blank = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`

// limits are a text's: JavaScript counts UTF-16 units.
type limits struct {
	least, most int
	form        *regexp.Regexp
	what        string
}

// check refuses a member that is given; "" is none: omitzero leaves it out.
func (l limits) check(name, value string) error {
	units := len(utf16.Encode([]rune(value)))
	if value == "" || utf8.ValidString(value) && units >= l.least && units <= l.most && l.form.MatchString(value) {
		return nil
	}
	return fmt.Errorf("fleet: settings: %s: %.80q cannot be given to the extension: %s of %d to %d characters", name, value, l.what, l.least, l.most)
}

// ReadSettings reads them from a file, refuses what the extension would not take. "": there are none.
func ReadSettings(path string) (*Settings, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s Settings
	if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &s, s.check()
}

// check refuses what the extension would not take.
func (s Settings) check() error {
	if s.Language != "" && !slices.Contains(languages, s.Language) {
		return fmt.Errorf("fleet: settings: language: %.80q is none of %q", s.Language, languages)
	}
	if err := linkLimits.check("installURL", s.InstallURL); err != nil || s.HelpDesk == nil {
		return err
	}
	h := s.HelpDesk
	for _, m := range []struct {
		name, value string
		limits      limits
	}{
		{"helpDesk.text", h.Text, limits{1, 240, textForm, "a text in one line, without control characters,"}}, {"helpDesk.phone", h.Phone, limits{2, 40, phoneForm, "a phone number: digits, blanks and + ( ) # * , ; . / -"}},
		{"helpDesk.url", h.URL, linkLimits}, {"helpDesk.email", h.Email, limits{3, 254, emailForm, "an e-mail address, its domain in lower case,"}},
	} {
		if err := m.limits.check(m.name, m.value); err != nil {
			return err
		}
	}
	return nil
}
