//go:build unix

package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

const (
	home   = "/home/w1"
	self   = "/usr/bin/cardbridge"
	module = "/usr/lib/opensc-pkcs11.so"
	reader = "Example Reader [CCID Interface] (SN55667788) 00 00"
	hostID = "tw.cardbridge.host"
	ourID  = "abcdefghijklmnopabcdefghijklmnop"
	holder = "王小明"
	number = "1234567890123456"

	agentSocket       = "/run/cardbridge-agent/agent.sock"
	chromiumExtension = home + "/.config/chromium/Default/Extensions/" + ourID
)

var now = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

// fakeCards is a token room with whatever cards a test wants.
type fakeCards struct {
	modules []token.Module
	inv     token.Inventory
	err     error
	probe   error
}

func (f *fakeCards) Probe(context.Context, token.Module) (token.Library, error) {
	return token.Library{Description: "Example PKCS#11", Version: "0.23"}, f.probe
}

func (f *fakeCards) Modules() []token.Module { return f.modules }

func (f *fakeCards) Look(context.Context) (token.View, error) { return f.inv.View, nil }

func (f *fakeCards) Scan(context.Context, *token.Spare) (token.Inventory, error) { return f.inv, f.err }

// fabricated is a machine in a folder.
type fabricated struct {
	t     *testing.T
	m     Machine
	cards *fakeCards
	agent AgentState
	owned map[string]int // who else than root owns a file
}

func (f *fabricated) path(path string) string { return filepath.Join(f.m.Root, path) }

func (f *fabricated) write(path, text string, mode os.FileMode) {
	f.t.Helper()
	require.NoError(f.t, os.MkdirAll(filepath.Dir(f.path(path)), 0o755))
	require.NoError(f.t, os.WriteFile(f.path(path), []byte(text), mode))
	require.NoError(f.t, os.Chmod(f.path(path), mode)) // whatever the umask
}

func (f *fabricated) remove(path string) { require.NoError(f.t, os.RemoveAll(f.path(path))) }

// policy installs a document. It says which extension is ours, so that a release has one too.
func (f *fabricated) policy(text string) {
	f.write("/etc/cardbridge/policy.json", text, 0o644)
	f.m.Policy = policy.Load(f.path("/etc/cardbridge/policy.json"))
}

func (f *fabricated) spot(id string) browsers.Spot {
	spots, err := browsers.Spots(browsers.Target{Home: home, Host: hostID, Extensions: []string{ourID}})
	require.NoError(f.t, err)
	for _, s := range spots {
		if s.ID == id {
			return s
		}
	}
	f.t.Fatalf("no browser %s", id)
	return browsers.Spot{}
}

// manifest writes one as register does; change may spoil it.
func (f *fabricated) manifest(path, id string, change func(m map[string]any)) {
	f.write(path, manifestText(f.t, f.spot(id), self, change), 0o644)
}

func (f *fabricated) view(readers ...token.Reader) { f.cards.inv.View.Readers = readers }

// certificate is one of the holder's, from a CA with the name of a real one.
func (f *fabricated) certificate(from, until time.Time) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f.t, err)
	ca := &x509.Certificate{Subject: pkix.Name{OrganizationalUnit: []string{"內政部憑證管理中心"}}}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(0x5EC12E7), Subject: pkix.Name{CommonName: holder, SerialNumber: number},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}, ca, key.Public(), key)
	require.NoError(f.t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(f.t, err)
	f.cards.inv.Certificates = []token.Certificate{{X509: cert, Reader: reader, Token: holder}}
}

// library is the beginning of one for a processor.
func library(machine elf.Machine) string {
	b := make([]byte, 64)
	copy(b, elf.ELFMAG)
	b[18] = byte(machine)
	return string(b)
}

// extension unpacks one of a version as Chromium does.
func (f *fabricated) extension(folder, version, protocols string) {
	base := chromiumExtension + "/" + folder
	f.write(base+"/manifest.json", `{"version":"`+version+`"}`, 0o644)
	f.write(base+"/background/hostlink.js", "// x\nexport const PROTOCOLS = "+protocols+";\n", 0o644)
}

const listenHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// healthy has two browsers that know the host, one reader with a card that is valid for years.
func healthy(t *testing.T) *fabricated {
	f := &fabricated{t: t, cards: &fakeCards{modules: []token.Module{{Path: module}}}}
	f.m = Machine{
		Root: t.TempDir(), System: "linux", Arch: "amd64", Home: home, Host: hostID, Executable: self, Version: "1.2.3", Now: now, Cards: f.cards,
	}
	require.NoError(t, os.Chmod(f.m.Root, 0o755)) // whatever the umask
	f.agent = AgentState{Installed: true, Path: agentSocket, Version: "1.2.3"}
	f.m.Agent = func(context.Context) AgentState { return f.agent }
	f.m.Owner = func(path string) (int, bool) { return f.owned[path], true }
	f.write(self, "program", 0o755)
	require.NoError(t, os.Chtimes(f.path(self), now.AddDate(-1, 0, 0), now.AddDate(-1, 0, 0)))
	f.write(module, library(elf.EM_X86_64), 0o644)
	f.policy(`{"portals":[],"extensions":["` + ourID + `"]}`)
	f.write("/usr/bin/chromium", "", 0o755)
	f.write("/usr/bin/firefox-esr", "", 0o755)
	f.manifest("/etc/chromium/native-messaging-hosts/"+hostID+".json", "chromium", nil)
	f.manifest("/usr/lib/mozilla/native-messaging-hosts/"+hostID+".json", "firefox", nil)
	f.write(home+"/.config/chromium/Last Version", "150.0.7871.100", 0o644)
	f.write("/usr/lib/firefox-esr/application.ini", "[App]\nVendor=Mozilla\nVersion=140.5.0\n", 0o644)
	f.write(home+"/.mozilla/firefox/profiles.ini", "", 0o644)
	f.extension("0.9.0_0", "0.9.0", "[9]") // of before; Chromium keeps it for a while
	f.extension("0.10.0_0", "0.10.0", "[1, 2]")
	f.write("/proc/net/tcp", listenHead+"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n", 0o444)
	f.write("/proc/1/comm", "init\n", 0o444)
	f.view(token.Reader{Name: reader, State: token.ReaderPresent})
	f.certificate(now.AddDate(-1, 0, 0), now.AddDate(3, 0, 0))
	return f
}

// bad are the findings that want a repair, as "check code".
func (f *fabricated) bad() (list []string) {
	for _, finding := range Examine(context.Background(), f.m) {
		if finding.Level.Bad() {
			list = append(list, finding.Check+" "+finding.Code)
		}
	}
	return list
}

func replaced(old, with string) func(map[string]any) {
	return func(m map[string]any) {
		raw, _ := json.Marshal(m)
		_ = json.Unmarshal([]byte(strings.ReplaceAll(string(raw), old, with)), &m)
	}
}
