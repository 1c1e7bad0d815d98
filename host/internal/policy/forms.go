package policy

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The forms are those of the patterns in the schema, which a test compares with them. They are written out because compiling the
// patterns would cost the first answer of each session 0.3 ms.

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
	hexes  = digits + "abcdefABCDEF"
)

// only tells whether a text that is not empty has no other characters.
func only(s, allowed string) bool { return s != "" && strings.Trim(s, allowed) == "" }

// validOrigin wants the serialisation that browsers use (RFC 6454, section 6.2), since Admit compares bytes: what a browser never
// says, a wildcard too, would stand in the document and match nothing. http only on loopback, which no network can reach.
func validOrigin(s string) bool {
	scheme, authority, _ := strings.Cut(s, "://")
	host, port, ok := splitPort(authority)
	switch {
	case !ok:
		return false
	case scheme == "https":
		return port != "443" && validHost(host)
	case scheme == "http":
		return port != "80" && (host == "localhost" || host == "127.0.0.1" || host == "[::1]")
	}
	return false
}

// splitPort takes host:port apart; a port is written as browsers write it.
func splitPort(authority string) (host, port string, ok bool) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") {
		return authority, "", true
	}
	host, port = authority[:i], authority[i+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return host, port, err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

func validHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && only(inner, digits+"abcdef:.")
	}
	for label := range strings.SplitSeq(s, ".") {
		if !only(label, lower+digits+"_-") || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// maxLink is what the extension takes for a link.
const maxLink = 2048

// validLink wants an https address without a person in it, nor what the extension refuses: it would end the connection.
func validLink(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok || len(s) > maxLink {
		return false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, _, ok := splitPort(rest[:end])
	if !ok || !validHost(host) {
		return false
	}
	tail := rest[end:]
	for i, r := range tail {
		if r == '\\' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Z) || r == '%' && (len(tail) < i+3 || !only(tail[i+1:i+3], hexes)) {
			return false
		}
	}
	return true
}

// validPath wants an absolute path of something in a folder.
func validPath(s string) bool {
	return filepath.IsAbs(s) && filepath.Clean(s) == s && filepath.Dir(s) != s && !strings.ContainsFunc(s, unicode.IsControl)
}

// validName wants text as a person sees it: no control character, no mark that hides or turns text, no line break.
func validName(s string, most int) bool {
	hidden := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	return s != "" && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, hidden)
}

// validPhone wants a number as it is written on a door: digits, and what stands between them.
func validPhone(s string) bool {
	return len(s) >= 2 && len(s) <= 40 && only(s, digits+" +-()#*,;./") && only(s[:1], digits+"+(")
}

// validEmail wants the plain form of an address (RFC 5321, no quoted local part), its domain in lower case.
func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && len(s) <= 254 && len(local) <= 64 && only(local, lower+strings.ToUpper(lower)+digits+"._%+-") &&
		strings.Contains(domain, ".") && !strings.HasPrefix(domain, "[") && validHost(domain)
}

// validID wants the id of a Chromium extension, or of a Firefox add-on: name@domain or a GUID in braces.
func validID(s string) bool {
	if name, domain, ok := strings.Cut(s, "@"); ok {
		const allowed = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "._-"
		return (name == "" || only(name, allowed)) && only(domain, allowed)
	}
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		groups := strings.Split(s[1:37], "-")
		for i, size := range []int{8, 4, 4, 4, 12} {
			if len(groups) != 5 || len(groups[i]) != size || !only(groups[i], hexes) {
				return false
			}
		}
		return true
	}
	return len(s) == 32 && only(s, "abcdefghijklmnop")
}
