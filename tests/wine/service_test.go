package wine

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// withoutAgent is what a host logs that runs the session itself though a service is installed.
const withoutAgent = "the session runs without the agent"

// service runs a command of the released program, which must succeed.
func service(t *testing.T, word string) {
	t.Helper()
	printed, err := program(installed, "service", word)
	require.NoError(t, err, "%s: %s", word, printed)
}

// refused runs one that must fail.
func refused(t *testing.T, word string) string {
	t.Helper()
	printed, err := program(installed, "service", word)
	require.Error(t, err, "%s: %s", word, printed)
	return strings.TrimSpace(printed)
}

// status is the service's state in the words for programs; the exit code tells scripts whether it serves anybody.
func status(t *testing.T) string {
	t.Helper()
	printed, err := program(installed, "service", "status", "--json")
	var answer struct{ State string }
	require.NoError(t, json.Unmarshal([]byte(printed), &answer), "%s: %v", printed, err)
	require.Equal(t, answer.State == "running", err == nil)
	return answer.State
}

// withService installs the service for a test.
func withService(t *testing.T) {
	t.Helper()
	service(t, "install")
	t.Cleanup(func() {
		service(t, "uninstall")
		gone(t)
	})
}

// agents are the processes of this prefix that run as the service.
func agents(t *testing.T) (pids []int) {
	t.Helper()
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range commands {
		command, err := os.ReadFile(name)
		words := strings.Trim(strings.ReplaceAll(string(command), "\x00", " "), " ")
		if err != nil || !strings.Contains(words, `\cardbridge.exe`) || !strings.HasSuffix(words, " service run") {
			continue
		}
		seen, err := os.ReadFile(filepath.Join(filepath.Dir(name), "environ"))
		if err != nil || !strings.Contains(string(seen), "WINEPREFIX="+prefix()+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

// gone waits for the process's end: a service says that it has stopped before that.
func gone(t *testing.T) {
	t.Helper()
	eventually(t, "its process goes on", func() bool { return len(agents(t)) == 0 })
}

// eventually waits for what happens in another process.
func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	require.Eventually(t, reached, patience, 50*time.Millisecond, what)
}

// listens waits until the agent has its pipe: running is what the service says before it.
func listens(t *testing.T) {
	t.Helper()
	eventually(t, "no relay got through to the agent: "+hostLog(t), func() bool {
		b := startBrowser(t).greet()
		b.leave()
		return !strings.Contains(b.said(), withoutAgent)
	})
}

func TestAServicesLife(t *testing.T) {
	require.Equal(t, "notInstalled", status(t))
	for _, word := range []string{"start", "stop", "restart", "uninstall"} {
		require.Contains(t, refused(t, word), "not installed", word)
	}
	service(t, "install")
	require.Contains(t, refused(t, "install"), "installed already")
	require.Equal(t, "stopped", status(t))
	registered, err := program("reg", "query", `HKLM\SYSTEM\CurrentControlSet\Services\cardbridge-agent`)
	require.NoError(t, err, registered)
	for _, value := range []string{`"` + installed + `" service run`, `NT AUTHORITY\LocalService`, "0x2"} {
		require.Contains(t, registered, value)
	}
	const source = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application`
	events, err := program("reg", "query", source, "/s")
	require.NoError(t, err, events)
	require.Contains(t, events, `\CardBridge`)
	require.NotContains(t, events, "cardbridge-agent")

	for range 2 { // a second start, a second stop change nothing
		service(t, "start")
		require.Equal(t, "running", status(t))
	}
	first := agents(t)
	require.Len(t, first, 1)
	service(t, "restart")
	require.Equal(t, "running", status(t))
	eventually(t, "it is the same process", func() bool { now := agents(t); return len(now) == 1 && now[0] != first[0] })
	for range 2 {
		service(t, "stop")
		require.Equal(t, "stopped", status(t))
		gone(t)
	}
	service(t, "restart")
	require.Equal(t, "running", status(t), "a restart starts one that was stopped")

	service(t, "uninstall") // running as it is
	gone(t)
	require.Equal(t, "notInstalled", status(t))
	events, err = program("reg", "query", source, "/s")
	require.NoError(t, err, events)
	require.NotContains(t, strings.ToLower(events), "cardbridge")

	service(t, "install") // at once
	printed, err := program("reg", "delete", source+`\CardBridge`, "/f")
	require.NoError(t, err, printed)
	service(t, "uninstall") // half of it was gone
	require.Contains(t, refused(t, "uninstall"), "not installed")
}

// Through the agent, as the agent's end shows: without it the session goes on in the host itself.
func TestABrowserIsServedByTheAgent(t *testing.T) {
	withService(t)
	service(t, "start")
	listens(t)
	b := startBrowser(t).greet()
	status := b.call("status", map[string]any{"origin": "https://ecpa.dgpa.gov.tw"})
	require.Equal(t, true, status["allowed"])
	require.Equal(t, "pcscNotRunning", status["code"], "Wine 8 has no smart cards")
	service(t, "stop")
	require.Equal(t, 1, b.code(), "a relay ends with its agent")
	require.Contains(t, b.said(), "the connection broke")

	b = startBrowser(t).greet()
	require.Contains(t, b.said(), withoutAgent)
	require.Contains(t, b.said(), "its service is not running")
	service(t, "start")
	require.NotNil(t, b.call("status", map[string]any{"origin": "https://ecpa.dgpa.gov.tw"}), "a session here is none of the agent's")
	b.leave()
}

func TestASecondAgentIsRefused(t *testing.T) {
	withService(t)
	service(t, "start")
	listens(t)
	require.Contains(t, refused(t, "run"), "another agent is running")
	eventually(t, "there is not one agent", func() bool { return len(agents(t)) == 1 })
	startBrowser(t).greet().leave()
}

// impostor serves the agent's pipe; it gives what it has printed.
func impostor(t *testing.T) (printed func() string, kill func()) {
	t.Helper()
	out, err := os.CreateTemp(world, "impostor-")
	require.NoError(t, err)
	defer out.Close()
	cmd := exec.Command(wine, filepath.Join(world, "impostor.exe"))
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), out, out
	require.NoError(t, cmd.Start())
	ended := false
	kill = func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	printed = func() string {
		text, err := os.ReadFile(out.Name())
		require.NoError(t, err)
		return string(text)
	}
	eventually(t, "the impostor does not listen", func() bool { return strings.Contains(printed(), "listening") })
	return printed, kill
}

// An impostor was first: the agent does not serve beside it, the relay does not speak with it.
func TestAnImpostorWasFirst(t *testing.T) {
	withService(t)
	printed, kill := impostor(t)
	_, _ = program(installed, "service", "start") // whether it is seen to end is a matter of time
	eventually(t, "the agent goes on", func() bool { return status(t) == "failed" })
	gone(t)
	require.Contains(t, refused(t, "run"), "made the pipe", "by hand one sees why")
	b := startBrowser(t).greet()
	require.Contains(t, b.said(), withoutAgent)
	b.leave()
	require.NotRegexp(t, "told [^0]", printed())
	kill()
	service(t, "start")
	listens(t)
}

// An impostor beside the agent, as Windows allows to nobody but the service, Wine to everybody: relays come to either in turn.
func TestAnImpostorBesideTheAgent(t *testing.T) {
	withService(t)
	service(t, "start")
	listens(t)
	printed, _ := impostor(t)
	met := false
	for n := 0; n < 10 && !met; n++ {
		b := startBrowser(t).greet()
		met = strings.Contains(b.said(), "does not belong to the system")
		b.leave()
	}
	require.True(t, met, "no relay came to the impostor")
	require.Contains(t, printed(), "told 0")
	require.NotRegexp(t, "told [^0]", printed())
}

// The last of all: Wine's service manager, which does not see that a process died, answers oddly for a while after it.
func TestAnAgentIsKilled(t *testing.T) {
	withService(t)
	service(t, "start")
	listens(t)
	b := startBrowser(t).greet()
	pids := agents(t)
	require.Len(t, pids, 1)
	require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
	require.Equal(t, 1, b.code())
	require.Contains(t, b.said(), "the connection broke")

	startBrowser(t).greet().leave() // the next host serves, whatever the service manager has noticed
	service(t, "start")             // Windows does it by itself; Wine's manager has no recovery, nor does it see that a process died
	listens(t)
	require.Len(t, agents(t), 1)
}
