package token

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/windows"
)

// The child's pipes are inherited handles that its last two arguments name. Its standard handles are NUL from the start:
// vendors' code prints.
func startWithPipes(cmd *exec.Cmd) (io.WriteCloser, io.ReadCloser, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, nil, err
	}
	handles := []syscall.Handle{syscall.Handle(inR.Fd()), syscall.Handle(outW.Fd())}
	for _, h := range handles {
		if err == nil {
			err = windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT)
		}
		cmd.Args = append(cmd.Args, strconv.FormatUint(uint64(h), 10))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, AdditionalInheritedHandles: handles}
	if err == nil {
		err = cmd.Start()
	}
	inR.Close()
	outW.Close()
	if err != nil {
		inW.Close()
		outR.Close()
		return nil, nil, err
	}
	return inW, outR, nil
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
