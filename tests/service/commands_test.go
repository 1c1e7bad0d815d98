//go:build linux

package service

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// service runs `cardbridge service …` and gives what it printed and its exit code.
func service(args ...string) (string, int) {
	cmd := world.Command(append([]string{installed, "service"}, args...)...)
	out, _ := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
}

func TestServiceCommands(t *testing.T) {
	the := begin(t, "citizen")
	expect := func(code int, text string, args ...string) {
		t.Helper()
		out, got := service(args...)
		require.Equal(t, code, got, "%v: %s", args, out)
		require.Contains(t, out, text, "%v", args)
	}
	t.Cleanup(func() { _, _ = service("install") })
	expect(0, "listening", "status")
	login(t, world.alice.browser(t), the)
	expect(0, "running", "status")
	expect(1, "installed already", "install")
	expect(0, "", "stop")
	expect(1, "stopped", "status")
	login(t, world.alice.browser(t), the) // a person gets everything without it
	expect(0, "", "start")
	expect(0, "listening", "status")
	expect(0, "", "restart")
	expect(0, "", "uninstall")
	expect(1, "not installed", "status")
	for _, command := range []string{"start", "stop", "restart", "uninstall"} {
		expect(1, "not installed", command)
	}
	require.Empty(t, run(t, "sh", "-c", "find /etc /run -name '*cardbridge*' ! -path '/etc/cardbridge*' ! -path '/run/systemd/*' ! -path '/run/user/*'"))
	// half of it gone by hand
	expect(0, "", "install")
	run(t, "rm", "/etc/systemd/system/"+unit)
	expect(0, "", "uninstall")
	expect(0, "", "install")
	login(t, world.alice.browser(t), the)
	viaAgent(t, world.alice)
}

// What everybody's PIN goes through must be where nobody but root can replace it, and where the service can start.
func TestProgramsThatCannotBeAService(t *testing.T) {
	begin(t, "citizen")
	_, code := service("uninstall")
	require.Zero(t, code)
	t.Cleanup(func() { _, _ = service("install") })
	for name, place := range map[string]string{
		"another's file": "/srv/alice/cardbridge", "another's folder": "/opt/bobs/cardbridge", "a home": "/home/cb/cardbridge",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "install", "-D", "-m", "755", installed, place)
			switch name {
			case "another's file":
				run(t, "chown", "alice", place)
			case "another's folder":
				run(t, "chown", "bob", "/opt/bobs")
			}
			cmd := world.Command(place, "service", "install")
			out, _ := cmd.CombinedOutput()
			require.Equal(t, 1, cmd.ProcessState.ExitCode(), "%s", out)
			require.Contains(t, string(out), "only administrators can write")
			_, code := service("status")
			require.Equal(t, 1, code)
		})
	}
}

// Nobody but root changes the service; who tries is told so.
func TestServiceCommandsNeedAnAdministrator(t *testing.T) {
	begin(t, "citizen")
	for _, command := range []string{"install", "uninstall", "start", "stop", "restart"} {
		cmd := world.alice.inSession(installed, "service", command)
		out, _ := cmd.CombinedOutput()
		require.Equal(t, 1, cmd.ProcessState.ExitCode())
		require.Contains(t, string(out), "only an administrator")
	}
}

// A file of the agent's own, where IT's policy names a folder that the unit lets it write.
func TestALogFolder(t *testing.T) {
	the := begin(t, "citizen")
	require.NoError(t, world.Write("/etc/cardbridge/policy.json", []byte(strings.Replace(policy, "{", `{"log": {"folder": "/var/log/cardbridge"}, `, 1)), 0o644))
	t.Cleanup(func() { require.NoError(t, world.Write("/etc/cardbridge/policy.json", []byte(policy), 0o644)) })
	login(t, world.alice.browser(t), the)
	require.Contains(t, run(t, "cat", "/var/log/cardbridge/service.log"), `"audit":true`)
	require.Equal(t, "cardbridge-agent 750", run(t, "stat", "-c", "%U %a", "/var/log/cardbridge/."))
}

// The installed policy is judged as such however it is spelled.
func TestPolicyCheckKnowsTheInstalledFile(t *testing.T) {
	run(t, "chown", "alice", "/etc/cardbridge/policy.json")
	t.Cleanup(func() { run(t, "chown", "root", "/etc/cardbridge/policy.json") })
	for _, path := range []string{"/etc/cardbridge/policy.json", "/etc/cardbridge/../cardbridge/policy.json", "policy.json"} {
		out, err := world.Run("sh", "-c", "cd /etc/cardbridge && "+installed+" policy check "+path)
		require.Error(t, err)
		require.Contains(t, out, "owner", path)
	}
}

