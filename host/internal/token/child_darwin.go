package token

import "os/exec"

func startProcess(cmd *exec.Cmd) error { return cmd.Start() }

// limitMemory has nothing to do: macOS enforces no limit on a process's memory.
func limitMemory() error { return nil }
