//go:build linux

package fleet

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What stands at our places before us is somebody's: it is neither replaced nor removed, and it is told of.
func TestWhatWasThereBeforeStays(t *testing.T) {
	d := begin(t)
	const chromium, chrome = "/etc/chromium/native-messaging-hosts/tw.cardbridge.host.json", "/etc/opt/chrome/native-messaging-hosts/tw.cardbridge.host.json"
	const policies = "/etc/chromium/policies/managed/cardbridge.json"
	d.write(policyAt, policy)
	d.write(chromium, "by hand")
	d.write(policies, "{}")
	d.run("mkdir", "-p", "/etc/opt/chrome/native-messaging-hosts")
	d.run("ln", "-s", "/nowhere", chrome)
	for _, version := range []string{older, older, newer} { // a second time changes nothing; an upgrade neither
		deb, more := d.file(version, "cardbridge_*.deb"), d.file(version, "cardbridge-browser-policy_*.deb")
		said := d.run("sh", "-c", "dpkg -i "+deb+" "+more+" 2>&1 </dev/null")
		for _, place := range []string{chromium, chrome, policies} {
			require.Contains(t, said, place+" is not this package's file; it stays", version)
		}
		require.Equal(t, "by hand", d.read(chromium))
		require.Equal(t, "{}", d.read(policies))
		require.Equal(t, "/nowhere", d.run("readlink", chrome))
		require.Equal(t, policy, d.read(policyAt))
	}
	require.Contains(t, d.read("/etc/opt/edge/native-messaging-hosts/tw.cardbridge.host.json"), program, "the others are linked")
	d.run("dpkg", "--purge", "cardbridge-browser-policy", "cardbridge")
	require.Equal(t, "by hand", d.read(chromium))
	require.Equal(t, "{}", d.read(policies))
	require.Equal(t, "/nowhere", d.run("readlink", chrome))
	for _, gone := range []string{program, "/etc/opt/edge", policyAt + ".before-package"} {
		_, err := os.Lstat(d.Path(gone))
		require.ErrorIs(t, err, os.ErrNotExist, gone)
	}
}

// A disk that fills up while the package is unpacked, or while its links are made, leaves what was there, and the next attempt works.
func TestAFullDisk(t *testing.T) {
	d := begin(t)
	d.write(policyAt, policy)
	deb := d.file(older, "cardbridge_*.deb")
	d.run("mount", "-t", "tmpfs", "-o", "size=64k", "small", "/usr/share/man")
	out, err := d.Run("dpkg", "-i", deb)
	require.Error(t, err, out)
	require.Contains(t, out, "No space left on device")
	require.Equal(t, policy, d.read(policyAt), "the administrator's policy")
	d.run("umount", "/usr/share/man")

	d.run("mkdir", "-p", "/etc/chromium")
	d.run("mount", "-t", "tmpfs", "-o", "nr_inodes=2", "small", "/etc/chromium")
	out, err = d.Run("dpkg", "-i", deb)
	require.Error(t, err, out)
	require.Equal(t, policy, d.read(policyAt))
	d.run("umount", "/etc/chromium")
	d.run("dpkg", "-i", deb)
	require.Equal(t, policy, d.read(policyAt))
	require.Equal(t, "active", d.run("systemctl", "is-active", socket))
	require.Contains(t, d.read("/etc/chromium/native-messaging-hosts/tw.cardbridge.host.json"), program)

	// an upgrade that does not fit leaves the old program working
	d.run("mount", "-t", "tmpfs", "-o", "size=64k", "small", "/usr/share/man")
	_, err = d.Run("dpkg", "-i", d.file(newer, "cardbridge_*.deb"))
	require.Error(t, err)
	require.Contains(t, d.run(program, "version"), older)
	d.run("umount", "/usr/share/man")
	d.run("dpkg", "-i", d.file(newer, "cardbridge_*.deb"))
	require.Contains(t, d.run(program, "version"), newer)
}

