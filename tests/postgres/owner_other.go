//go:build !linux

package postgres

import (
	"os"
	"os/exec"
)

// owner is whom the server runs as: here whoever runs the tests, who must not be root.
type owner struct{}

func unprivileged() (owner, error) { return owner{}, nil }

func (owner) own(string) error { return nil }

func (owner) become(*exec.Cmd) {}

func quit(process *os.Process) error { return process.Signal(os.Interrupt) }
