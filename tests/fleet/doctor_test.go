//go:build linux

package fleet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// codes are doctor's findings of one check, whatever their level.
func (d *desk) codes(check string) []string {
	d.t.Helper()
	return d.codesOf(program, check)
}

func (d *desk) codesOf(program, check string) (codes []string) {
	d.t.Helper()
	all, _ := d.doctor(program)
	for _, f := range all {
		if f.Check == check {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// A browser that comes after the package finds the host without anybody's doing.
func TestABrowserInstalledLater(t *testing.T) {
	d := begin(t)
	var err error
	d.person, err = d.Desktop("wang")
	require.NoError(t, err)
	for _, part := range []string{"/usr/bin/chromium", "/usr/lib/chromium"} {
		d.run("mv", part, part+".later")
	}
	d.run("dpkg", "-i", d.file(older, "cardbridge_*.deb"), d.file(older, "cardbridge-browser-policy_*.deb"))
	require.Equal(t, []string{"browserNone"}, d.codes("browsers"))
	for _, part := range []string{"/usr/bin/chromium", "/usr/lib/chromium"} {
		d.run("mv", part+".later", part)
	}
	require.Equal(t, []string{"manifest"}, d.codes("manifest.chromium"))
	require.Contains(t, d.codes("browserPolicy.chromium"), "extensionForced")
}

// A manifest of a person's own hides the package's, which doctor tells, unless the package of policies has browsers pass over it.
func TestAPersonsManifestHidesOurs(t *testing.T) {
	d := begin(t)
	var err error
	d.person, err = d.Desktop("wang")
	require.NoError(t, err)
	d.run("dpkg", "-i", d.file(older, "cardbridge_*.deb"))
	require.Equal(t, []string{"manifest"}, d.codes("manifest.chromium"))
	manifest := d.read("/usr/share/cardbridge/manifests/chromium.json")
	own := home + "/.config/chromium/NativeMessagingHosts/tw.cardbridge.host.json"
	d.write(own, strings.Replace(manifest, program, "/opt/somebody/cardbridge", 1))
	require.Contains(t, d.codes("manifest.chromium"), "manifestPath")
	require.Contains(t, d.codes("manifest.chromium"), "manifestShadow")
	d.run("dpkg", "-i", d.file(older, "cardbridge-browser-policy_*.deb"))
	require.Equal(t, []string{"manifest"}, d.codes("manifest.chromium"))
}

// Whoever may not install anything registers a program of their own: no administrator, no package.
func TestAPersonWithoutRights(t *testing.T) {
	d := begin(t)
	var err error
	d.person, err = d.Desktop("wang")
	require.NoError(t, err)
	d.run("dpkg-deb", "--extract", d.file(older, "cardbridge_*.deb"), "/srv/extracted")
	d.run("install", "-D", "-o", "wang", "-m", "755", "/srv/extracted"+program, home+"/我的 程式/cardbridge")
	out, end := d.as(home+"/我的 程式/cardbridge", "register")
	require.Zero(t, end, out)
	require.Contains(t, d.read(home+"/.config/chromium/NativeMessagingHosts/tw.cardbridge.host.json"), home+"/我的 程式/cardbridge")
	_, end = d.as(home+"/我的 程式/cardbridge", "register", "--system")
	require.NotZero(t, end)
	require.Empty(t, d.run("find", "/etc/chromium", "/etc/opt", "-name", "tw.cardbridge.host.json"))
	require.Equal(t, []string{"manifest"}, d.codesOf(home+"/我的 程式/cardbridge", "manifest.chromium"))
	out, end = d.as(home+"/我的 程式/cardbridge", "unregister")
	require.Zero(t, end, out)
}
