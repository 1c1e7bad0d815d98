//go:build linux

// Package fleet tests what IT does to a thousand desks.
//
// In a Debian with a real systemd our packages are installed, upgraded, removed; a person logs in with real Chromium, which a
// policy gives the extension. Only the card is a virtual one.
package fleet

import (
	"flag"
	"net"
	"net/http"
	"os"
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

var (
	built = flag.String("built", "../../build/fleet", "the folder that make test-fleet fills: packages by version, the extension, the portal")
	node  = flag.String("node", "node", "the program that drives the browser")
)

const (
	// patience is how long anything may take before a test calls it stuck: the machine may be slow, a browser with it.
	patience = 2 * time.Minute
	older    = "1.0.0"
	newer    = "1.0.1"
	origin   = "http://localhost:8088" // the portal's, inside a desk
	updates  = "127.0.0.1:8099"        // where packages' policies send browsers for the extension
	program  = "/usr/bin/cardbridge"
	unit     = "cardbridge-agent.service"
	socket   = "cardbridge-agent.socket"
	policyAt = "/etc/cardbridge/policy.json"
	// home has what shells and lists stumble over.
	home = "/srv/王 小明"
)

// policy is what an administrator writes.
const policy = `{"portals": [{"origin": "` + origin + `", "operations": ["authenticate", "certificates"]}]}`

// desk is a computer with a person, a card, a portal.
type desk struct {
	*box.Box
	t      *testing.T
	person box.Person
	card   *deck.Card
	reader *vpcd.Reader
}

// begin starts a computer on which nothing of ours is.
func begin(t *testing.T) *desk {
	t.Helper()
	b, err := box.Start(box.Packages)
	require.NoError(t, err)
	d := &desk{Box: b, t: t}
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	d.run("ip", "link", "set", "lo", "up")
	d.run("useradd", "--home-dir", home, "--create-home", "wang")
	require.NoError(t, os.CopyFS(d.Path("/srv/packages"), os.DirFS(*built)))
	return d
}

// furnish gives the computer a card, a portal, a web server with the extension, the person's desktop.
func (d *desk) furnish() {
	d.t.Helper()
	listener, err := d.Listen("127.0.0.1:8098")
	require.NoError(d.t, err)
	issuer, err := pki.New(pki.Options{BaseURL: "http://127.0.0.1:8098"})
	require.NoError(d.t, err)
	d.serve(issuer.Handler(), listener)
	listener, err = d.Listen(updates)
	require.NoError(d.t, err)
	d.serve(http.FileServer(http.Dir(filepath.Join(*built, "web"))), listener)

	d.card, err = deck.New(issuer).Card("citizen")
	require.NoError(d.t, err)
	d.reader = vpcd.NewReader("127.0.0.1:35963", d.Net())
	d.t.Cleanup(d.reader.Remove)
	require.NoError(d.t, issuer.WriteTrust(d.Path("/srv/trust")))
	d.portal()
	// whoever drives the browser reaches the extension's own pages
	d.write("/etc/chromium/policies/managed/test.json", `{"DeveloperToolsAvailability": 1}`)
	d.person, err = d.Desktop("wang")
	require.NoError(d.t, err)
	d.t.Cleanup(d.keepLogs)
}

// insert puts the card in, waits until the daemon sees it.
func (d *desk) insert() {
	d.t.Helper()
	d.reader.Remove()
	d.run("systemctl", "reset-failed", "pcscd.service")
	d.run("systemctl", "restart", "pcscd.service")
	require.Eventually(d.t, func() bool { return d.reader.Insert(d.card.Card) == nil }, patience, 50*time.Millisecond)
	require.Eventually(d.t, func() bool {
		out, _ := d.Run("env", "HOME=/srv", program, "certificates") // a module keeps notes of a card there
		return strings.Contains(out, d.card.Holder)
	}, patience, 200*time.Millisecond, "the daemon does not see the card")
}

// portal starts the reference portal, with the people of the tests.
func (d *desk) portal() {
	d.t.Helper()
	require.NoError(d.t, d.Copy(filepath.Join(*built, "portal"), "/srv/portal", 0o755))
	require.NoError(d.t, os.CopyFS(d.Path("/srv/sdk"), os.DirFS("../../extension/sdk")))
	store := []string{"-database", "/srv/portal.db", "-secret", "/srv/portal.secret"}
	for _, kind := range []string{"personnel", "bindings"} {
		require.NoError(d.t, d.Copy("../people/"+kind+".csv", "/srv/"+kind+".csv", 0o644))
		d.run(append(append([]string{"/srv/portal", "import", kind}, store...), "/srv/"+kind+".csv")...)
	}
	d.run(append([]string{"systemd-run", "--quiet", "--unit=portal", "/srv/portal", "serve", "-listen", "127.0.0.1:8088", "-origin", origin,
		"-trust", "/srv/trust", "-sdk", "/srv/sdk"}, store...)...)
}

// serve answers at a port of the computer as long as the test lasts.
func (d *desk) serve(handler http.Handler, l net.Listener) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(l) }() // ends with Close
	d.t.Cleanup(func() { _ = server.Close() })
}

