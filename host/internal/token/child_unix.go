//go:build unix

package token

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
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
	// A group whose leader's parent dies while it is stopped gets SIGHUP from the kernel before SIGCONT: that must not end us
	// before the card is reset. SIGTERM is what a service manager sends to all that is left of a service that died; whoever
	// wants a child to end closes its pipe, or kills it.
	signal.Ignore(syscall.SIGHUP, syscall.SIGTERM)
	syscall.CloseOnExec(childIn)
	syscall.CloseOnExec(childOut)
	files := syscall.Rlimit{Cur: maxChildFiles, Max: maxChildFiles}
	if err := errors.Join(ForbidCoreFiles(), limitMemory(), syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files)); err != nil {
		return nil, nil, err
	}
	return os.NewFile(childIn, "in"), os.NewFile(childOut, "out"), nil
}

// ForbidInheritance keeps descriptors that our starter left open from processes that load vendors' code.
func ForbidInheritance() error { return closeOnExecFrom(3) }

// ForbidCoreFiles keeps this process's memory, in which a PIN stands for a moment, out of core files.
func ForbidCoreFiles() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