// A second agent leaves the first one alone; a socket that a crash left behind is taken over.
func TestTwoAgents(t *testing.T) {
	the := begin(t, "citizen")
	out, code := service("run")
	require.NotZero(t, code)
	require.Contains(t, out, "another one is running")
	login(t, world.alice.browser(t), the)
	viaAgent(t, world.alice)

	run(t, "systemctl", "stop", socket, unit)
	for range 2 { // the second one finds the first one's socket
		run(t, "systemd-run", "-q", "--collect", "--unit=byhand", installed, "service", "run")
		require.Eventually(t, func() bool { _, err := world.Run("test", "-S", address); return err == nil }, hosttest.Patience, 20*time.Millisecond)
		require.Eventually(t, func() bool {
			return strings.Contains(run(t, "journalctl", "-u", "byhand", "--no-pager", "-n", "5"), "the agent listens")
		}, hosttest.Patience, 20*time.Millisecond)
		h := world.alice.browser(t)
		login(t, h, the)
		said, _ := world.Run("cat", world.alice.log())
		require.NotContains(t, said, withoutAgent)
		run(t, "systemctl", "kill", "-s", "KILL", "byhand")
		ends(t, h)
		require.Eventually(t, func() bool { _, err := world.Run("systemctl", "is-active", "byhand"); return err != nil }, hosttest.Patience, 20*time.Millisecond)
		run(t, "test", "-S", address)
	}
	run(t, "rm", address)
}

// findings are what doctor finds as a person, by its checks; "" is the worst level.
func (p person) findings(t *testing.T) map[string]string {
	t.Helper()
	out, _ := p.inSession(installed, "doctor", "--json").Output() // it ends by the worst finding
	var report struct {
		Level    string
		Findings []struct{ Check, Code string }
	}
	require.NoError(t, json.Unmarshal(out, &report))
	found := map[string]string{"": report.Level}
	for _, f := range report.Findings {
		found[f.Check] = f.Code
	}
	return found
}

// doctor tells of the agent and of PC/SC as the person meets them.
func TestDoctorKnowsTheAgent(t *testing.T) {
	begin(t, "citizen")
	found := world.alice.findings(t)
	require.Equal(t, "agent", found["agent"])
	require.Equal(t, "pcsc", found["pcsc"])
	found = world.bob.findings(t)
	require.Equal(t, "agentRefused", found["agent"])
	require.Equal(t, "pcscRefused", found["pcsc"], "polkit refuses who is not in front")
	run(t, "systemctl", "stop", socket, unit)
	require.Equal(t, "agentNone", world.alice.findings(t)["agent"])
	run(t, "systemctl", "start", socket)
	run(t, "chmod", "777", "/run/cardbridge")
	require.Equal(t, "agentImpostor", world.alice.findings(t)["agent"])
	run(t, "chmod", "755", "/run/cardbridge")
	// a program that cannot start: systemd gives up listening after a while, people go on without it
	run(t, "mv", installed, installed+".away")
	require.NoError(t, world.Write(installed, []byte("#!/bin/false\n"), 0o755))
	t.Cleanup(func() {
		run(t, "mv", installed+".away", installed)
		run(t, "systemctl", "reset-failed", socket, unit)
		run(t, "systemctl", "restart", socket)
	})
	out, _ := world.alice.inSession(installed+".away", "doctor", "--json").Output()
	require.Contains(t, string(out), `"agentSilent"`)
}

// An agent that PC/SC does not let in sees no reader: people go on without it, doctor says why.
func TestAnAgentThatPolkitRefuses(t *testing.T) {
	the := begin(t, "citizen")
	const rule = "/etc/polkit-1/rules.d/50-cardbridge-agent.rules"
	run(t, "mv", rule, rule+".away")
	run(t, "systemctl", "restart", "polkit.service")
	t.Cleanup(func() {
		run(t, "mv", rule+".away", rule)
		run(t, "systemctl", "restart", "polkit.service")
	})
	insert(t, the) // the daemon may not have outlived that
	the.Renew()
	login(t, world.alice.browser(t), the)
	direct(t, world.alice, "noPCSC")
	require.Equal(t, "agentNoPCSC", world.alice.findings(t)["agent"])
}

// mostExposed is what the unit was measured to have, in tenths: 0 is nothing, 100 everything.
const mostExposed = 15

var exposure = regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)

func TestTheUnitIsHardened(t *testing.T) {
	out := run(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "/etc/systemd/system/"+unit)
	found := exposure.FindStringSubmatch(out)
	require.NotNil(t, found, out)
	level, err := strconv.ParseFloat(found[1], 64)
	require.NoError(t, err)
	t.Logf("systemd-analyze security: %s\n%s", found[1], out)
	require.LessOrEqual(t, int(level*10), mostExposed)
	require.Empty(t, run(t, "systemd-analyze", "verify", "--man=no", "/etc/systemd/system/"+unit, "/etc/systemd/system/"+socket))
}
