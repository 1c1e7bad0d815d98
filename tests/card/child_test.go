package card

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// What a child that holds a vendor's code can reach; the kernel is asked.
func TestWhatChildrenAreGiven(t *testing.T) {
	insert(t, "citizen")
	h := start(t)
	h.Login(nil)
	h.Prompt("pin")
	signers := hosttest.Processes(world.binary, h.Cmd.Process.Pid)
	require.Len(t, signers, 1)
	proc := fmt.Sprintf("/proc/%d/", signers[0])

	status := read(t, proc+"status")
	require.Regexp(t, `NoNewPrivs:\t1\n`, status)
	limits := read(t, proc+"limits")
	for _, want := range []string{`Max core file size +0 +0 `, `Max data size +536870912 +536870912 `, `Max open files +256 +256 `} {
		require.Regexp(t, regexp.MustCompile(want), limits)
	}
	known := map[string]bool{"GOMAXPROCS": true, "HOME": true, "LANG": true, "LC_ALL": true, "TMPDIR": true, "XDG_CACHE_HOME": true, "PCSCLITE_CSOCK_NAME": true}
	for _, variable := range strings.Split(strings.TrimRight(read(t, proc+"environ"), "\x00"), "\x00") {
		name, _, _ := strings.Cut(variable, "=")
		require.True(t, known[name] || strings.HasPrefix(name, "SOFTHSM2_"), "%s is passed on", name)
	}
	for _, fd := range []string{"0", "1", "2"} {
		target, err := os.Readlink(proc + "fd/" + fd)
		require.NoError(t, err)
		require.Equal(t, "/dev/null", target)
	}
	// what the host itself has open must not be there: its streams, its log, its locks (/sys: each Go program opens that itself)
	of := func(pid int) (targets map[string]bool) {
		targets = map[string]bool{}
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		require.NoError(t, err)
		for _, link := range links {
			if target, err := os.Readlink(link); err == nil && !strings.HasPrefix(target, "/dev/") && !strings.HasPrefix(target, "anon_inode:") &&
				!strings.HasPrefix(target, "/sys/") {
				targets[target] = true
			}
		}
		return targets
	}
	shared := 0
	for target := range of(signers[0]) {
		if of(h.Cmd.Process.Pid)[target] {
			shared++
			require.Regexp(t, `^pipe:`, target)
		}
	}
	require.LessOrEqual(t, shared, 2, "the two pipes between them, nothing else")
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

// A computer that sleeps stops every process, while the clock on the wall goes on.
func TestTheComputerSleepsWhileThePINIsAsked(t *testing.T) {
	the := insert(t, "citizen")
	h := start(t)
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	all := append(hosttest.Processes(world.binary, h.Cmd.Process.Pid), h.Cmd.Process.Pid)
	for _, pid := range all {
		require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	time.Sleep(12 * time.Second) // more than a busy machine's pause: that is what makes it a sleep
	for _, pid := range all {
		require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	}
	m := h.Await(answer)
	requireCode(t, "computerSlept", m)
	require.Equal(t, "person", m.Error.Data.Who)
	h.PIN(p, the.PIN) // too late
	_, answer = h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error, "the next request works")
	require.Equal(t, 1, the.State().Verifies)
	requireClosed(t, the)
}
