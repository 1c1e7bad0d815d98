//go:build linux

package fleet

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// install is what a fleet's tool does: no terminal, no question.
func (d *desk) install(files ...string) {
	d.t.Helper()
	d.run(append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", "--no-install-recommends"}, files...)...)
}

func (d *desk) agentPID() string {
	d.t.Helper()
	return d.run("systemctl", "show", "-p", "MainPID", "--value", unit)
}

// audited counts the logins that the agent has written down.
func (d *desk) audited() int {
	d.t.Helper()
	lines := d.run("journalctl", "-u", unit, "-o", "json", "--no-pager", "--quiet", "AUDIT=true", "METHOD=authenticate", "OUTCOME=done")
	return strings.Count(lines, `"OUTCOME"`)
}

// login logs in from beginning to end, and demands that it was the agent who did it, and that the card has forgotten the PIN.
func (d *desk) login(b *browser) {
	d.t.Helper()
	before := d.audited()
	said := b.order(map[string]any{"do": "login", "pin": d.card.PIN})
	require.Contains(d.t, said, d.card.Holder)
	require.Eventually(d.t, func() bool { return d.audited() == before+1 }, patience, 100*time.Millisecond, "the login was not the agent's")
	require.NotEqual(d.t, "0", d.agentPID())
	require.Eventually(d.t, func() bool { return !d.card.State().Verified }, patience, 20*time.Millisecond)
	said, _ = d.as("cat", home+"/.local/state/cardbridge/host.log")
	require.NotContains(d.t, said, "the session runs without the agent")
}

// finding is one of doctor's.
type finding struct{ Check, Code, Level, Where string }

// doctor gives what a program finds, and what of it is worse than a note.
func (d *desk) doctor(program string) (all, bad []finding) {
	d.t.Helper()
	out, _ := d.as(program, "doctor", "--json")
	var report struct{ Findings []finding }
	require.NoError(d.t, json.Unmarshal([]byte(out), &report), out)
	for _, f := range report.Findings {
		if f.Level == "warning" || f.Level == "error" {
			bad = append(bad, f)
		}
	}
	return report.Findings, bad
}

func (d *desk) requireHealthy() {
	d.t.Helper()
	all, bad := d.doctor(program)
	require.Empty(d.t, bad)
	codes := map[string]bool{}
	for _, f := range all {
		codes[f.Code] = true
	}
	for _, code := range []string{"agent", "manifest", "extension", "extensionForced", "policy", "cards", "reader", "module"} {
		require.True(d.t, codes[code], "doctor does not tell of %s: %v", code, all)
	}
}

// A computer's life with our packages, from a clean one back to a clean one.
func TestDebianPackages(t *testing.T) {
	d := begin(t)
	d.furnish()
	before := d.files()
	d.install(d.file(older, "cardbridge_*.deb"), d.file(older, "cardbridge-browser-policy_*.deb"))
	require.Contains(t, d.run(program, "version"), older)
	require.Equal(t, "active", d.run("systemctl", "is-active", socket))
	require.Equal(t, "enabled", d.run("systemctl", "is-enabled", socket))
	require.Equal(t, "0", d.agentPID(), "nobody has come yet")
	for _, place := range append(d.places("cardbridge"), d.places("cardbridge-browser-policy")...) {
		require.True(t, json.Valid([]byte(d.read(d.run("readlink", "-f", place)))), place)
	}
	d.write(policyAt, policy)
	d.insert()

	b := d.browser()
	d.login(b)
	d.requireHealthy()
	d.upgrade(b, func() {
		d.run("dpkg", "-i", d.file(newer, "cardbridge_*.deb"), d.file(newer, "cardbridge-browser-policy_*.deb"))
	})

	d.run("kill", "-9", d.agentPID())
	d.login(b)
	require.Equal(t, 3, d.card.State().PINTries)

	places := append(d.places("cardbridge"), d.places("cardbridge-browser-policy")...)
	d.run("apt-get", "remove", "-y", "-q", "cardbridge", "cardbridge-browser-policy") // while the browser is open
	require.Regexp(t, "extensionMissing|hostMissing", b.order(map[string]any{"do": "refused"}))
	for _, place := range places {
		_, err := os.Lstat(d.Path(place))
		require.ErrorIs(t, err, os.ErrNotExist, place)
	}
	require.Equal(t, policy, d.read(policyAt), "what the administrator wrote stays until a purge")
	b.close()
	d.run("apt-get", "purge", "-y", "-q", "cardbridge", "cardbridge-browser-policy")
	d.requireSame(before)
	require.NotEmpty(t, d.run("getent", "passwd", "cardbridge-agent"), "the account stays")
}

// upgrade changes the version while the browser is open and a login has begun: that one ends with an error that says so, the next
// one is the new program's, nothing of the card's tries is lost.
func (d *desk) upgrade(b *browser, change func()) {
	d.t.Helper()
	inode := d.run("stat", "-c", "%i", "/run/cardbridge/agent.sock")
	tries := d.card.State().Verifies
	b.order(map[string]any{"do": "begin"})
	change()
	d.t.Logf("the login in the upgrade: %s", b.order(map[string]any{"do": "problem"}))
	require.Equal(d.t, tries, d.card.State().Verifies)
	require.Equal(d.t, inode, d.run("stat", "-c", "%i", "/run/cardbridge/agent.sock"), "whoever comes meanwhile must wait, not fail")
	require.Contains(d.t, d.run(program, "version"), newer)
	require.Equal(d.t, policy, d.read(policyAt))
	d.login(b)
	require.Equal(d.t, program, d.run("readlink", "/proc/"+d.agentPID()+"/exe"), "the agent is the program that is installed now")
	d.requireHealthy()
}

// The same by rpm, which here knows nothing of Debian's libraries: --nodeps.
func TestRPMPackages(t *testing.T) {
	d := begin(t)
	d.furnish()
	// the folders that a distribution with rpm has by itself, its package filesystem's
	d.run("mkdir", "-p", "/usr/share/doc", "/usr/share/licenses", "/usr/share/zsh/site-functions", "/usr/share/fish/vendor_completions.d")
	before := d.files()
	d.run("rpm", "--nodeps", "-i", d.file(older, "cardbridge-[0-9]*.rpm"), d.file(older, "cardbridge-browser-policy-*.rpm"))
	require.Equal(t, "active", d.run("systemctl", "is-active", socket))
	require.Equal(t, "enabled", d.run("systemctl", "is-enabled", socket))
	for _, lib := range []string{"lib", "lib64"} { // 64-bit builds of Red Hat's family look in the latter
		require.Equal(t, "/usr/share/cardbridge/manifests/firefox.json", d.run("readlink", "/usr/"+lib+"/mozilla/native-messaging-hosts/tw.cardbridge.host.json"))
	}
	d.write(policyAt, policy)
	d.insert()
	b := d.browser()
	d.login(b)
	d.requireHealthy()
	d.upgrade(b, func() {
		d.run("rpm", "--nodeps", "-U", d.file(newer, "cardbridge-[0-9]*.rpm"), d.file(newer, "cardbridge-browser-policy-*.rpm"))
	})
	b.close()
	d.run("rpm", "--nodeps", "-e", "cardbridge", "cardbridge-browser-policy")
	require.Equal(t, policy, d.read(policyAt+".rpmsave"), "rpm keeps what the administrator wrote under another name")
	d.run("rm", "-r", "/etc/cardbridge")
	d.run("rm", "-rf", "/var/log/cardbridge") // rpm knows no purge
	d.requireSame(before)
}
