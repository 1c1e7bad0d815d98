package macos

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stubs stand in for tools of a Mac's, or of root's: each notes its arguments, then does what its script says.
type stubs struct {
	folder    string
	variables []string
}

func stand(t *testing.T, scripts map[string]string) stubs {
	t.Helper()
	s := stubs{folder: t.TempDir()}
	for name, script := range scripts {
		note := `for a; do line="${line-}|$a"; done; echo "` + name + `${line-}" >>"$STUBS/called"` + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(s.folder, name), []byte("#!/bin/sh\n"+note+script+"\n"), 0o700))
	}
	s.variables = []string{"STUBS=" + s.folder, "PATH=" + s.folder + ":" + os.Getenv("PATH")}
	return s
}

// called are the calls so far: name|argument|argument.
func (s stubs) called(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.folder, "called"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

// theBuildOfTheArchive builds "on a Mac": the program lets in whom the archive's manifests let in.
func theBuildOfTheArchive(t *testing.T, unpacked string) {
	t.Helper()
	mac := stand(t, map[string]string{"uname": "echo Darwin", "go": "", "lipo": ""})
	source, err := filepath.Abs(root)
	require.NoError(t, err)
	binary := func(environment ...string) (string, error) {
		return run(t, unpacked, append(append([]string{"SOURCE=" + source}, mac.variables...), environment...), "./build.sh", "binary")
	}
	version := strings.TrimSpace(read(t, filepath.Join(root, "VERSION")))
	printed, err := binary()
	require.NoError(t, err, printed)
	builds := regexp.MustCompile(`(?m)^go\|build\|.*$`).FindAllString(strings.Join(mac.called(t), "\n"), -1)
	require.Len(t, builds, 2)
	for _, line := range builds {
		assert.Contains(t, line, " -X main.version="+version+" -X github.com/cardbridge/cardbridge/manifests.extensionIDs="+ownID+"|")
	}
	assert.Regexp(t, `(?m)^go\|run\|\./installer/notices\|-out\|.*/build/THIRD-PARTY-NOTICES\.txt\|.*/build/cardbridge-arm64\|.*/build/cardbridge-amd64$`, strings.Join(mac.called(t), "\n"))
	printed, err = binary("EXTENSION_IDS=" + strings.Repeat("d", 32))
	require.NoError(t, err, printed)
	assert.Contains(t, strings.Join(mac.called(t), "\n"), "extensionIDs="+strings.Repeat("d", 32)+"|", "another that was given")

	before := mac.called(t)
	printed, err = binary("VERSION=9.9.9")
	require.Error(t, err)
	assert.Contains(t, printed, "not that of version 9.9.9")
	require.NoError(t, os.WriteFile(filepath.Join(unpacked, "EXTENSION_IDS"), []byte("\n"), 0o600))
	printed, err = binary()
	require.Error(t, err)
	assert.Contains(t, printed, "no extension's id is known")
	require.NoError(t, os.Remove(filepath.Join(unpacked, "EXTENSION_IDS")))
	printed, err = binary()
	require.Error(t, err)
	assert.Contains(t, printed, "no extension's id is known")
	for _, line := range mac.called(t)[len(before):] {
		assert.Equal(t, "uname|-s", line, "nothing is built")
	}
}

// agent is a launchctl whose agent is gone after some questions; bootout says that it is in progress.
func agent(questions string) string {
	return `case $1 in
print)
	asked=0
	[ ! -f "$STUBS/asked" ] || read -r asked <"$STUBS/asked"
	echo $((asked + 1)) >"$STUBS/asked"
	[ "$asked" -lt ` + questions + ` ] ;;
bootout) echo "Boot-out failed: 36: Operation now in progress" >&2; exit 36 ;;
esac`
}

func TestTheAgentIsStoppedBeforeItsProgramIsReplaced(t *testing.T) {
	for questions, want := range map[string]struct{ fails, boots bool }{"0": {}, "4": {boots: true}, "1000": {fails: true, boots: true}} {
		mac := stand(t, map[string]string{"launchctl": agent(questions), "sleep": ""})
		printed, err := run(t, room, mac.variables, "scripts/preinstall")
		assert.Equal(t, want.fails, err != nil, "%s: %s", questions, printed)
		calls := strings.Join(mac.called(t), "\n")
		assert.Equal(t, want.boots, strings.Contains(calls, "launchctl|bootout|system/cardbridge-agent"), calls)
	}
	stopped := regexp.MustCompile(`(?ms)^stopped\(\) \{\n.*?^\}\n`)
	ours := stopped.FindString(read(t, filepath.Join(room, "uninstall.sh")))
	require.NotEmpty(t, ours)
	require.Equal(t, ours, stopped.FindString(read(t, filepath.Join(room, "scripts/preinstall"))))
}

func TestTheRemoval(t *testing.T) {
	ours := filepath.Join(t.TempDir(), "a file of ours")
	remove := func(user, questions string, args ...string) (mac stubs, printed string, err error) {
		require.NoError(t, os.WriteFile(ours, nil, 0o600))
		mac = stand(t, map[string]string{
			"launchctl": agent(questions), "sleep": "", "id": "echo " + user, "rmdir": "",
			"pkgutil": `[ "$1" != --only-files ] || echo '` + strings.TrimPrefix(ours, "/") + `'`,
			"rm":      `case $2 in "` + "/" + `Library/"*) ;; *) exec /bin/rm "$@" ;; esac`,
		})
		printed, err = run(t, room, mac.variables, "./uninstall.sh", args...)
		return mac, printed, err
	}
	const policy = "rm|-f|/Library/Application Support/CardBridge/policy.json"
	for _, questions := range []string{"0", "4", "1000"} {
		mac, printed, err := remove("0", questions)
		require.NoError(t, err, printed)
		assert.False(t, exists(ours), "an agent that takes its time, or does not end, keeps no file")
		assert.Contains(t, mac.called(t), "pkgutil|--forget|"+host)
		assert.NotContains(t, mac.called(t), policy)
		assert.Equal(t, questions == "1000", strings.Contains(printed, "The agent has not ended"), printed)
	}
	mac, printed, err := remove("0", "0", "--purge")
	require.NoError(t, err, printed)
	assert.Contains(t, mac.called(t), policy)

	for _, args := range [][]string{{"--pruge"}, {"--help"}, {"--purge", "x"}, {""}} {
		mac, printed, err = remove("0", "0", args...)
		require.Error(t, err, "%q", args)
		assert.Contains(t, printed, "Usage: uninstall.sh [--purge]")
		assert.Equal(t, []string{"id|-u"}, mac.called(t), "nothing is touched")
	}
	mac, printed, err = remove("501", "0")
	require.Error(t, err)
	assert.Contains(t, printed, "sudo")
	assert.True(t, exists(ours))
	assert.Equal(t, []string{"id|-u"}, mac.called(t))
}

// volume has a package installed on it, with the host of this system as the program.
func volume(t *testing.T, first string) (folder string, tools stubs, install func() (string, error)) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "Macintosh HD")
	ours := filepath.Join(folder, "Library/CardBridge")
	require.NoError(t, os.MkdirAll(ours, 0o755))
	program, err := filepath.Abs(filepath.Join(built, "host"))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(ours, "cardbridge")))
	if first != "" {
		require.NoError(t, os.WriteFile(filepath.Join(ours, "policy.first.json"), []byte(first), 0o644))
	}
	environment := stand(t, map[string]string{"chown": ""}) // Linux has no group wheel, and who tests may be anybody
	script, err := filepath.Abs(filepath.Join(room, "scripts/postinstall"))
	require.NoError(t, err)
	return folder, environment, func() (string, error) {
		return run(t, folder, environment.variables, script, "host.pkg", "/", folder, "/")
	}
}

