package token

import "os/exec"

func startProcess(cmd *exec.Cmd) error { return cmd.Start() }

// killGroupAtEnd has nothing to do: what a module forks on macOS is left to itself.
func killGroupAtEnd(int) {}

// endGroup likewise.
func endGroup() {}

// limitMemory has nothing to do: macOS enforces no limit on a process's memory.
func limitMemory() error { return nil }
