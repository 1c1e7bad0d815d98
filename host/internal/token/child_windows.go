package token

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/windows"
)

// The child's pipes are inherited handles that its last two arguments name. Its standard handles are NUL from the start:
// vendors' code prints.

// passPipes gives the child its ends.
func passPipes(cmd *exec.Cmd, in, out *os.File) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true}
	for _, file := range []*os.File{in, out} {
		h := windows.Handle(file.Fd())
		if err := windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return err
		}
		cmd.Args = append(cmd.Args, strconv.FormatUint(uint64(h), 10))
		cmd.SysProcAttr.AdditionalInheritedHandles = append(cmd.SysProcAttr.AdditionalInheritedHandles, syscall.Handle(h))
	}
	return nil
}

func childPipes(args []string) (in, out *os.File, err error) {
	if len(args) != 2 {
		return nil, nil, fmt.Errorf("token: a child needs two handles")
	}
	var files [2]*os.File
	for i, arg := range args {
		h, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return nil, nil, err
		}
		if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, 0); err != nil {
			return nil, nil, err
		}
		files[i] = os.NewFile(uintptr(h), "pipe")
	}
	return files[0], files[1], nil
}

// endGroup has nothing to do: the job ends what a module started.
func endGroup() {}

// ForbidInheritance has nothing to do: children get the handles that are named, no others.
func ForbidInheritance() error { return nil }

// ForbidCoreFiles has nothing to do: Windows writes no memory of a process without an administrator's setting.
func ForbidCoreFiles() error { return nil }
