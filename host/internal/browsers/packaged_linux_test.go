package browsers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	chromiumPlace = "/etc/chromium/native-messaging-hosts/tw.cardbridge.host.json"
	firefoxPlace  = "/usr/lib/mozilla/native-messaging-hosts/tw.cardbridge.host.json"
	firefox64     = "/usr/lib64/mozilla/native-messaging-hosts/tw.cardbridge.host.json"
	packagesOwn   = "/usr/share/cardbridge/manifests/chromium.json"
)

// computer is a root without anything.
func computer(t *testing.T) Target {
	system := target("")
	system.System, system.Root = true, t.TempDir()
	return system
}

func (t Target) write(test *testing.T, path, text string) {
	require.NoError(test, os.MkdirAll(filepath.Dir(t.Root+path), 0o755))
	require.NoError(test, os.WriteFile(t.Root+path, []byte(text), 0o644))
}

// packaged has what the package's scripts leave behind.
func packaged(t *testing.T) Target {
	system := computer(t)
	system.write(t, packagesOwn, "{}")
	system.write(t, packageList, packagesOwn+" "+chromiumPlace+"\n"+packagesOwn+" /etc/opt/chrome/native-messaging-hosts/tw.cardbridge.host.json\n")
	for _, place := range []string{chromiumPlace, "/etc/opt/chrome/native-messaging-hosts/tw.cardbridge.host.json"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(system.Root+place), 0o755))
		require.NoError(t, os.Symlink(packagesOwn, system.Root+place))
	}
	return system
}

func (t Target) requirePackages(test *testing.T) {
	test.Helper()
	leads, err := os.Readlink(t.Root + chromiumPlace)
	require.NoError(test, err)
	require.Equal(test, packagesOwn, leads)
}

// What a package placed is its own: neither replaced nor removed.
func TestBesideAPackage(t *testing.T) {
	system := packaged(t)
	before := files(t, system.Root)
	for name, change := range map[string]func(Target) ([]Placed, error){"register": Register, "unregister": Unregister} {
		placed, err := change(system)
		require.ErrorIs(t, err, ErrPackaged, name)
		require.Empty(t, placed, name)
		require.Equal(t, before, files(t, system.Root), name)
		one := system
		one.Only = []string{"brave"} // it looks where Chrome does
		_, err = change(one)
		require.ErrorIs(t, err, ErrPackaged, name)
	}
	system.requirePackages(t)
}

// A file by hand that hid the package's link gives way to it; places that the package does not list are nobody's but ours.
func TestAFileByHandBesideAPackage(t *testing.T) {
	system := packaged(t)
	require.NoError(t, os.Remove(system.Root+chromiumPlace))
	system.write(t, chromiumPlace, "by hand")
	system.write(t, firefoxPlace, "by hand")
	_, err := Register(system)
	require.ErrorIs(t, err, ErrPackaged)
	placed, err := Unregister(system)
	require.NoError(t, err)
	for _, p := range placed {
		require.NotContains(t, p.Path, "/opt/chrome/", "the package's link stays, and is not told of")
	}
	require.Contains(t, placed, Placed{"Chromium", system.Root + chromiumPlace})
	system.requirePackages(t)
	require.NoFileExists(t, system.Root+firefoxPlace)
	_, err = Unregister(system)
	require.ErrorIs(t, err, ErrPackaged, "nothing by hand is left")

	system.Only = []string{"firefox"} // which this package does not register
	_, err = Register(system)
	require.NoError(t, err)
	require.FileExists(t, system.Root+firefoxPlace)
}

// A person's own registration, and a list that nobody could have shipped.
func TestAPackageOrNot(t *testing.T) {
	own := target(t.TempDir())
	own.Root = packaged(t).Root
	_, err := Register(own)
	require.NoError(t, err)

	system := computer(t)
	system.write(t, packageList, strings.Repeat("x", mostListed+1))
	for _, change := range []func(Target) ([]Placed, error){Register, Unregister} {
		_, err = change(system)
		require.ErrorContains(t, err, packageList+": too large")
	}
	system.write(t, packageList, "\n"+packagesOwn+"\n") // lines without a place
	_, err = Register(system)
	require.NoError(t, err)
	require.NoError(t, os.Remove(system.Root+packageList))
	require.NoError(t, os.Mkdir(system.Root+packageList, 0o755))
	_, err = Register(system)
	require.ErrorContains(t, err, "the package's places")
}

// On 64-bit systems of Red Hat's family browsers look below /usr/lib64; elsewhere that folder is missing, a link, or the loader's alone.
func TestTheFolderOf64BitLibraries(t *testing.T) {
	for name, c := range map[string]struct {
		make func(Target)
		is   bool
	}{
		"none":   {func(Target) {}, false},
		"loader": {func(s Target) { s.write(t, "/usr/lib64/ld-linux-x86-64.so.2", "") }, false},
		"link": {func(s Target) {
			s.write(t, "/usr/lib/libc.so.6", "")
			require.NoError(t, os.Symlink("lib", s.Root+"/usr/lib64"))
		}, false},
		"libraries": {func(s Target) { s.write(t, "/usr/lib64/libc.so.6", "") }, true},
	} {
		system := computer(t)
		c.make(system)
		placed, err := Register(system)
		require.NoError(t, err, name)
		if !c.is {
			require.Len(t, placed, 5, name)
			continue
		}
		require.Len(t, placed, 6)
		require.Contains(t, placed, Placed{"Mozilla Firefox", system.Root + firefox64})
		for _, place := range []string{firefoxPlace, firefox64} {
			require.FileExists(t, system.Root+place)
		}
		_, err = Unregister(system)
		require.NoError(t, err)
		require.NoFileExists(t, system.Root+firefoxPlace)
		require.NoFileExists(t, system.Root+firefox64)
	}
}
