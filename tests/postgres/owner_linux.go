package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// owner is whom the server runs as; postgres refuses to run as root.
type owner struct {
	change   bool
	uid, gid uint32
}

func unprivileged() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			return owner{}, err
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			return owner{}, err
		}
		return owner{true, uint32(uid), uint32(gid)}, nil
	}
	return owner{}, fmt.Errorf("no user postgres, no user nobody: run the tests as a user that is not root")
}

func (o owner) own(name string) error {
	if !o.change {
		return nil
	}
	return os.Chown(name, int(o.uid), int(o.gid))
}

func (o owner) become(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if o.change {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: o.uid, Gid: o.gid}
	}
}

func quit(process *os.Process) error { return process.Signal(syscall.SIGQUIT) }
