package macos

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// laid are the files below a folder, with their modes.
func laid(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	files := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			assert.Equal(t, fs.FileMode(0o755), info.Mode().Perm(), name)
			return nil
		}
		files[strings.TrimPrefix(name, folder)] = info.Mode()
		return nil
	}))
	return files
}

// places are the folders of browsers.json, each with the family that looks there.
func places(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Browsers []struct {
			Family string
			Darwin struct{ System string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, filepath.Join(root, "manifests/browsers.json"))), &file))
	folders := map[string]string{}
	for _, b := range file.Browsers {
		folders[b.Darwin.System] = b.Family
	}
	require.Len(t, folders, 4)
	return folders
}

func TestThePackageLaysOutWhatTheProgramExpects(t *testing.T) {
	folder, printed, err := stage(t, "RENDERED="+rendered(t))
	require.NoError(t, err, printed)
	name := constant(t, "host/internal/service/service.go", "const Name")
	daemon := strings.NewReplacer(`" + Name + "`, name).Replace(constant(t, "host/internal/service/service_darwin.go", `plist`))
	want := map[string]fs.FileMode{
		"/Library/CardBridge/cardbridge": 0o755, "/Library/CardBridge/uninstall.sh": 0o755, daemon: 0o644, "/private/etc/paths.d/cardbridge": 0o644,
		"/Library/CardBridge/LICENSE.txt": 0o644, "/Library/CardBridge/THIRD-PARTY-NOTICES.txt": 0o644,
	}
	for place := range places(t) {
		want[place+"/"+host+".json"] = 0o644
	}
	require.Equal(t, want, laid(t, folder))
	assert.Equal(t, "/Library/CardBridge\n", read(t, filepath.Join(folder, "private/etc/paths.d/cardbridge")))

	assert.Equal(t, read(t, filepath.Join(root, "LICENSE")), read(t, filepath.Join(folder, "Library/CardBridge/LICENSE.txt")))
	assert.Equal(t, "licences of others", read(t, filepath.Join(folder, "Library/CardBridge/THIRD-PARTY-NOTICES.txt")))

	for place, family := range places(t) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(read(t, filepath.Join(folder, place, host+".json"))), &m))
		program, _ := m["path"].(string)
		assert.Equal(t, fs.FileMode(0o755), want[program], "%s leads to a program of the package: %s", place, program)
		assert.Equal(t, []any{host, "stdio"}, []any{m["name"], m["type"]})
		if family == "chromium" {
			assert.Contains(t, m["allowed_origins"], "chrome-extension://"+ownID+"/")
		} else {
			assert.Equal(t, []any{"cardbridge@cardbridge.tw"}, m["allowed_extensions"])
		}
	}
	values := plist(t, filepath.Join(folder, daemon))
	assert.Equal(t, []any{name, []any{"/Library/CardBridge/cardbridge", "service", "run"}, true}, []any{values["Label"], values["ProgramArguments"], values["RunAtLoad"]})
	assert.Equal(t, map[string]any{"SuccessfulExit": false}, values["KeepAlive"])
}

