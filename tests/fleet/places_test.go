//go:build linux

package fleet

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// format is how packages of one kind are installed, upgraded, removed for good.
type format struct {
	name                            string
	program, policy                 string // patterns of the packages' files
	install, upgrade, again, remove string
}

var formats = []format{
	{"deb", "cardbridge_*.deb", "cardbridge-browser-policy_*.deb", "dpkg -i", "dpkg -i", "dpkg -i", "dpkg --purge cardbridge-browser-policy cardbridge"},
	{"rpm", "cardbridge-[0-9]*.rpm", "cardbridge-browser-policy-*.rpm", "rpm --nodeps -i", "rpm --nodeps -U", "rpm --nodeps -U --force", "rpm --nodeps -e cardbridge-browser-policy cardbridge"},
}

// put installs or upgrades both packages, and gives what was said.
func (d *desk) put(f format, command, version string) string {
	d.t.Helper()
	return d.run("sh", "-c", command+" "+d.file(version, f.program)+" "+d.file(version, f.policy)+" 2>&1 </dev/null")
}

func (d *desk) requireGone(paths ...string) {
	d.t.Helper()
	for _, path := range paths {
		_, err := os.Lstat(d.Path(path))
		require.ErrorIs(d.t, err, os.ErrNotExist, path)
	}
}

// A later version that serves fewer browsers, or from another file, leaves no link of the one before, nor a folder.
func TestAnUpgradeToFewerPlaces(t *testing.T) {
	const (
		list, dropped = "/usr/share/cardbridge/places", "/etc/dropped/tw.cardbridge.host.json"
		byHand        = "/etc/dropped/by-hand.json"
		chromium      = "/etc/chromium/native-messaging-hosts/tw.cardbridge.host.json"
		manifest      = "/usr/share/cardbridge/manifests/chromium.json"
		firefox       = "/etc/firefox/policies/policies.json"
	)
	d := begin(t)
	for _, f := range formats {
		// the folders that a distribution has by itself, its package filesystem's
		d.run("mkdir", "-p", "/usr/share/doc", "/usr/share/licenses", "/usr/share/zsh/site-functions", "/usr/share/fish/vendor_completions.d")
		before := d.files()
		d.put(f, f.install, older)
		require.Equal(t, "/usr/share/cardbridge-browser-policy/firefox.json", d.run("readlink", firefox), f.name)
		// as if that version had served one browser more, one whose place has become somebody's, and Chromium from another file
		d.write(byHand, "by hand")
		d.run("sh", "-c", "printf '%s\\n' '"+manifest+" "+dropped+"' '"+manifest+" "+byHand+"' >>"+list+"; sed -i 's:^"+manifest+" "+chromium+":/usr/share/old.json "+chromium+":' "+list)
		require.Contains(t, d.read(list), "/usr/share/old.json "+chromium)
		d.run("ln", "-s", manifest, dropped)
		d.run("ln", "-sfn", "/usr/share/old.json", chromium)

		said := d.put(f, f.upgrade, newer)
		require.NotContains(t, said, "old directory", f.name)
		require.NotContains(t, said, "remove failed", f.name)
		require.Equal(t, 1, strings.Count(said, byHand+" is not this package's file; it stays"), said)
		d.requireGone(dropped, "/etc/firefox", list+".before", "/usr/share/cardbridge-browser-policy/places.before")
		require.Equal(t, "by hand", d.read(byHand))
		require.Equal(t, manifest, d.run("readlink", chromium), f.name)
		for _, place := range append(d.places("cardbridge"), d.places("cardbridge-browser-policy")...) {
			d.run("test", "-s", place)
		}
		d.put(f, f.again, newer) // the same again is no matter
		require.Equal(t, manifest, d.run("readlink", chromium), f.name)

		d.run(strings.Fields(f.remove)...)
		d.run("rm", "-rf", "/etc/dropped", "/etc/cardbridge", "/var/log/cardbridge") // rpm knows no purge
		if f.name == "deb" {
			d.run("mkdir", "-p", "/usr/share/fish/vendor_completions.d", "/usr/share/zsh/site-functions") // dpkg took them for ours alone
		}
		d.requireSame(before)
	}
}