// In a chroot, in a container, no service manager runs: the host works, the service is there for the day when one does.
func TestNoServiceManager(t *testing.T) {
	d := begin(t)
	deb := d.file(older, "cardbridge_*.deb")
	// a mount namespace without systemd's folder, in which systemd's clients find nobody
	const chroot = `mount -t tmpfs nothing /run; chmod 755 /run; export SYSTEMD_IN_CHROOT=1; `
	in := func(command string) string {
		t.Helper()
		return d.run("unshare", "--mount", "--pid", "--fork", "sh", "-euc", chroot+command)
	}
	in("dpkg -i " + deb)
	in("dpkg -i " + deb)
	require.Contains(t, in(program+" version"), older)
	require.Contains(t, in(program+" service status 2>&1 || true"), "no service manager")
	require.Equal(t, "enabled", in("systemctl is-enabled "+socket))
	require.NotEmpty(t, d.run("getent", "passwd", "cardbridge-agent"))
	in("dpkg -i " + d.file(newer, "cardbridge_*.deb"))
	require.Contains(t, in(program+" version"), newer)
	in("dpkg --purge cardbridge")
	_, err := os.Lstat(d.Path("/etc/systemd/system/sockets.target.wants/" + socket))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// An administrator who has switched the service off finds it off after an upgrade.
func TestAServiceThatWasSwitchedOff(t *testing.T) {
	d := begin(t)
	for _, change := range [][2]string{
		{"dpkg -i " + d.file(older, "cardbridge_*.deb"), "dpkg -i " + d.file(newer, "cardbridge_*.deb") + "; dpkg --purge cardbridge"},
		{"rpm --nodeps -i " + d.file(older, "cardbridge-[0-9]*.rpm"), "rpm --nodeps -U " + d.file(newer, "cardbridge-[0-9]*.rpm") + "; rpm --nodeps -e cardbridge"},
	} {
		upgrade, removal, _ := strings.Cut(change[1], "; ")
		d.run(strings.Fields(change[0])...)
		require.Equal(t, "active", d.run("systemctl", "is-active", socket))
		d.run("systemctl", "disable", "--now", socket)
		d.run(strings.Fields(upgrade)...)
		require.Equal(t, "inactive", d.state("is-active"))
		require.Equal(t, "disabled", d.state("is-enabled"))
		d.run(strings.Fields(removal)...)
	}
}

// A service that was installed by hand goes before the package's, which says so, and which takes over once that one is taken back.
func TestAServiceThatWasInstalledByHand(t *testing.T) {
	d := begin(t)
	const byHand = "/usr/local/bin/cardbridge"
	d.run("dpkg-deb", "--extract", d.file(older, "cardbridge_*.deb"), "/srv/extracted")
	d.run("install", "-m", "755", "/srv/extracted"+program, byHand)
	d.run(byHand, "service", "install")
	said := d.run("sh", "-c", "dpkg -i "+d.file(older, "cardbridge_*.deb")+" 2>&1 </dev/null")
	require.Contains(t, said, "was installed by hand and hides the package's")
	starts := func(program string) {
		t.Helper()
		require.Equal(t, "active", d.run("systemctl", "is-active", socket))
		require.Contains(t, d.run("systemctl", "show", "-p", "ExecStart", "--value", unit), "path="+program+" ")
	}
	starts(byHand)
	d.run(byHand, "service", "uninstall")
	starts(program)
	for _, command := range []string{"install", "uninstall"} {
		said, err := d.Run(program, "service", command)
		require.Error(t, err)
		require.Contains(t, said, "a package brought the service")
	}
	starts(program)
	d.run("dpkg", "--purge", "cardbridge")
	require.Equal(t, "inactive", d.state("is-active"))
	d.run("rm", byHand)
}

// state is systemd's word of the socket.
func (d *desk) state(question string) string {
	out, _ := d.Command("systemctl", question, socket).Output() // its end is not zero for most states
	return strings.TrimSpace(string(out))
}

// Packages removed in an order that nobody intended, one that was never configured, a folder in the policy's place.
func TestOddOrders(t *testing.T) {
	d := begin(t)
	deb, more := d.file(older, "cardbridge_*.deb"), d.file(older, "cardbridge-browser-policy_*.deb")
	const link = "/etc/chromium/policies/managed/cardbridge.json"
	d.run("dpkg", "-i", deb, more)
	d.run("test", "-L", link)
	d.run("dpkg", "--remove", "--force-depends", "cardbridge")
	d.run("dpkg", "--purge", "cardbridge-browser-policy", "cardbridge")
	d.run("sh", "-c", "! test -L "+link)

	d.write(policyAt, policy)
	d.run("dpkg", "--unpack", deb)
	d.run("dpkg", "--remove", "cardbridge")
	require.Equal(t, policy, d.read(policyAt), "removed before it was configured")
	d.run("dpkg", "--purge", "cardbridge")

	d.run("sh", "-c", "rm -f "+policyAt+" && mkdir -p "+policyAt)
	said := d.run("sh", "-c", "! dpkg -i "+deb+" 2>&1")
	require.Contains(t, said, "is a folder; move it away first")
	d.run("sh", "-c", "dpkg --purge cardbridge; rmdir "+policyAt)

	d.run("dpkg", "-i", deb)
	d.run("systemctl", "mask", "cardbridge-agent.service")
	said = d.run("sh", "-c", "dpkg -i "+d.file(newer, "cardbridge_*.deb")+" 2>&1")
	require.NotContains(t, said, "by hand", "masked is not installed by hand")
	require.Equal(t, "masked", d.run("sh", "-c", "systemctl is-enabled cardbridge-agent.service || true"))
	d.run("rm", "/usr/share/cardbridge/places") // somebody's doing, which must not keep the package for ever
	d.run("dpkg", "--purge", "cardbridge")
}

// A policy may be a link to where IT keeps it. A removal, with or without a purge, never takes what the link leads to.
func TestAPolicyThatIsALink(t *testing.T) {
	const kept = "/srv/it/policy.json"
	d := begin(t)
	deb := d.file(older, "cardbridge_*.deb")
	d.write(kept, policy)
	link := func() {
		t.Helper()
		d.run("mkdir", "-p", "/etc/cardbridge")
		d.run("ln", "-sfn", kept, policyAt)
	}
	linked := func() {
		t.Helper()
		require.Equal(t, kept, d.run("readlink", policyAt))
		require.Equal(t, policy, d.read(kept))
		d.requireGone(policyAt + ".dpkg-new")
	}
	purged := func() {
		t.Helper()
		d.run("dpkg", "--purge", "cardbridge")
		d.requireGone("/etc/cardbridge")
		require.Equal(t, policy, d.read(kept))
	}
	link()
	d.run("dpkg", "-i", deb) // over the link
	linked()
	d.run("dpkg", "-i", d.file(newer, "cardbridge_*.deb"))
	linked()
	purged()

	d.run("dpkg", "-i", deb)
	link() // over the package's
	d.run("dpkg", "--remove", "cardbridge")
	d.run("dpkg", "-i", deb)
	linked()
	d.run("dpkg", "--remove", "cardbridge")
	purged()

	d.run("dpkg", "-i", deb)
	link()
	d.run("dpkg", "--remove", "cardbridge")
	d.write(policyAt, "{}") // another one, since then
	d.run("dpkg", "-i", deb)
	require.Equal(t, "{}", d.read(policyAt))
	purged()

	link()
	d.run("dpkg", "-i", deb)
	d.run("dpkg", "--remove", "cardbridge")
	d.run("mount", "-t", "tmpfs", "-o", "size=64k", "small", "/usr/share/man") // the next installation does not fit
	_, err := d.Run("dpkg", "-i", d.file(newer, "cardbridge_*.deb"))
	require.Error(t, err)
	d.run("umount", "/usr/share/man")
	require.Equal(t, "config-files", d.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", "cardbridge"))
	purged()

	d.run("rpm", "--nodeps", "-i", d.file(older, "cardbridge-[0-9]*.rpm"))
	link()
	d.run("rpm", "--nodeps", "-U", d.file(newer, "cardbridge-[0-9]*.rpm"))
	linked()
	d.run("rpm", "--nodeps", "-e", "cardbridge")
	require.Equal(t, kept, d.run("readlink", policyAt+".rpmsave"))
	require.Equal(t, policy, d.read(kept))
}

// What somebody keeps under the name that the scripts use is not lost, and never takes the place of a policy that is in force.
func TestAPolicyKeptUnderTheScriptsName(t *testing.T) {
	const aside = policyAt + ".before-package"
	d := begin(t)
	put := func(version string) string {
		t.Helper()
		return d.run("sh", "-c", "dpkg -i "+d.file(version, "cardbridge_*.deb")+" 2>&1 </dev/null")
	}
	d.write(policyAt, policy)
	d.write(aside, "last year's")
	require.Contains(t, put(older), aside+" was there before; it is "+aside+".1 now")
	require.Equal(t, policy, d.read(policyAt))
	require.Equal(t, "last year's", d.read(aside+".1"))

	d.write(aside, "by hand")
	require.Contains(t, put(newer), aside+" is not in force")
	require.Equal(t, policy, d.read(policyAt))
	d.run("dpkg", "--remove", "cardbridge")
	require.Equal(t, policy, d.read(policyAt))
	require.Contains(t, put(older), aside+" is not in force")
	d.write("/srv/it/policy.json", policy)
	d.run("ln", "-sf", "/srv/it/policy.json", policyAt)
	d.run("dpkg", "--remove", "cardbridge") // the link steps aside
	require.Equal(t, "by hand", d.read(aside+".2"))
	d.run("dpkg", "--purge", "cardbridge")
	require.Equal(t, policy, d.read("/srv/it/policy.json"))
	d.requireGone(policyAt, aside)
	require.Equal(t, "last year's", d.read(aside+".1"))
}
