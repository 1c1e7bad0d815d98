package webeid

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const (
	minNonce  = 44  // 256 bits in base64
	maxNonce  = 128 // the specification's upper bound
	maxOrigin = 300 // scheme, a DNS name of at most 253 characters, a port
)

// Digest gives the bytes that a crypto.Signer signs for a login: hash(M) with M = hash(origin) ‖ hash(challengeNonce), all
// three with the algorithm's hash. The origin is the ASCII serialisation scheme://host[:port] (RFC 6454 section 6.2) of an
// http or https page, without default port, path or trailing slash; the nonce has 44 to 128 printable ASCII characters.
// Errors: ErrAlgorithm, ErrOrigin, ErrNonceLength, ErrNonceCharacter.
func Digest(alg Algorithm, origin, challengeNonce string) ([]byte, error) {
	if _, err := ParseAlgorithm(string(alg)); err != nil {
		return nil, err
	}
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	if err := CheckNonce(challengeNonce); err != nil {
		return nil, err
	}
	h := alg.Hash()
	return sum(h, sum(h, []byte(origin)), sum(h, []byte(challengeNonce))), nil
}

// CheckNonce applies Digest's rules for the challenge nonce. Errors: ErrNonceLength, ErrNonceCharacter.
func CheckNonce(challengeNonce string) error {
	if n := len(challengeNonce); n < minNonce || n > maxNonce {
		return fmt.Errorf("%w: %d characters; the portal must send %d to %d", ErrNonceLength, n, minNonce, maxNonce)
	}
	for i := 0; i < len(challengeNonce); i++ {
		if c := challengeNonce[i]; c <= ' ' || c > '~' {
			return fmt.Errorf("%w: byte 0x%02x at position %d; the portal should send base64", ErrNonceCharacter, c, i)
		}
	}
	return nil
}

// CheckOrigin applies Digest's rules for the origin. Error: ErrOrigin.
func CheckOrigin(origin string) error {
	if len(origin) > maxOrigin {
		return badOrigin(origin, "too long")
	}
	scheme, rest, found := strings.Cut(origin, "://")
	if !found || (scheme != "https" && scheme != "http") {
		return badOrigin(origin, "it must begin with https:// or http://, in lower case")
	}
	host, port, err := splitPort(rest)
	if err != "" {
		return badOrigin(origin, err)
	}
	if (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
		return badOrigin(origin, "the default port must be left out")
	}
	if why := checkHost(host); why != "" {
		return badOrigin(origin, why)
	}
	return nil
}

func badOrigin(origin, why string) error {
	return fmt.Errorf("%w: %s: %s; write scheme://host[:port] as the browser's location.origin does", ErrOrigin, quote(origin), why)
}

// splitPort divides host[:port]; port is "" when there is none. The last result is the reason of a refusal.
func splitPort(rest string) (host, port, why string) {
	end := strings.LastIndexByte(rest, ':')
	if end < 0 || end < strings.LastIndexByte(rest, ']') {
		return rest, "", ""
	}
	host, port = rest[:end], rest[end+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return "", "", "the port must be a number from 1 to 65535 without leading zeros"
	}
	return host, port, ""
}

// checkHost takes a DNS name in ASCII lower case (punycode as given), an IPv4 address or an IPv6 address in brackets, each
// only in the one spelling that a browser serialises: two spellings of one host would be two origins to us, one to it.
func checkHost(host string) string {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !ok || err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || addr.String() != inner {
			return "not the canonical form of an IPv6 address"
		}
		return ""
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "a part of the host name is empty or over 63 characters"
		}
		for i := 0; i < len(label); i++ {
			if !hostByte(label[i]) {
				return "the host may hold only a-z, 0-9, hyphen, underscore and dots"
			}
		}
	}
	// A browser reads a host as IPv4 when its last label is a number (WHATWG URL, "ends in a number checker").
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' && numeric(last) {
		if addr, err := netip.ParseAddr(host); err != nil || addr.String() != host {
			return "not the canonical form of an IPv4 address"
		}
	}
	return ""
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func numeric(label string) bool {
	if _, err := strconv.ParseUint(strings.TrimPrefix(label, "0x"), 16, 64); err == nil && strings.HasPrefix(label, "0x") {
		return true
	}
	return strings.Trim(label, "0123456789") == "" || label == "0x"
}