// An upgrade that was unpacked and never configured, since something that it needs was missing, is removed without a script of ours that
// still had its files: nothing stays all the same.
func TestARemovalBeforeTheUpgradeIsConfigured(t *testing.T) {
	d := begin(t)
	kept := []string{"mkdir", "-p", "/usr/share/fish/vendor_completions.d", "/usr/share/zsh/site-functions"} // dpkg takes them for ours alone
	d.run(kept...)
	before := d.files()
	f := formats[0]
	d.put(f, f.install, older)
	places := append(d.places("cardbridge"), d.places("cardbridge-browser-policy")...)
	d.put(f, "dpkg --unpack", newer)
	for _, name := range []string{"cardbridge", "cardbridge-browser-policy"} {
		require.Equal(t, "unpacked", d.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", name))
	}
	d.run("dpkg", "--remove", "cardbridge-browser-policy", "cardbridge")
	d.requireGone(append(places, "/usr/share/cardbridge", "/usr/share/cardbridge-browser-policy")...)
	require.Equal(t, "inactive", d.state("is-active"))
	d.run(strings.Fields(f.remove)...)
	d.run(kept...)
	d.requireSame(before)
}

// Beside a package the program neither registers the whole computer nor takes that back: the links are the package's. A file by hand,
// which hid one, gives way to it.
func TestRegisterBesideAPackage(t *testing.T) {
	const place = "/etc/chromium/native-messaging-hosts/tw.cardbridge.host.json"
	d := begin(t)
	d.run("dpkg", "-i", d.file(older, "cardbridge_*.deb"))
	before := d.files()
	refused := func(language, text string) {
		t.Helper()
		for _, command := range []string{"register", "unregister"} {
			said := d.run("sh", "-c", "LANG="+language+" "+program+" "+command+" --system 2>&1; echo ends with $?")
			require.Contains(t, said, text)
			require.Contains(t, said, "ends with 1")
			require.Equal(t, before, d.files())
		}
	}
	refused("en_US.UTF-8", "a package has registered the host")
	refused("zh_TW.UTF-8", "登記檔是套件放置的")
	said, err := d.Run(program, "register", "--system", "--json")
	require.Error(t, err)
	require.Contains(t, said, `"placed": []`)

	link := d.run("readlink", place)
	d.run("rm", place)
	d.write(place, "by hand")
	require.Contains(t, d.run(program, "unregister", "--system"), place)
	require.Equal(t, link, d.run("readlink", place))
	require.Equal(t, before, d.files())
	d.run("dpkg", "--purge", "cardbridge")
	d.requireGone(place)
}

// A browser's folder that an administrator has made a link, for the whole fleet's policies to lie elsewhere, stays one.
func TestAFolderThatIsALink(t *testing.T) {
	const folder, elsewhere, theirs = "/etc/opt/chrome", "/srv/chrome", "/srv/chrome/policies/managed/it.json"
	d := begin(t)
	d.write(theirs, "{}")
	d.run("ln", "-s", elsewhere, folder)
	for _, f := range formats {
		d.put(f, f.install, older)
		d.run("test", "-s", elsewhere+"/policies/managed/cardbridge.json")
		d.put(f, f.upgrade, newer)
		require.Equal(t, elsewhere, d.run("readlink", folder), f.name)
		d.run(strings.Fields(f.remove)...)
		require.Equal(t, elsewhere, d.run("readlink", folder), f.name)
		require.Equal(t, theirs, d.run("find", elsewhere, "-type", "f", "-o", "-type", "l"), f.name)
	}
}

// What stands where a browser's folder has to be is somebody's, and keeps that browser away alone: it is told of, the others are linked,
// the service runs.
func TestNoFolderForOneBrowser(t *testing.T) {
	d := begin(t)
	d.run("ln", "-s", "/nowhere", "/etc/opt/chrome")
	d.run("sh", "-c", "rm -rf /etc/chromium; echo a file >/etc/chromium")
	for _, f := range formats {
		for _, command := range []string{f.install, f.again} {
			said := d.put(f, command, older)
			require.NotContains(t, said, "cannot create")
			require.NotContains(t, said, "scriptlet failed")
			for _, folder := range []string{"/etc/opt/chrome", "/etc/chromium"} {
				place := folder + "/native-messaging-hosts/tw.cardbridge.host.json"
				require.Contains(t, said, folder+" is no folder, "+place+" was not placed", f.name)
				require.Contains(t, said, folder+" 不是資料夾，"+place+" 沒有放置", f.name)
				require.Contains(t, said, folder+"/policies/managed/cardbridge.json was not placed", f.name)
			}
		}
		d.run("test", "-s", "/etc/opt/edge/native-messaging-hosts/tw.cardbridge.host.json")
		d.run("test", "-s", "/etc/opt/edge/policies/managed/cardbridge.json")
		require.Equal(t, "active", d.state("is-active"), f.name)
		require.Equal(t, "enabled", d.state("is-enabled"), f.name)
		d.run(strings.Fields(f.remove)...)
		require.Equal(t, "/nowhere", d.run("readlink", "/etc/opt/chrome"))
		require.Equal(t, "a file", d.read("/etc/chromium"))
	}
}
