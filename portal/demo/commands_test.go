package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/store"
)

const (
	personnel = "身分證號,自訂帳號,姓名,狀態\nA123456789,xiaoming.wang,王小明,現職\nF223456786,xiaomei.lin,林小美,現職\n"
	bindings  = "憑證機構,憑證序號,身分證號\nmoica,0000000000000001,A123456789\n"
	agencies  = "機關代碼,機關名稱,機關OID\n399990000A,範例機關,2.16.886.101.20003.29999\n"
)

// desk is a folder with a database at which commands are given.
type desk struct {
	t        *testing.T
	dir      string
	out, err bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, dir: t.TempDir()}
}

func (d *desk) file(name, text string) string {
	path := filepath.Join(d.dir, name)
	require.NoError(d.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// run gives the command at the desk's database, which its environment names.
func (d *desk) run(args ...string) error {
	d.out.Reset()
	d.err.Reset()
	return run(d.t.Context(), args, streams{strings.NewReader("A123456789\n"), &d.out, &d.err, func(name string) string {
		return map[string]string{databaseVariable: filepath.Join(d.dir, "portal.db")}[name]
	}})
}

func (d *desk) must(args ...string) string {
	d.t.Helper()
	require.NoError(d.t, d.run(args...), d.err.String())
	return d.out.String()
}

func TestImportAuditUnbind(t *testing.T) {
	d := newDesk(t)
	assert.Contains(t, d.must("import", "personnel", d.file("p.csv", personnel)), "added 2")
	assert.Contains(t, d.must("import", "agencies", d.file("a.csv", agencies)), "added 1")
	assert.Contains(t, d.must("import", "bindings", d.file("b.csv", bindings)), "added 1")
	assert.Contains(t, d.must("import", "-encoding", "utf-8", "personnel", d.file("p.csv", personnel)), "unchanged 2", "flags may come first")
	assert.Contains(t, d.must("unbind", "Xiaoming.Wang"), "moica/0000000000000001")
	require.ErrorIs(t, d.run("unbind", "xiaoming.wang"), account.ErrNoBinding)
	require.ErrorIs(t, d.run("unbind", "nobody"), account.ErrNoPerson)
	require.ErrorIs(t, d.run("unbind", "A123456788"), account.ErrMalformed)

	lines := strings.Split(strings.TrimSpace(d.must("audit", "-json")), "\n")
	require.Len(t, lines, 5)
	var last struct {
		Action  string `json:"action"`
		Outcome string `json:"outcome"`
		Person  string `json:"person"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[4]), &last))
	assert.Equal(t, "unbind", last.Action)
	assert.Len(t, last.Person, 64)
	assert.Contains(t, d.must("audit"), "personnel")
	for _, secret := range []string{"A123456789", "王小明", "F223456786"} {
		assert.NotContains(t, d.must("audit", "-since", "0"), secret)
	}
	assert.Empty(t, d.must("audit", "-since", "1ns"))
	assert.Contains(t, d.must("migrate"), "up to date")
}

// A person whose row has gone can be parted from the card by the ID number.
func TestUnbindWhoHasVanished(t *testing.T) {
	d := newDesk(t)
	d.must("import", "personnel", d.file("p.csv", personnel))
	d.must("import", "bindings", d.file("b.csv", bindings))
	header, rest, _ := strings.Cut(personnel, "\n")
	_, rest, _ = strings.Cut(rest, "\n")
	d.must("import", "-shrink", "personnel", d.file("p.csv", header+"\n"+rest))
	require.ErrorIs(t, d.run("unbind", "xiaoming.wang"), account.ErrNoPerson)
	assert.Contains(t, d.must("unbind", "-"), "moica/0000000000000001")
}

// All faulty lines are named at once, in both languages, without what they hold; the database stays as it was.
func TestFaultyFiles(t *testing.T) {
	d := newDesk(t)
	d.must("import", "personnel", d.file("p.csv", personnel))
	bad := personnel + "A123456788,x,王小明,現職\nB100144321,y,,現職\nC123456781,z,李小華,升官\n"
	err := d.run("import", "personnel", d.file("bad.csv", bad))
	require.ErrorIs(t, err, errNothingImported)
	for _, text := range []string{"第 4 行", "line 4", "第 5 行", "第 6 行"} {
		assert.Contains(t, d.err.String(), text)
	}
	assert.ErrorContains(t, err, "2 good lines, 3 bad ones")
	for _, secret := range []string{"A123456788", "李小華"} {
		assert.NotContains(t, d.err.String()+err.Error(), secret)
	}
	require.Error(t, d.run("import", "bindings", d.file("b.csv", strings.Replace(bindings, "moica", "MOICA", 1))))
	assert.Contains(t, d.err.String(), "write moica, not MOICA")
	for name, args := range map[string][]string{
		"empty":    {"personnel", d.file("e.csv", "身分證號,自訂帳號,姓名,狀態\n")},
		"no file":  {"personnel", filepath.Join(d.dir, "none.csv")},
		"kind":     {"people", d.file("p.csv", personnel)},
		"encoding": {"-encoding", "ebcdic", "personnel", d.file("p.csv", personnel)},
		"big5":     {"-encoding", "big5", "personnel", d.file("p.csv", personnel)},
		"no name":  {"personnel"},
	} {
		assert.Error(t, d.run(append([]string{"import"}, args...)...), name)
	}
	assert.Contains(t, d.must("import", "personnel", d.file("p.csv", personnel)), "unchanged 2")
}

func TestASecondSecretIsRefused(t *testing.T) {
	d := newDesk(t)
	d.must("import", "personnel", d.file("p.csv", personnel))
	other := filepath.Join(d.dir, "other.secret")
	require.ErrorIs(t, d.run("import", "-secret", other, "personnel", d.file("p.csv", personnel)), errNoSecret)
	assert.NoFileExists(t, other, "a wrong path leaves no second secret")
	require.NoError(t, os.WriteFile(other, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600))
	require.ErrorIs(t, d.run("import", "-secret", other, "personnel", d.file("p.csv", personnel)), store.ErrSecret)
	require.ErrorContains(t, d.run("migrate", "-database", "postgres://localhost/x"), "-secret")
	for _, args := range [][]string{{"audit"}, {"unbind", "x"}} {
		missing := filepath.Join(d.dir, "typo.db")
		require.ErrorIs(t, d.run(append(args[:1:1], append([]string{"-database", missing}, args[1:]...)...)...), os.ErrNotExist)
		assert.NoFileExists(t, missing)
	}
}

// A password in the database's address shows in no help and no error.
func TestAPasswordStaysHidden(t *testing.T) {
	var said bytes.Buffer
	address := "postgres://portal:Sup3rS3cret@127.0.0.1:1/portal"
	s := streams{strings.NewReader(""), io.Discard, &said, func(string) string { return address }}
	require.Error(t, run(t.Context(), []string{"migrate", "-help"}, s))
	err := run(t.Context(), []string{"migrate", "-secret", filepath.Join(t.TempDir(), "s")}, s)
	require.Error(t, err)
	assert.NotContains(t, said.String()+err.Error(), "Sup3rS3cret")
	assert.Contains(t, said.String(), "-database")
	for _, odd := range []string{"mysql://u:Sup3rS3cret@h/x", "host=h user=u password=Sup3rS3cret dbname=x"} {
		err := run(t.Context(), []string{"migrate", "-database", odd, "-secret", filepath.Join(t.TempDir(), "s")}, s)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "Sup3rS3cret")
	}
}
