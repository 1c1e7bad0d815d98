package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	scratch "github.com/cardbridge/cardbridge/tests/registry"
)

const (
	hostID = "tw.cardbridge.host"
	person = "Wang.W1" // the home folder's name
)

// TestMain: these tests write into the registry where browsers look, so that they want a Windows that is thrown away.
func TestMain(m *testing.M) {
	if err := scratch.Check(); err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// noCards has PC/SC with one empty reader.
type noCards struct{ view token.View }

func (c *noCards) Probe(context.Context, token.Module) (token.Library, error) {
	return token.Library{Description: "Example PKCS#11", Version: "0.23"}, nil
}

func (c *noCards) Modules() []token.Module { return nil }

func (c *noCards) Look(context.Context) (token.View, error) { return c.view, nil }

func (c *noCards) Scan(context.Context, *token.Spare) (token.Inventory, error) {
	return token.Inventory{View: c.view}, nil
}

// computer is the one on which the tests run, with what they put there.
type computer struct {
	t      *testing.T
	m      Machine
	cards  *noCards
	folder string
}

// written are the keys that tests make, gone before each and after.
var written = []string{`Software\Google`, `Software\Chromium`, `Software\Microsoft\Edge`, `Software\BraveSoftware`, `Software\Mozilla`, `Software\Policies\Google`,
	`Software\Policies\Chromium`, `Software\Policies\Microsoft\Edge`, `Software\Policies\BraveSoftware`, `Software\Policies\Mozilla`,
	`Software\Clients\StartMenuInternet`, appPaths + "chrome.exe", appPaths + "msedge.exe", appPaths + "brave.exe", appPaths + "firefox.exe"}

func remove(t *testing.T, h hive, key string) {
	t.Helper()
	scratch.Remove(t, h.key, key)
}

func (c *computer) clean() {
	for _, h := range []hive{personal, common} {
		for _, key := range written {
			remove(c.t, h, key)
		}
	}
}

// set writes a value: text, a number or lines.
func (c *computer) set(h hive, view uint32, key, name string, value any) {
	c.t.Helper()
	scratch.Set(c.t, h.key, view, key, map[string]any{name: value})
}

// move has one of the person's folders be elsewhere while a test runs.
func (c *computer) move(name, path string) {
	c.t.Helper()
	const folders = `Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders`
	k, err := registry.OpenKey(registry.CURRENT_USER, folders, registry.QUERY_VALUE|registry.SET_VALUE)
	require.NoError(c.t, err)
	before, _, err := k.GetStringValue(name)
	require.NoError(c.t, err)
	require.NoError(c.t, k.SetExpandStringValue(name, path))
	c.t.Cleanup(func() {
		require.NoError(c.t, k.SetExpandStringValue(name, before))
		require.NoError(c.t, k.Close())
	})
}

func (c *computer) write(name, text string) (path string) {
	c.t.Helper()
	path = filepath.Join(c.folder, name)
	require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(c.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func (c *computer) spot(id string) browsers.Spot {
	c.t.Helper()
	spots, err := browsers.Spots(browsers.Target{Home: c.m.Home, Host: hostID})
	require.NoError(c.t, err)
	for _, s := range spots {
		if s.ID == id {
			require.NotEmpty(c.t, s.Allowed, "the tests want a development build, which has an id of its own")
			return s
		}
	}
	c.t.Fatalf("no browser %s", id)
	return browsers.Spot{}
}

// manifest writes one as register does; change may spoil it.
func (c *computer) manifest(file, id string, change func(m map[string]any)) (path string) {
	return c.write(file, manifestText(c.t, c.spot(id), c.m.Executable, change))
}

// install has a browser with a manifest of the computer's, noted where its installer notes it.
func (c *computer) install(id, program string) {
	path := c.write(filepath.Join("programs", program), "program")
	c.set(personal, 0, appPaths+filepath.Base(program), "", path)
	c.set(common, 0, c.spot(id).System, "", c.manifest(id+".json", id, nil))
}

// healthy has Chrome and Firefox, which know the host, the extension in Chrome.
func healthy(t *testing.T) *computer {
	folder, err := os.MkdirTemp("", "doctor-") // not t.TempDir: Wine 8 cannot remove its files
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	c := &computer{t: t, folder: folder, cards: &noCards{view: token.View{Readers: []token.Reader{{Name: "Example Reader 0"}}}}}
	c.m = Machine{System: "windows", Arch: "amd64", Home: filepath.Join(folder, person), Host: hostID, Executable: self, Version: "1.2.3", Now: time.Now(),
		Policy: policy.Load(filepath.Join(folder, "none.json")), Cards: c.cards}
	require.Nil(t, c.m.Policy.Fault())
	c.move("Local AppData", filepath.Join(c.m.Home, "AppData", "Local"))
	c.move("AppData", filepath.Join(c.m.Home, "AppData", "Roaming"))
	c.clean()
	t.Cleanup(c.clean)
	c.install("chrome", `Google\Chrome\chrome.exe`)
	c.install("firefox", `Firefox\firefox.exe`)
	c.set(personal, 0, `Software\Google\Chrome\BLBeacon`, "version", "150.0.7871.100")
	c.set(common, 0, `Software\Mozilla\Mozilla Firefox`, "CurrentVersion", "140.5.0 (x64 zh-TW)")
	c.extension("0.10.0", "[1, 2]")
	return c
}

// extension unpacks one of a version as Chromium does.
func (c *computer) extension(version, protocols string) {
	base := person + `\AppData\Local\Google\Chrome\User Data\Default\Extensions\` + plainID(c.spot("chrome").Allowed[0]) + `\` + version + "_0\\"
	c.write(base+"manifest.json", `{"version":"`+version+`"}`)
	c.write(base+`background\hostlink.js`, "export const PROTOCOLS = "+protocols+";\n")
}

// bad are the findings about browsers, as "check code".
func (c *computer) bad() (list []string) {
	for _, finding := range Examine(context.Background(), c.m) {
		if finding.Level.Bad() && finding.Code != "moduleNone" { // there is none here
			list = append(list, finding.Check+" "+finding.Code)
		}
	}
	return list
}

// said is what is found under a code.
func (c *computer) said(code string) Finding {
	c.t.Helper()
	list := Examine(context.Background(), c.m)
	for _, finding := range list {
		if finding.Code == code {
			return finding
		}
	}
	c.t.Fatalf("no %s in %+v", code, list)
	return Finding{}
}
