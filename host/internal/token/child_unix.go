//go:build unix

package token

import (
	"os"
	"os/exec"
	"syscall"
)

// The child's pipes are descriptors 3 and 4. Its 0, 1 and 2 are /dev/null from the start: vendors' code prints.
const (
	childIn  = 3
	childOut = 4
)

// passPipes gives the child its ends.
func passPipes(cmd *exec.Cmd, in, out *os.File) error {
	cmd.ExtraFiles = []*os.File{in, out}
	return nil
}

// childPipes is the child's side. A module may fork: our pipes are not for its children. Nothing of us goes into a core
// file: the signer holds a PIN for a moment.
func childPipes([]string) (in, out *os.File, err error) {
	syscall.CloseOnExec(childIn)
	syscall.CloseOnExec(childOut)
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return nil, nil, err
	}
	return os.NewFile(childIn, "in"), os.NewFile(childOut, "out"), nil
}
