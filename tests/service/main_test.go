//go:build linux

// Package service tests the agent as a service of a real systemd.
//
// The host is as released; logind's sessions, a PC/SC daemon that asks polkit, the OpenSC module are real, too. The card is the
// virtual one.
package service

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/vpcd"
	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/service/box"
)

const (
	installed = "/usr/bin/cardbridge"
	unit      = "cardbridge-agent.service"
	socket    = "cardbridge-agent.socket"
	address   = "/run/cardbridge/agent.sock"
	// wrongPIN occurs nowhere by chance.
	wrongPIN = "Wr0ng#xq"
)

var builds = flag.String("builds", "", "a folder with hosts as released, 1.0.0 and 1.0.1; built if not given")

var world struct {
	*box.Box
	dir    string
	deck   *deck.Deck
	reader *vpcd.Reader
	// alice and bob each have a desktop on the one seat; alice's is in front at the start of each test.
	alice, bob person
}

func TestMain(m *testing.M) {
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (code int, err error) {
	flag.Parse()
	if world.dir, err = os.MkdirTemp("", "service"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(world.dir)
	if *builds == "" {
		*builds = world.dir
		if err := errors.Join(build("1.0.0"), build("1.0.1")); err != nil {
			return 1, err
		}
	}
	issuer, err := pki.Listen(pki.Options{})
	if err != nil {
		return 1, err
	}
	defer issuer.Close()
	world.deck = deck.New(issuer)
	if world.Box, err = box.Start(box.Packages); err != nil {
		return 1, err
	}
	defer func() {
		if closed := world.Close(); err == nil {
			err = closed
		}
	}()
	if err := furnish(); err != nil {
		return 1, err
	}
	return m.Run(), keepLogs()
}

// keepLogs keeps what the box logged, to be searched when all tests are over (tests/redaction).
func keepLogs() error {
	folder := filepath.Join(hosttest.KeptLogs(), "service")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, command := range map[string][]string{
		"journal.json": {"journalctl", "-o", "json", "--all", "--no-pager"},
		"hosts.log":    {"sh", "-c", "cat " + world.alice.log() + " " + world.bob.log() + " 2>/dev/null; true"},
	} {
		text, err := world.Run(command...)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// build links a host as released, with that version.
func build(version string) error {
	out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+version, "-o", released(version), "github.com/cardbridge/cardbridge/host").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func released(version string) string { return filepath.Join(*builds, version) }

const policy = `{"portals": [{"origin": "` + hosttest.Origin + `", "operations": ["authenticate", "certificates"]}]}`

// furnish puts host, policy, people into the box, and the agent in its place.
func furnish() error {
	world.reader = vpcd.NewReader("127.0.0.1:35963", world.Net())
	if err := world.Copy(released("1.0.0"), installed, 0o755); err != nil {
		return err
	}
	if err := world.Write("/etc/cardbridge/policy.json", []byte(policy), 0o644); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"useradd", "--base-dir=/srv", "--create-home", "alice"}, {"useradd", "--base-dir=/srv", "--create-home", "bob"}, {"ip", "link", "set", "lo", "up"},
		{installed, "service", "install"},
	} {
		if _, err := world.Run(command...); err != nil {
			return err
		}
	}
	var err error
	if world.alice, err = desktop("alice"); err != nil {
		return err
	}
	world.bob, err = desktop("bob")
	return err
}

// person is somebody with a desktop on the seat.
type person struct{ box.Person }

func desktop(name string) (person, error) {
	p, err := world.Desktop(name)
	return person{p}, err
}

// inSession runs a command as the person, in the desktop's session.
func (p person) inSession(args ...string) *exec.Cmd { return p.Command(args...) }

// browser starts the host as a browser on the person's desktop does. viaAgent and direct say which of both ways it took.
func (p person) browser(t *testing.T) *hosttest.Host {
	t.Helper()
	run(t, "rm", "-f", p.log())
	return hosttest.StartCommand(t, p.inSession(installed, hosttest.Caller)).Greet()
}

// log is where the person's own hosts write; of what the agent does nothing stands there.
func (p person) log() string { return "/srv/" + p.Name + "/.local/state/cardbridge/host.log" }

const withoutAgent = "the session runs without the agent"

// viaAgent demands that the person's newest session is the agent's.
func viaAgent(t *testing.T, p person) {
	t.Helper()
	said, _ := world.Run("cat", p.log()) // there is none before the first word
	require.NotContains(t, said, withoutAgent)
	pid := agentPID(t)
	require.NotEqual(t, "0", pid)
	require.Contains(t, run(t, "ss", "-xH", "state", "connected"), address, "nobody is connected")
}

// direct demands that the session runs in the browser's own process, for that reason.
func direct(t *testing.T, p person, why string) {
	t.Helper()
	said := run(t, "cat", p.log())
	require.Contains(t, said, withoutAgent)
	require.Contains(t, said, why)
}

// inFront brings the person's desktop to the front.
func (p person) inFront(t *testing.T) {
	t.Helper()
	run(t, "loginctl", "activate", p.Session)
	require.Eventually(t, func() bool {
		return run(t, "loginctl", "show-session", "-p", "Active", "--value", p.Session) == "yes"
	}, hosttest.Patience, 20*time.Millisecond)
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := world.Run(args...)
	require.NoError(t, err)
	return out
}

// begin has alice in front, a card in the reader, the agent listening but not running.
func begin(t *testing.T, card string) *deck.Card {
	t.Helper()
	world.alice.inFront(t)
	run(t, "systemctl", "stop", unit)
	run(t, "systemctl", "start", socket)
	the, err := world.deck.Card(card)
	require.NoError(t, err)
	the.Renew()
	world.reader.Remove()
	t.Cleanup(world.reader.Remove)
	insert(t, the)
	require.Equal(t, "0", agentPID(t), "no process before somebody comes")
	return the
}

// insert puts a card in and waits until the daemon has seen it. The daemon ends when nobody needs it, and the virtual card with it.
func insert(t *testing.T, the *deck.Card) {
	t.Helper()
	world.reader.Remove()
	run(t, "systemctl", "reset-failed", "pcscd.service") // its limit of starts is none of the tests'
	run(t, "systemctl", "restart", "pcscd.service")
	require.Eventually(t, func() bool { return world.reader.Insert(the.Card) == nil }, hosttest.Patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		out, _ := world.Run(installed, "certificates") // root's own, without the agent
		return strings.Contains(out, the.Holder)
	}, hosttest.Patience, 50*time.Millisecond, "the daemon does not see the card")
}

// login logs in with the right PIN and demands that nothing is left of it on the card.
func login(t *testing.T, h *hosttest.Host, the *deck.Card) {
	t.Helper()
	_, answer := h.Login(nil)
	h.PIN(h.Prompt("pin"), the.PIN)
	m := h.Await(answer)
	require.Nil(t, m.Error)
	hosttest.VerifyWithOpenSSL(t, m.Result, "RS256", the.Certificate)
	requireClosed(t, the)
}

// requireClosed demands that the card forgets its PIN: the card itself is asked. After a killed agent its signers, or PC/SC, do it.
func requireClosed(t *testing.T, the *deck.Card) {
	t.Helper()
	require.Eventually(t, func() bool { return !the.State().Verified }, hosttest.Patience, 5*time.Millisecond, "the card is still VERIFIED")
}

// agentPID is the running agent's process in the box, 0 if there is none.
func agentPID(t *testing.T) string {
	t.Helper()
	return run(t, "systemctl", "show", "-p", "MainPID", "--value", unit)
}

func requireCode(t *testing.T, code string, m hosttest.Message) {
	t.Helper()
	require.NotNil(t, m.Error, "an error %s was expected, got %s", code, m.Result)
	require.Equal(t, code, m.Error.Data.Code)
}