func TestWhatABuildMayLeaveOutOrAdd(t *testing.T) {
	from := rendered(t)
	policy := filepath.Join(t.TempDir(), "政策 1.json")
	require.NoError(t, os.WriteFile(policy, []byte(`{"language":"zh-TW"}`), 0o600))
	folder, printed, err := stage(t, "RENDERED="+from, "SERVICE=0", "POLICY="+policy)
	require.NoError(t, err, printed)
	files := laid(t, folder)
	assert.NotContains(t, files, "/Library/LaunchDaemons/cardbridge-agent.plist")
	assert.Equal(t, fs.FileMode(0o644), files["/Library/CardBridge/policy.first.json"])

	_, printed, err = stage(t, "RENDERED="+from, "BINARY="+filepath.Join(from, "none"))
	require.Error(t, err)
	assert.Contains(t, printed, "there is no program")
	_, printed, err = stage(t, "RENDERED="+from, "NOTICES="+filepath.Join(from, "none"))
	require.Error(t, err)
	assert.Contains(t, printed, "no licences of what is linked")
	_, printed, err = stage(t, "RENDERED="+from+"/none")
	require.Error(t, err)
	assert.Contains(t, printed, "no rendered manifests")
	_, _, err = stage(t, "RENDERED="+from, "POLICY="+policy+".none")
	require.Error(t, err)

	folder, printed, err = stage(t, "RENDERED="+rendered(t, "-firefox-url", ""))
	require.NoError(t, err, printed)
	var released struct{ Chromium []string }
	require.NoError(t, json.Unmarshal([]byte(read(t, filepath.Join(root, "manifests/extensions.json"))), &released))
	for place, family := range places(t) {
		assert.Equal(t, family == "firefox" || len(released.Chromium) > 0, exists(filepath.Join(folder, place, host+".json")), "without an id of Chromium's: %s", place)
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// The profiles lie where the archive takes them; what is in them manifests/fleet tests.
func TestTheProfilesOfAllBrowsers(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(rendered(t), "profiles/*.mobileconfig"))
	require.NoError(t, err)
	require.Len(t, found, 4, "Chromium's family; where no XPI lies is not said")
	withFirefox := rendered(t, "-own", ownID, "-update-url", "https://files.example.gov.tw/updates.xml", "-firefox-url", "https://files.example.gov.tw/cardbridge.xpi")
	found, err = filepath.Glob(filepath.Join(withFirefox, "profiles/*.mobileconfig"))
	require.NoError(t, err)
	require.Len(t, found, 5)
	require.FileExists(t, filepath.Join(withFirefox, "../windows/policies/firefox.reg"))
	for _, name := range found {
		assert.Equal(t, "Configuration", plist(t, name)["PayloadType"])
	}
}

func TestTheArchiveIsReproducible(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "a.tar.gz"), filepath.Join(t.TempDir(), "dist", "b.tar.gz")
	epoch := []string{"SOURCE_DATE_EPOCH=1700000000", "TZ=UTC"}
	printed, err := run(t, root, epoch, "installer/macos/archive.sh", rendered(t), first)
	require.NoError(t, err, printed)
	printed, err = run(t, root, []string{epoch[0], "TZ=Asia/Taipei", "UMASK=077"}, "bash", "-c", `umask 077; exec installer/macos/archive.sh "$@"`, "archive", rendered(t), second)
	require.NoError(t, err, printed)
	require.True(t, read(t, first) == read(t, second), "two archives of one tree differ")

	listed, err := run(t, root, nil, "tar", "--list", "--verbose", "--numeric-owner", "--file", first)
	require.NoError(t, err, listed)
	name := "cardbridge-" + strings.TrimSpace(read(t, filepath.Join(root, "VERSION"))) + "-macos-scripts/"
	for _, inside := range []string{"README.md", "README.zh-TW.md", "LICENSE", "VERSION", "entitlements.plist", "Distribution.xml", "EXTENSION_IDS", "rendered/profiles/cardbridge-chrome.mobileconfig",
		"rendered/root/Library/LaunchDaemons/cardbridge-agent.plist", "resources/zh-Hant.lproj/welcome.html"} {
		assert.Regexp(t, `(?m)^-rw-r--r-- 0/0 .* `+name+inside+`$`, listed)
	}
	for _, inside := range []string{"build.sh", "uninstall.sh", "scripts/preinstall", "scripts/postinstall"} {
		assert.Regexp(t, `(?m)^-rwxr-xr-x 0/0 .* `+name+inside+`$`, listed)
	}
	_, err = run(t, root, []string{"SOURCE_DATE_EPOCH="}, "installer/macos/archive.sh", rendered(t), first)
	require.Error(t, err)

	// who has the archive alone has all that stage needs but the program
	unpacked := t.TempDir()
	printed, err = run(t, unpacked, nil, "tar", "--extract", "--file", second)
	require.NoError(t, err, printed)
	printed, err = run(t, filepath.Join(unpacked, name), []string{"BINARY=README.md", "NOTICES=README.md"}, "./build.sh", "stage")
	require.NoError(t, err, printed)
	for _, file := range []string{"cardbridge", "LICENSE.txt", "THIRD-PARTY-NOTICES.txt"} {
		assert.Contains(t, laid(t, filepath.Join(unpacked, name, "build/root")), "/Library/CardBridge/"+file)
	}
	theBuildOfTheArchive(t, filepath.Join(unpacked, name))
}
