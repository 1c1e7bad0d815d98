//go:build unix

package doctor

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// pcscSocket is where Debian's, Fedora's pcscd listens.
const pcscSocket = "/run/pcscd/pcscd.comm"

// pcscPlace is the PC/SC service, where it can be seen; there: though it may not answer.
func (v *visit) pcscPlace() (where string, there bool) {
	if v.System == "linux" && v.exists(pcscSocket) {
		return pcscSocket, true
	}
	return "", false
}

// remoteSession: the environment, which whoever calls has looked at, is all there is.
func remoteSession() string { return "" }

// listening are the TCP ports on which somebody listens, as Linux's /proc/net/tcp has them: local address and port in hex, then
// the remote ones, then the state, 0A for LISTEN.
func (v *visit) listening() map[int]bool {
	ports := map[int]bool{}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		raw, _ := v.read(name)
		for line := range strings.Lines(string(raw)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != "0A" {
				continue
			}
			_, port, _ := strings.Cut(fields[1], ":")
			if b, err := hex.DecodeString(port); err == nil && len(b) == 2 {
				ports[int(b[0])<<8|int(b[1])] = true
			}
		}
	}
	return ports
}

func (v *visit) runs(program string) bool {
	return slices.ContainsFunc(v.names("/proc"), func(pid string) bool {
		if _, err := strconv.Atoi(pid); err != nil {
			return false
		}
		comm, err := v.read("/proc/" + pid + "/comm")
		return err == nil && strings.TrimSpace(string(comm)) == program
	})
}
