//go:build dev

package policy

import (
	"os"
	"strings"
)

// devPath is given at link time: -X github.com/cardbridge/cardbridge/host/internal/policy.devPath=…
var devPath string

// Path is the place given at link time, else the system's.
func Path() string {
	if devPath != "" {
		return devPath
	}
	return systemPath
}

// devPortal grants loopback portals a login, so that demo and tests need no policy file. What must be granted expressly
// (the PIN from a page, signRaw) is not in it.
func devPortal(origin string) (portal, bool) {
	for _, prefix := range []string{"http://127.0.0.1:", "http://localhost:"} {
		if strings.HasPrefix(origin, prefix) && validOrigin(origin) {
			return portal{Origin: origin, Operations: []string{Authenticate, Certificates, Sign}}, true
		}
	}
	return portal{}, false
}

func ownerAllowed(uid uint32) bool { return uid == 0 || int(uid) == os.Getuid() }
