package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// address is the client's: the connection's own, or, if that is a trusted proxy's, the last one in X-Forwarded-For that is
// not. Each proxy appends whom it saw, so what stands further left is the client's own word.
func (p *Portal) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.isProxy(at) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil { // some proxies add the port
			withPort, portErr := netip.ParseAddrPort(strings.TrimSpace(hop))
			if portErr != nil {
				break
			}
			next = withPort.Addr()
		}
		at = next.Unmap().WithZone("")
	}
	return at
}

func (p *Portal) isProxy(at netip.Addr) bool {
	return slices.ContainsFunc(p.Proxies, func(prefix netip.Prefix) bool { return prefix.Contains(at) })
}

// network is what is counted: one IPv4 address, or the /64 that an IPv6 site gets (RFC 6177).
func network(at netip.Addr) string {
	if at.Is4() || !at.IsValid() {
		return at.String()
	}
	prefix, err := at.Prefix(64)
	if err != nil {
		return at.String()
	}
	return prefix.String()
}
