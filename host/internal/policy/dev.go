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

// devOrigins are loopback portals of any port.
var devOrigins = []string{"http://127.0.0.1:", "http://localhost:"}

// devPortal grants loopback portals a login, so that demo and tests need no policy file. What must be granted expressly
// (the PIN from a page, signRaw) is not in it.
func devPortal(origin string) (portal, bool) {
	for _, prefix := range devOrigins {
		if strings.HasPrefix(origin, prefix) && validOrigin(origin) {
			return portal{Origin: origin, Operations: []string{Authenticate, Certificates, Sign}}, true
		}
	}
	return portal{}, false
}

// devGrants are what devPortal grants, to be shown.
func devGrants() (list []portal) {
	for _, prefix := range devOrigins {
		granted, _ := devPortal(prefix + "1")
		granted.Origin = prefix + "*"
		list = append(list, granted)
	}
	return list
}

func ownerAllowed(uid uint32) bool { return uid == 0 || int(uid) == os.Getuid() }
