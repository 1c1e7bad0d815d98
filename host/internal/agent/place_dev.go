//go:build unix && dev

package agent

import "os"

// devSocket is given at link time: -X github.com/cardbridge/cardbridge/host/internal/agent.devSocket=…
var devSocket string

func socketPath() string {
	if devSocket != "" {
		return devSocket
	}
	return "/nonexistent/cardbridge/agent.sock" // a development build meets no agent of the system's
}

func trusted(uid uint32) bool { return uid == 0 || int(uid) == os.Getuid() }