func TestTheFirstPolicyIsPutWhereNoneIs(t *testing.T) {
	place := constant(t, "host/internal/policy/path_darwin.go", "systemPath")
	folder, tools, install := volume(t, `{"language":"zh-TW"}`)
	printed, err := install()
	require.NoError(t, err, printed)
	policy := filepath.Join(folder, place)
	require.Equal(t, `{"language":"zh-TW"}`, read(t, policy))
	info, err := os.Stat(policy)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	assert.Equal(t, []string{"chown|root:wheel|" + filepath.Dir(policy), "chown|root:wheel|" + policy}, tools.called(t))

	require.NoError(t, os.WriteFile(policy, []byte(`{"language":"en"}`), 0o644))
	printed, err = install()
	require.NoError(t, err, printed)
	require.Equal(t, `{"language":"en"}`, read(t, policy), "an administrator's stays")
	require.NoError(t, os.Remove(policy))
	require.NoError(t, os.Symlink("elsewhere.json", policy))
	printed, err = install()
	require.NoError(t, err, printed)
	target, err := os.Readlink(policy)
	require.NoError(t, err)
	require.Equal(t, "elsewhere.json", target, "a link that leads nowhere yet, too")

	folder, _, install = volume(t, `{"langauge":"zh-TW"}`)
	printed, err = install()
	require.Error(t, err, "a policy that permits nothing is seen at the installation")
	assert.Contains(t, printed, "langauge")
	assert.False(t, exists(filepath.Join(folder, place)))

	folder, _, install = volume(t, "")
	printed, err = install()
	require.NoError(t, err, printed)
	assert.False(t, exists(filepath.Join(folder, place)))
}

// An agent that an administrator has disabled, which launchd does not let in, does not end an upgrade.
func TestAnAgentThatIsNotLetIn(t *testing.T) {
	const place = "/Library/LaunchDaemons/cardbridge-agent.plist"
	daemon := filepath.Join(t.TempDir(), "agent.plist")
	require.NoError(t, os.WriteFile(daemon, nil, 0o600))
	text := read(t, filepath.Join(room, "scripts/postinstall"))
	require.Equal(t, 1, strings.Count(text, "daemon="+place+"\n"))
	script := filepath.Join(t.TempDir(), "postinstall")
	require.NoError(t, os.WriteFile(script, []byte(strings.Replace(text, place, "'"+daemon+"'", 1)), 0o700))
	for _, refused := range []bool{false, true} {
		tool := ""
		if refused {
			tool = `echo "Bootstrap failed: 5: Input/output error" >&2; exit 5`
		}
		mac := stand(t, map[string]string{"launchctl": tool})
		printed, err := run(t, room, mac.variables, script, "host.pkg", "/", "/", "/")
		require.NoError(t, err, printed)
		assert.Equal(t, []string{"launchctl|bootstrap|system|" + daemon}, mac.called(t))
		assert.Equal(t, refused, strings.Contains(printed, "The agent was not started. If it was disabled before: sudo launchctl enable system/cardbridge-agent"), printed)
		assert.Equal(t, refused, strings.Contains(printed, "服務沒有啟動"), printed)
	}
}
