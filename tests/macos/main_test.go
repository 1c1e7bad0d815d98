// Package macos tests what makes the installer package for macOS, as far as Linux can.
//
// The layout is made here and compared with what the program expects. Signing, packing, notarizing, installing want a Mac.
package macos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root  = "../.."
	room  = root + "/installer/macos"
	host  = "tw.cardbridge.host"
	ownID = "cccccccccccccccccccccccccccccccc"
)

// built are the programs that the tests run, each built once.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "cardbridge macos"); err == nil {
			defer os.RemoveAll(built)
			cmd := exec.Command("go", "build", "-o", built+"/", "./manifests/render", "./host")
			cmd.Dir, cmd.Stderr = root, os.Stderr
			err = cmd.Run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// run is a program's end in a folder, with what it printed.
func run(t *testing.T, dir string, environment []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended, "%s could not be run", name)
	}
	return string(out), err
}

// rendered is DIR/macos of the renderer, for a release with an id of its own.
func rendered(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "描述檔 folder")
	if args == nil {
		args = []string{"-own", ownID, "-update-url", "https://files.example.gov.tw/updates.xml"}
	}
	printed, err := run(t, root, nil, filepath.Join(built, "render"), append([]string{"-out", out}, args...)...)
	require.NoError(t, err, printed)
	return filepath.Join(out, "macos")
}

// stage lays a package out, whose program is any file: no program for macOS can be built here.
func stage(t *testing.T, environment ...string) (folder, printed string, err error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "安裝 套件")
	binary := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(binary, []byte("program"), 0o600))
	notices := filepath.Join(t.TempDir(), "授權 notices")
	require.NoError(t, os.WriteFile(notices, []byte("licences of others"), 0o600))
	printed, err = run(t, room, append([]string{"OUT=" + out, "BINARY=" + binary, "NOTICES=" + notices}, environment...), "./build.sh", "stage")
	return filepath.Join(out, "root"), printed, err
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(raw)
}

// constant is one of the program's own for macOS.
func constant(t *testing.T, file, name string) string {
	t.Helper()
	m := regexp.MustCompile(name + `\s+= "(.*)"`).FindStringSubmatch(read(t, filepath.Join(root, file)))
	require.NotNil(t, m, name)
	return m[1]
}

// plist reads a property list with Python's own reader.
func plist(t *testing.T, name string) (values map[string]any) {
	t.Helper()
	cmd := exec.Command("python3", "-c", "import json, plistlib, sys; json.dump(plistlib.load(sys.stdin.buffer, fmt=plistlib.FMT_XML), sys.stdout)")
	cmd.Stdin = strings.NewReader(read(t, name))
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", name, problems.String())
	require.NoError(t, json.Unmarshal(out, &values))
	return values
}
