package token

import "syscall"

// closeOnExecFrom marks the descriptors that a starter can have left, up to the system's usual limit.
func closeOnExecFrom(first uint) error {
	for fd := int(first); fd < 256; fd++ {
		syscall.CloseOnExec(fd)
	}
	return nil
}
