package wine

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// An upgrade that moves to another folder leaves nothing of ours in the first, takes nothing of others'.
func TestAnotherFolderAtAnUpgrade(t *testing.T) {
	withInstaller(t)
	const first, second = `C:\Program Files\工具`, `C:\Program Files\Tools of IT`
	theirs := []string{first + `\2.0\LICENSE.txt`, first + `\readme.txt`}
	for _, path := range theirs {
		require.NoError(t, os.MkdirAll(inWindows(path[:len(path)-len(`\LICENSE.txt`)]), 0o755))
		require.NoError(t, os.WriteFile(inWindows(path), []byte("of another program"), 0o644))
	}
	defer os.RemoveAll(inWindows(first))
	install(t, "1.0.0", "INSTALL_SERVICE=0", "INSTALLDIR="+first)
	old := hostOf(t, keys(t)["chrome"])
	require.Contains(t, old, first)

	install(t, "1.1.0", "INSTALLDIR="+second, "BROWSERS=chrome")
	host := hostOf(t, keys(t)["chrome"])
	require.Contains(t, host, second)
	talks(t, host)
	require.False(t, there(t, old[:len(old)-len(`\cardbridge.exe`)]))
	require.Empty(t, value(t, keys(t)["edge"], "@"), "it led to the first folder")
	uninstall(t, "1.1.0")
	require.False(t, there(t, second))
	for _, path := range theirs {
		require.True(t, there(t, path), path)
	}
}

// The same version, built with another id, takes the first one's place while that serves.
func TestTheSameVersionBuiltAnew(t *testing.T) {
	withInstaller(t)
	require.NoError(t, buildPackage("anew", "1.0.0", itsID+","+ownID))
	defer func() { _, _ = msiexec(t, "/x", "anew") }() // it is gone, unless this fails
	install(t, "1.0.0", "FORCE_EXTENSION=1")
	answers(t, program100, "1.0.0")
	running := startHost(t, program100).greet()
	install(t, "anew")
	host := hostOf(t, keys(t)["chrome"])
	require.NotEqual(t, program100, host)
	answers(t, host, "1.0.0")
	require.Contains(t, registered(t), host)
	forced(t, chromeLists, itsID)
	require.Empty(t, value(t, chromeLists+storage, "language"), "of the extension before")
	listed, err := program("reg", "query", uninstalled, "/s")
	require.NoError(t, err, listed)
	require.Len(t, productNames.FindAllString(listed, -1), 1, listed)
	require.Equal(t, 1, running.code(), "a relay ends with its agent")

	install(t, "anew", "REINSTALL=ALL") // which leaves alone what it replaced, and itself
	answers(t, host, "1.0.0")
	require.False(t, there(t, folder100))
	uninstall(t, "anew")
	require.False(t, there(t, `C:\Program Files\CardBridge`))
	notForced(t, chromeLists)
}

// productNames are those of ours in the list of programs.
var productNames = regexp.MustCompile(`DisplayName\s+REG_SZ\s+CardBridge`)

// Nothing but an upgrade moves to another folder.
func TestAnotherFolderWithoutAnUpgrade(t *testing.T) {
	withInstaller(t)
	const other = `C:\Program Files\Other`
	install(t, "1.0.0", "INSTALL_SERVICE=0")
	for _, how := range [][]string{{}, {"REINSTALL=ALL"}, {"REINSTALL=ALL", "REINSTALLMODE=amus"}} {
		notInstalled(t, notBegun, "1.0.0", append(how, "INSTALLDIR="+other)...)
		require.False(t, there(t, other))
		require.Equal(t, program100, hostOf(t, keys(t)["chrome"]))
	}
	for _, same := range []string{`C:\Program Files\CardBridge`, `c:\program files\cardbridge`} {
		install(t, "1.0.0", "REINSTALL=ALL", "INSTALLDIR="+same)
		require.Equal(t, files, names(t, folder100))
	}
	uninstall(t, "1.0.0")
	require.False(t, there(t, `C:\Program Files\CardBridge`))
}
