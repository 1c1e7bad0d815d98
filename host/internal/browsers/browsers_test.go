package browsers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func target(home string) Target {
	return Target{Home: home, Executable: "/usr/bin/cardbridge", Host: "tw.cardbridge.host", Extensions: []string{strings.Repeat("a", 32)}}
}

func TestRegisterPerUser(t *testing.T) {
	home := t.TempDir()
	for range 2 { // idempotent
		placed, err := Register(target(home))
		require.NoError(t, err)
		require.Len(t, placed, 5)
		for _, p := range placed {
			raw, err := os.ReadFile(p.Path)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(p.Path, home))
			var m map[string]any
			require.NoError(t, json.Unmarshal(raw, &m))
			require.Equal(t, "tw.cardbridge.host", m["name"])
			require.Equal(t, "stdio", m["type"])
			require.Equal(t, "/usr/bin/cardbridge", m["path"])
			if p.Browser == "Mozilla Firefox" {
				require.Equal(t, []any{"cardbridge@cardbridge.tw"}, m["allowed_extensions"])
				require.NotContains(t, m, "allowed_origins")
			} else {
				require.Contains(t, m["allowed_origins"], "chrome-extension://"+strings.Repeat("a", 32)+"/")
				require.NotContains(t, m, "allowed_extensions")
			}
		}
	}
	left := files(t, home)
	require.Len(t, left, 5, "no temporary file stays")
	_, err := Unregister(target(home))
	require.NoError(t, err)
	require.Empty(t, files(t, home))
	_, err = Unregister(target(home))
	require.NoError(t, err, "nothing there is no error")
}

func TestOnly(t *testing.T) {
	home := t.TempDir()
	one := target(home)
	one.Only = []string{"chromium"}
	placed, err := Register(one)
	require.NoError(t, err)
	require.Equal(t, []Placed{{"Chromium", filepath.Join(home, ".config/chromium/NativeMessagingHosts/tw.cardbridge.host.json")}}, placed)
	one.Only = []string{"netscape"}
	_, err = Register(one)
	require.Error(t, err)
}

// On Linux Brave reads Chrome's folder: taking Brave out must leave Chrome in.
func TestSharedPlaces(t *testing.T) {
	system := target("")
	system.System = true
	system.Only = []string{"brave"}
	require.True(t, system.shared("/etc/opt/chrome/native-messaging-hosts"))
	system.Only = []string{"brave", "chrome"}
	require.False(t, system.shared("/etc/opt/chrome/native-messaging-hosts"))
	system.Only = nil
	require.False(t, system.shared("/etc/opt/chrome/native-messaging-hosts"))
}

func TestNoHome(t *testing.T) {
	_, err := Register(target(""))
	require.ErrorContains(t, err, "home")
}

// A release without any store id must not place a manifest that lets nobody, or anybody, in.
func TestNoExtension(t *testing.T) {
	none := target(t.TempDir())
	none.Extensions = nil
	_, err := none.manifest("chromium")
	if strings.Contains(dev(t), "chrome-extension://") {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, ErrNoExtension)
}

func dev(t *testing.T) string {
	none := target(t.TempDir())
	none.Extensions = nil
	m, _ := none.manifest("chromium")
	return string(m)
}

func files(t *testing.T, dir string) (list []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}))
	return list
}
