package policy

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// near gives every text that is one character away from s: one less, one more, another.
func near(s string, alphabet []string, visit func(string)) {
	visit(s)
	for i := 0; i <= len(s); i++ {
		if i < len(s) {
			visit(s[:i] + s[i+1:])
			visit(s[:i] + s[i:i+1] + s[i:])
		}
		for _, c := range alphabet {
			visit(s[:i] + c + s[i:])
			if i < len(s) {
				visit(s[:i] + c + s[i+1:])
			}
		}
	}
}

var alphabet = []string{"a", "z", "A", "0", "4", "9", ".", "-", "_", ":", "/", "[", "]", "{", "}", "@", "%", "?", "#", " ", "*", "\n", "\x7f", "\x00", "é", "臺", "\\", "\u3000", "\u202e", "\u2028", "\ufeff", "#", "(", "+"}

func TestTheFormsAreTheSchemasPatterns(t *testing.T) {
	properties := find(t, schemaTree(t), "properties")
	origin := find(t, properties, "portals", "items", "properties", "origin")
	pattern := func(tree any, keys ...string) *regexp.Regexp {
		return regexp.MustCompile(find(t, tree, keys...).(string))
	}
	originForm, defaultPort := pattern(origin, "pattern"), pattern(origin, "not", "pattern")
	help := find(t, properties, "helpDesk", "properties")
	issuer := pattern(properties, "portals", "items", "properties", "issuers", "items", "pattern")
	text, phone, email := pattern(help, "text", "pattern"), pattern(help, "phone", "pattern"), pattern(help, "email", "pattern")
	link, id := pattern(properties, "unlock", "additionalProperties", "pattern"), pattern(properties, "extensions", "items", "pattern")
	for name, c := range map[string]struct {
		code, schema func(string) bool
		seeds        []string
	}{
		"origin": {validOrigin, func(s string) bool { return originForm.MatchString(s) && !defaultPort.MatchString(s) }, []string{
			"https://hr.example.gov.tw", "https://a-b.gov.tw:8443", "https://a:443", "https://[2001:db8::1]:65535", "https://[::ffff:1.2.3.4]", "http://localhost:80",
			"http://127.0.0.1:8080", "http://[::1]:9", "http://a.gov.tw", "https://xn--ecpa-9na.tw:10000", "https://_x.tw:59999", "https://a.tw:6553", ""}},
		"link": {validLink, link.MatchString, []string{
			"https://moica.nat.gov.tw/", "https://a.tw:443?x=%20%aF#y", "https://[::1]:8/%zz", "https://a.gov.tw/解鎖", "https://x@a.tw/", "http://a.tw/", "https://a"}},
		"issuer": {func(s string) bool { return validName(s, maxIssuer) }, issuer.MatchString, []string{"內政部憑證管理中心", " a", "b c", "Example CA", "政府 G2"}},
		"text":   {func(s string) bool { return s != "" && (&document{HelpDesk: HelpDesk{Text: s}}).checkHelpDesk() == nil }, text.MatchString, []string{"資訊室 1234", "x", " y"}},
		"phone":  {validPhone, phone.MatchString, []string{"(02) 2345-6789 #1234", "+886", "1", "9876543210987654321098765432109876543210"}},
		"email":  {validEmail, email.MatchString, []string{"a.b@dgpa.gov.tw", "A%+@x_-y.tw", "a@[1.2.3.4]", "a@b"}},
		"id": {validID, id.MatchString, []string{
			"abcdefghijklmnopabcdefghijklmnop", "cardbridge@cardbridge.tw", "@x", "{01234567-89ab-CDEF-0123-456789abcdef}", "{0123456789-ab-CDEF-0123-456789abcdef}", "abcdefghijklmnopqrstuvwxyzabcdef"}},
	} {
		t.Run(name, func(t *testing.T) {
			taken, refused := 0, 0
			for _, seed := range c.seeds {
				near(seed, alphabet, func(s string) {
					if !utf8.ValidString(s) {
						return // decode refuses it before
					}
					says := c.code(s)
					if says {
						taken++
					} else {
						refused++
					}
					if says != c.schema(s) {
						assert.Fail(t, "they differ", "%q: code %v, schema %v", s, says, !says)
					}
				})
			}
			require.Greater(t, min(taken, refused), 100, "both sides were met")
		})
	}
}
