package fleet

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The form of a plain address: https, or http on loopback, without user, query or fragment.
var (
	plainForm = regexp.MustCompile(`^(https://[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|http://(localhost|127\.0\.0\.1))(:[1-9]\d{0,4})?(/[\w.%~-]+)+$`)
	numeric   = regexp.MustCompile(`(^|\.)(\d+|0x[0-9a-f]*)$`)
	dots      = regexp.MustCompile(`(?i)^(\.|%2e){1,2}$`)
)

// PlainAddress tells whether browsers take an address as it is spelt. extension/tools/address.mjs has the same rule in the words of a
// browser's own parser, the same vectors test both (testdata/addresses.json).
func PlainAddress(address string) bool {
	if !plainForm.MatchString(address) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return plainHost(u.Hostname()) && plainPort(u.Scheme, u.Port()) && !slices.ContainsFunc(strings.Split(u.EscapedPath(), "/"), dots.MatchString)
}

// plainHost refuses what browsers take for a number and write anew.
func plainHost(host string) bool {
	if !numeric.MatchString(host) {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Is4()
}

// plainPort refuses a port that there is not, one that browsers leave out.
func plainPort(scheme, port string) bool {
	if port == "" {
		return true
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number != map[string]uint64{"https": 443, "http": 80}[scheme]
}
