//go:build linux

package service

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// ends waits for the relay's end, which the extension turns into a typed error for each request in flight.
func ends(t *testing.T, h *hosttest.Host) {
	t.Helper()
	h.Wait()
	require.NotZero(t, h.Cmd.ProcessState.ExitCode(), "a browser must see that the host broke")
}

func kill(t *testing.T) {
	t.Helper()
	run(t, "kill", "-9", agentPID(t))
}

// In each state the agent dies; the next login works, no try is lost, the card stays closed.
func TestTheAgentIsKilled(t *testing.T) {
	for name, until := range map[string]func(t *testing.T, h *hosttest.Host, pin string, verified func() bool){
		"idle": func(*testing.T, *hosttest.Host, string, func() bool) {},
		"waiting for a PIN": func(t *testing.T, h *hosttest.Host, _ string, _ func() bool) {
			h.Login(nil)
			h.Prompt("pin")
		},
		"signing": func(t *testing.T, h *hosttest.Host, pin string, verified func() bool) {
			h.Login(nil)
			h.PIN(h.Prompt("pin"), pin)
			require.Eventually(t, verified, hosttest.Patience, 100*time.Microsecond)
		},
		"after a login": func(t *testing.T, h *hosttest.Host, pin string, _ func() bool) {
			_, answer := h.Login(nil)
			h.PIN(h.Prompt("pin"), pin)
			require.Nil(t, h.Await(answer).Error)
		},
	} {
		t.Run(name, func(t *testing.T) {
			the := begin(t, "citizen")
			h := world.alice.browser(t)
			viaAgent(t, world.alice)
			until(t, h, the.PIN, func() bool { return the.State().Verifies > 0 })
			kill(t)
			ends(t, h)
			requireClosed(t, the)
			out, code := service("status")
			require.Zero(t, code, "systemd still listens: %s", out)
			require.Equal(t, 3, the.State().PINTries)
			next := world.alice.browser(t)
			login(t, next, the)
			viaAgent(t, world.alice)
		})
	}
}

func TestRestartsUnderLoad(t *testing.T) {
	the := begin(t, "citizen")
	stop := make(chan struct{})
	visits := make(chan int, 3)
	for range cap(visits) {
		go func() { // browsers that open a connection and leave again
			for n := 0; ; n++ {
				select {
				case <-stop:
					visits <- n
					return
				default:
				}
				out, _ := world.alice.inSession("sh", "-c", installed+" "+hosttest.Caller+" 2>&1 </dev/null").CombinedOutput()
				if strings.Contains(string(out), "panic") {
					t.Errorf("a host says: %s", out)
				}
			}
		}()
	}
	for range 5 {
		h := world.alice.browser(t)
		_, answer := h.Login(nil)
		h.Prompt("pin")
		run(t, installed, "service", "restart")
		requireCode(t, "hostExited", h.Await(answer))
		ends(t, h)
		require.Zero(t, the.State().Verifies)
	}
	close(stop)
	for range cap(visits) {
		require.Positive(t, <-visits)
	}
	h := world.alice.browser(t)
	login(t, h, the)
	viaAgent(t, world.alice)
}

// Between an upgrade and the restart the new host does not speak to the old agent, yet works.
func TestAnUpgrade(t *testing.T) {
	the := begin(t, "citizen")
	old := world.alice.browser(t)
	login(t, old, the)
	run(t, "rm", installed) // as dpkg does: the running program keeps its file
	require.NoError(t, world.Copy(released("1.0.1"), installed, 0o755))
	t.Cleanup(func() {
		run(t, "rm", installed)
		require.NoError(t, world.Copy(released("1.0.0"), installed, 0o755))
		run(t, "systemctl", "stop", unit)
	})
	login(t, old, the) // what is open goes on
	between := world.alice.browser(t)
	direct(t, world.alice, "another version")
	require.Equal(t, "agentOther", world.alice.findings(t)["agent"])
	login(t, between, the)
	run(t, installed, "service", "restart")
	ends(t, old)
	after := world.alice.browser(t)
	login(t, after, the)
	viaAgent(t, world.alice)
}

// After a minute without anybody there is no process; the next login starts one.
func TestAnIdleAgentEnds(t *testing.T) {
	the := begin(t, "citizen")
	h := world.alice.browser(t)
	login(t, h, the)
	viaAgent(t, world.alice)
	h.Close()
	require.Eventually(t, func() bool { return agentPID(t) == "0" }, 2*time.Minute, time.Second)
	require.Equal(t, "success", run(t, "systemctl", "show", "-p", "Result", "--value", unit))
	require.Contains(t, run(t, installed, "service", "status"), "listening")
	insert(t, the) // the daemon may have ended too, and the virtual card with it
	h = world.alice.browser(t)
	login(t, h, the)
	viaAgent(t, world.alice)
}
