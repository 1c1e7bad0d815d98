package token

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// starter is a thread of its own from which all children are started: PR_SET_NO_NEW_PRIVS belongs to a thread, passes to what
// the thread starts, and cannot be taken back. A vendor's code then gains nothing from a set-user-ID program.
var starter = sync.OnceValue(func() chan<- func(error) {
	jobs := make(chan func(error))
	go func() {
		runtime.LockOSThread()
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		for job := range jobs {
			job(err)
		}
	}()
	return jobs
})

func startProcess(cmd *exec.Cmd) error {
	// A group of its own, so that what a module forks can be ended with it. When we die, SIGCONT: a child that somebody stopped
	// must see the end of its pipe; killed, it could not reset its card.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGCONT}
	done := make(chan error, 1)
	starter() <- func(err error) {
		if err == nil {
			err = cmd.Start()
		} else {
			err = fmt.Errorf("token: no child without PR_SET_NO_NEW_PRIVS: %w", err)
		}
		done <- err
	}
	return <-done
}

// killGroupAtEnd waits for the process's end and kills its group while the process is not reaped: until then nobody else can get
// its number.
func killGroupAtEnd(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = unix.Kill(-pid, unix.SIGKILL)
}

// endGroup ends this process with all that a module forked, if it leads a group of its own.
func endGroup() {
	if own := unix.Getpid(); unix.Getpgrp() == own {
		_ = unix.Kill(-own, unix.SIGKILL)
	}
}

// limitMemory bounds private writable memory, stacks of threads included (RLIMIT_DATA, Linux 4.7): a module that grows without
// end loses its own process, not the person's computer.
func limitMemory() error {
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: maxChildMemory, Max: maxChildMemory})
}