func (d *desk) run(args ...string) string {
	d.t.Helper()
	out, err := d.Run(args...)
	require.NoError(d.t, err)
	return out
}

func (d *desk) write(path, text string) {
	d.t.Helper()
	require.NoError(d.t, d.Write(path, []byte(text), 0o644))
}

// read is from inside: a link leads elsewhere from outside.
func (d *desk) read(path string) string {
	d.t.Helper()
	return d.run("cat", path)
}

// file is where a package of that version lies in the computer.
func (d *desk) file(version, pattern string) string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(*built, version, pattern))
	require.NoError(d.t, err)
	require.Len(d.t, found, 1, "%s of %s: run make test-fleet", pattern, version)
	return "/srv/packages/" + version + "/" + filepath.Base(found[0])
}

// as runs a command as the person; its end is given, since doctor's tells what it found.
func (d *desk) as(args ...string) (string, int) {
	var errors strings.Builder
	cmd := d.person.Command(args...)
	cmd.Stderr = &errors
	out, _ := cmd.Output()
	if errors.Len() > 0 {
		d.t.Logf("%v says: %s", args, errors.String())
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// keepLogs keeps what the computer logged, to be searched when all tests are over (tests/redaction).
func (d *desk) keepLogs() {
	folder := filepath.Join(hosttest.KeptLogs(), "fleet")
	require.NoError(d.t, os.MkdirAll(folder, 0o755))
	for name, command := range map[string][]string{
		"journal.json": {"journalctl", "-o", "json", "--all", "--no-pager"},
		"hosts.log":    {"sh", "-c", "cat '" + home + "/.local/state/cardbridge/host.log' 2>/dev/null; true"},
	} {
		text := d.run(command...)
		require.NoError(d.t, os.WriteFile(filepath.Join(folder, d.t.Name()+"-"+name), []byte(text), 0o644))
	}
}

// wrapper is a program outside that starts one inside, as the person, and hands it its open files: a browser's debugging pipe. The
// profile is the person's own.
func (d *desk) wrapper() string {
	d.t.Helper()
	var text strings.Builder
	text.WriteString("#!/bin/bash\nargs=()\nfor arg; do case $arg in --user-data-dir=*) arg=" + quoted("--user-data-dir="+home+"/.config/chromium") + ";; esac; args+=(\"$arg\"); done\nexec")
	for _, arg := range d.person.Command("chromium").Args {
		text.WriteString(" " + quoted(arg))
	}
	text.WriteString(" \"${args[@]}\"\n")
	path := filepath.Join(d.t.TempDir(), "chromium")
	require.NoError(d.t, os.WriteFile(path, []byte(text.String()), 0o755))
	return path
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
