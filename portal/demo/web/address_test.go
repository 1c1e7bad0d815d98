package web

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClientAddress(t *testing.T) {
	proxied := &Portal{Settings: Settings{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for _, c := range []struct {
		peer, want string
		forwarded  []string
	}{
		{"192.0.2.7:1234", "192.0.2.7", nil},
		{"192.0.2.7:1234", "192.0.2.7", []string{"198.51.100.1"}},               // no proxy of ours: its word counts for nothing
		{"10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1"}},                //
		{"10.0.0.1:1", "198.51.100.1", []string{"203.0.113.9, 198.51.100.1"}},   // the left one is the client's own word
		{"10.0.0.1:1", "198.51.100.1", []string{"203.0.113.9", "198.51.100.1"}}, // two lines are one list
		{"10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1, 10.0.0.2"}},      // a second proxy
		{"10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1:5678"}},
		{"10.0.0.1:1", "2001:db8::5", []string{"[2001:db8::5]:5678"}},
		{"10.0.0.1:1", "10.0.0.1", []string{"nonsense"}},
		{"10.0.0.1:1", "10.0.0.1", nil},
		{"[::1]:1", "2001:db8::5", []string{"2001:db8::5"}},
		{"[::ffff:10.0.0.1]:1", "198.51.100.1", []string{"::ffff:198.51.100.1"}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		assert.Equal(t, c.want, proxied.address(r).String(), "%+v", c)
	}
}

func TestAnIPv6SiteIsOneNetwork(t *testing.T) {
	assert.Equal(t, network(netip.MustParseAddr("2001:db8:1:2::1")), network(netip.MustParseAddr("2001:db8:1:2:ffff::9")))
	assert.NotEqual(t, network(netip.MustParseAddr("2001:db8:1:2::1")), network(netip.MustParseAddr("2001:db8:1:3::1")))
	assert.Equal(t, "192.0.2.1", network(netip.MustParseAddr("192.0.2.1")))
}
