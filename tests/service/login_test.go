//go:build linux

package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

func TestTheFirstLoginStartsTheAgent(t *testing.T) {
	the := begin(t, "citizen")
	h := world.alice.browser(t)
	login(t, h, the)
	viaAgent(t, world.alice)
	require.Equal(t, 1, the.State().Verifies)
	require.Equal(t, "cardbridge-agent", run(t, "stat", "-c", "%U", "/proc/"+agentPID(t)))
	// neither modules nor anything else of the card stay in it
	maps := run(t, "cat", "/proc/"+agentPID(t)+"/maps")
	require.NotContains(t, maps, "opensc")
}

// journald has the fields of each line, and who it was by the kernel's word.
func TestTheJournalHasTheAudit(t *testing.T) {
	the := begin(t, "citizen")
	h := world.alice.browser(t)
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), wrongPIN)
	h.PIN(h.Prompt("pin"), the.PIN)
	require.Nil(t, h.Await(answer).Error)
	line := run(t, "journalctl", "-u", unit, "-o", "json", "--no-pager", "--quiet", "-n1", "AUDIT=true")
	var said map[string]string
	require.NoError(t, json.Unmarshal([]byte(line), &said))
	require.Equal(t, run(t, "id", "-u", "alice"), said["UID"])
	require.Equal(t, hosttest.Caller, said["CALLER"])
	require.Equal(t, hosttest.Origin, said["ORIGIN"])
	require.Equal(t, "authenticate", said["METHOD"])
	require.Equal(t, "done", said["OUTCOME"])
	thumbprint := sha256.Sum256(the.Certificate.Raw)
	require.Equal(t, hex.EncodeToString(thumbprint[:]), said["THUMBPRINT"])
	require.Len(t, said["OPERATION"], 36)
	all := run(t, "journalctl", "-u", unit, "-o", "export", "--no-pager")
	for _, secret := range []string{wrongPIN, the.Holder, `"` + the.PIN + `"`} {
		require.NotContains(t, all, secret)
	}
}

// Desktops start browsers from the person's systemd --user, which belongs to no session.
func TestABrowserStartedByTheUserManager(t *testing.T) {
	the := begin(t, "citizen")
	const join = `echo 0 > /sys/fs/cgroup/user.slice/user-$(id -u alice).slice/user@$(id -u alice).service/init.scope/cgroup.procs
exec setpriv --reuid=alice --regid=alice --init-groups env HOME=/srv/alice "$@"`
	h := hosttest.StartCommand(t, world.Command("bash", "-euc", join, "join", installed, hosttest.Caller)).Greet()
	login(t, h, the)
	viaAgent(t, world.alice)
}

// Whoever is not in front is served by nobody: the agent refuses, PC/SC's own rule refuses the process itself.
func TestTheOtherDesktopHasNoCard(t *testing.T) {
	the := begin(t, "citizen")
	h := world.bob.browser(t)
	direct(t, world.bob, "sessionNotActive")
	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "sessionInactive", p.Reason)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	require.Zero(t, the.State().Verifies)

	world.bob.inFront(t)
	h = world.bob.browser(t)
	login(t, h, the)
	viaAgent(t, world.bob)
}

// A connection that was made in front is of no use any more once another desktop is in front.
func TestSwitchingPeople(t *testing.T) {
	the := begin(t, "citizen")
	h := world.alice.browser(t)
	login(t, h, the)
	world.bob.inFront(t)
	_, answer := h.Login(nil)
	m := h.Await(answer)
	requireCode(t, "sessionInactive", m)
	require.Equal(t, "person", m.Error.Data.Who)
	require.Equal(t, 1, the.State().Verifies)
	world.alice.inFront(t)
	login(t, h, the)
	viaAgent(t, world.alice)
}

// Whoever switches away in the middle loses what is in flight: the card that comes next may be another person's.
func TestSwitchingInTheMiddle(t *testing.T) {
	for name, c := range map[string]struct {
		state string
		later func(t *testing.T, h *hosttest.Host, p hosttest.Prompt, the *deck.Card)
	}{
		"a PIN was asked": {"pin", func(t *testing.T, h *hosttest.Host, p hosttest.Prompt, the *deck.Card) { h.PIN(p, the.PIN) }},
		"a card was asked": {"wait", func(t *testing.T, h *hosttest.Host, _ hosttest.Prompt, the *deck.Card) {
			require.NoError(t, world.reader.Insert(the.Card))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			the := begin(t, "citizen")
			if c.state == "wait" {
				world.reader.Remove()
			}
			h := world.alice.browser(t)
			_, answer := h.Login(nil)
			p := h.Prompt(c.state)
			world.bob.inFront(t)
			c.later(t, h, p, the)
			requireCode(t, "sessionInactive", h.Await(answer))
			h.NoPrompt()
			require.Zero(t, the.State().Verifies, "no PIN reached the card")
			requireClosed(t, the)
			if c.state == "pin" { // the reader is bob's now
				login(t, world.bob.browser(t), the)
			}
		})
	}
}

