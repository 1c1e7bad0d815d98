//go:build linux

package box

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Person is somebody with a desktop on the seat. Session is logind's.
type Person struct {
	box           *Box
	Name, Session string
}

// Desktop begins a graphical session as a greeter does, by PAM; it lasts as long as the box.
func (b *Box) Desktop(name string) (Person, error) {
	_, err := b.Run("systemd-run", "--quiet", "--unit=desktop-"+name, "-p", "PAMName=login", "-p", "User="+name,
		"-E", "XDG_SEAT=seat0", "-E", "XDG_SESSION_TYPE=x11", "-E", "XDG_SESSION_CLASS=user", "sleep", "infinity")
	if err != nil {
		return Person{}, err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		out, err := b.Run("loginctl", "list-sessions", "--no-legend")
		if err != nil {
			return Person{}, err
		}
		for line := range strings.Lines(out) {
			f := strings.Fields(line)
			if len(f) < 4 || f[2] != name || f[3] != "seat0" {
				continue
			}
			// logind lists a session before systemd has made its group of processes
			const there = `test -e /sys/fs/cgroup/user.slice/user-$(id -u "$1").slice/session-$2.scope/cgroup.procs`
			if _, err := b.Run("sh", "-c", there, "there", name, f[0]); err == nil {
				return Person{b, name, f[0]}, nil
			}
		}
	}
	return Person{}, fmt.Errorf("logind has no session of %s on the seat", name)
}

// Command runs as the person, in the desktop's session.
func (p Person) Command(args ...string) *exec.Cmd {
	const join = `uid=$(id -u "$1") session=$2; home=$(getent passwd "$1" | cut -d: -f6); shift 2
echo 0 > /sys/fs/cgroup/user.slice/user-$uid.slice/session-$session.scope/cgroup.procs
exec setpriv --reuid=$uid --regid=$uid --init-groups env -u XDG_RUNTIME_DIR HOME="$home" "$@"`
	return p.box.Command(append([]string{"bash", "-euc", join, "join", p.Name, p.Session}, args...)...)
}