// A login screen is active and at the computer, and yet nobody.
func TestAGreeterIsNobody(t *testing.T) {
	begin(t, "citizen")
	run(t, "systemd-run", "--quiet", "--unit=greeter", "-p", "PAMName=login", "-p", "User=bob",
		"-E", "XDG_SEAT=seat0", "-E", "XDG_SESSION_TYPE=x11", "-E", "XDG_SESSION_CLASS=greeter", "sleep", "infinity")
	t.Cleanup(func() { run(t, "systemctl", "stop", "greeter"); world.alice.inFront(t) })
	greeter := world.bob
	require.Eventually(t, func() bool {
		for line := range strings.Lines(run(t, "loginctl", "list-sessions", "--no-legend")) {
			if f := strings.Fields(line); len(f) >= 4 && f[2] == "bob" && f[0] != world.bob.Session && f[3] == "seat0" {
				greeter.Session = f[0]
				return true
			}
		}
		return false
	}, hosttest.Patience, 50*time.Millisecond)
	greeter.inFront(t)
	greeter.browser(t)
	direct(t, greeter, "sessionNotActive")
}

func TestAnSSHSessionHasNoCard(t *testing.T) {
	the := begin(t, "citizen")
	run(t, "bash", "-euc", `test -e /etc/ssh/alice || { ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/alice <<< n; mkdir -p /srv/alice/.ssh
		cp /etc/ssh/alice.pub /srv/alice/.ssh/authorized_keys; chown -R alice /srv/alice/.ssh; }; systemctl start ssh`)
	ssh := func(command string) *hosttest.Host {
		return hosttest.StartCommand(t, world.Command("ssh", "-T", "-q", "-i", "/etc/ssh/alice", "-o", "StrictHostKeyChecking=no", "alice@127.0.0.1", command)).Greet()
	}
	host := installed + " " + hosttest.Caller
	// the host knows by its environment that it need not ask; without that the agent asks logind
	for _, h := range []*hosttest.Host{ssh(host), ssh("env -u SSH_CONNECTION -u SSH_CLIENT " + host)} {
		_, answer := h.Login(nil)
		p := h.Prompt("wait")
		require.Equal(t, "sessionInactive", p.Reason)
		h.Answer(p, map[string]any{"action": "cancel"})
		requireCode(t, "userCancelled", h.Await(answer))
	}
	require.Contains(t, run(t, "journalctl", "-u", unit, "--no-pager", "--quiet", "-n1", "REFUSED=sessionNotActive"), "relay refused")
	require.Zero(t, the.State().Verifies)
}

// One card, one queue, in which two browsers stand; who came second is told, and shares nothing with the first.
func TestTheQueueOfAReader(t *testing.T) {
	the := begin(t, "citizen")
	first, second := world.alice.browser(t), world.alice.browser(t)
	_, one := first.Login(nil)
	asked := first.Prompt("pin")
	_, two := second.Login(nil)
	require.Equal(t, "windowBusy", second.Prompt("wait").Reason)
	first.PIN(asked, the.PIN)
	require.Nil(t, first.Await(one).Error)
	p := second.Prompt("pin") // the first one's PIN opens nothing for the second
	require.Equal(t, 1, the.State().Verifies)
	second.PIN(p, wrongPIN)
	p = second.Prompt("pin")
	require.Equal(t, "wrongPIN", p.Notice)
	second.PIN(p, the.PIN)
	require.Nil(t, second.Await(two).Error)
	requireClosed(t, the)
	viaAgent(t, world.alice)
}

// Two people, one card: nothing of the first one's login is left for the second.
func TestNobodySharesALogin(t *testing.T) {
	the := begin(t, "citizen")
	alice := world.alice.browser(t)
	login(t, alice, the)
	_, waiting := alice.Login(nil)
	alice.Prompt("pin")
	world.bob.inFront(t)
	bob := world.bob.browser(t)
	requireCode(t, "sessionInactive", alice.Await(waiting)) // within a second; bob would wait in the queue so long
	_, answer := bob.Login(nil)
	p := bob.Prompt("pin")
	bob.PIN(p, wrongPIN)
	p = bob.Prompt("pin")
	require.Equal(t, "wrongPIN", p.Notice)
	bob.PIN(p, the.PIN)
	require.Nil(t, bob.Await(answer).Error)
	require.Equal(t, 3, the.State().Verifies)
	requireClosed(t, the)
	viaAgent(t, world.bob)
}

// The agent loads no module that a person could replace; the person's own process does.
func TestAModuleOfAPersonsOwn(t *testing.T) {
	the := begin(t, "citizen")
	module := strings.Fields(run(t, "sh", "-c", "find /usr/lib -name opensc-pkcs11.so"))[0]
	own := "/opt/alice/opensc-pkcs11.so"
	run(t, "install", "-D", "-o", "alice", module, own)
	require.NoError(t, world.Write("/etc/cardbridge/policy.json", []byte(strings.Replace(policy, "{", `{"modules": ["`+own+`"], `, 1)), 0o644))
	t.Cleanup(func() { require.NoError(t, world.Write("/etc/cardbridge/policy.json", []byte(policy), 0o644)) })
	h := world.alice.browser(t)
	_, answer := h.Login(nil)
	p := h.Prompt("wait")
	require.Equal(t, "moduleInvalid", p.Reason)
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
	viaAgent(t, world.alice)
	run(t, "systemctl", "stop", socket, unit)
	login(t, world.alice.browser(t), the)
	require.Equal(t, "0", agentPID(t))
}
