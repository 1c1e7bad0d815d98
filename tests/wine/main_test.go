// Package wine runs the Windows build under Wine.
//
// What holds here holds for our code, with Wine's service manager and Wine's pipes. Wine 8 keeps no rights on pipes, no settings of a
// service but the plain ones, no recovery, one session, one account, no smart cards: those are for a real Windows.
package wine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long anything may take before a test calls it stuck: Wine on a busy machine is slow.
const patience = 2 * time.Minute

// Debian's wine64 leaves the programs here, without links on the PATH.
const (
	wine       = "/usr/lib/wine/wine64"
	wineserver = "/usr/lib/wine/wineserver64"
	mingw      = "x86_64-w64-mingw32-gcc"
)

// installed is where the release build lies, among the programs that only administrators replace.
const installed = `C:\Program Files\CardBridge\cardbridge.exe`

// world is the folder of a run: prefix (a Windows of its own), what was built, what was printed.
var world string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if world, err = os.MkdirTemp("", "cardbridge-wine-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(world)
	defer func() {
		for _, place = range made {
			end()
		}
	}()
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "wine: preparing:", err)
		return 1
	}
	return m.Run()
}

// environment is all that a program sees: Chinese in its words, no display, no talk, no offer to download anything.
func environment() []string {
	return []string{"HOME=" + world, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "WINEPREFIX=" + prefix(), "WINESERVER=" + wineserver, "WINEDEBUG=-all", "DISPLAY=",
		"WINEDLLOVERRIDES=mscoree=;mshtml=;winemenubuilder.exe="}
}

// place is the Windows in which programs run; made are all that there are. What one concern leaves does not meet another.
var (
	place = "prefix"
	made  []string
)

func prefix() string { return filepath.Join(world, place) }

// inWindows is a path of Windows, seen from outside.
func inWindows(path string) string {
	return filepath.Join(prefix(), "drive_c", strings.ReplaceAll(strings.TrimPrefix(path, `C:\`), `\`, "/"))
}

// prepare builds what runs there, makes a Windows with our program.
func prepare() error {
	build := map[string][]string{
		"release": {"go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=0.0.1", "-o", world + "/cardbridge.exe", "./host"},
		"shim":    {mingw, "-shared", "-O2", "-s", "-o", world + "/bcryptprimitives.dll", "tests/wine/windows/bcryptprimitives.c", "-ladvapi32"},
		"foe":     {mingw, "-O2", "-s", "-o", world + "/impostor.exe", "tests/wine/windows/impostor.c"},
	}
	for _, words := range build {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "GOOS=windows", "CGO_ENABLED=1", "CC="+mingw)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", words, err, out)
		}
	}
	if err := fresh(); err != nil {
		return err
	}
	return put("cardbridge.exe", installed)
}

// fresh makes a Windows. The server is started first, so that no program starts it that has pipes.
func fresh() error {
	if err := os.Mkdir(prefix(), 0o700); err != nil {
		return err
	}
	made = append(made, place)
	for _, words := range [][]string{{"wineboot", "-i"}, {"winecfg", "-v", "win10"}} {
		if err := server("-p"); err != nil {
			return err
		}
		if out, err := program(words[0], words[1:]...); err != nil {
			return fmt.Errorf("%s: %w\n%s", words, err, out)
		}
		end() // the service manager of the first start remembers nothing: its place in the registry is made anew under it
	}
	if err := server("-p"); err != nil {
		return err
	}
	return put("bcryptprimitives.dll", `C:\windows\system32\bcryptprimitives.dll`)
}

func put(built, where string) error {
	if err := os.MkdirAll(filepath.Dir(inWindows(where)), 0o755); err != nil {
		return err
	}
	return os.Link(filepath.Join(world, built), inWindows(where))
}

// server steers Wine's server, which starts with the first program and ends after the last, if it is not told to stay. Nothing of
// it is collected: it would hold a pipe open.
func server(how string) error {
	cmd := exec.Command(wineserver, how)
	cmd.Env = environment()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", wineserver, how, err)
	}
	return nil
}

// end stops everything of this prefix, waits until it has ended.
func end() {
	_ = server("-k") // it says so, if nothing runs
	_ = server("-w")
}

// program runs one to its end. What it prints goes to a file: a service that it starts would hold a pipe open.
func program(name string, args ...string) (printed string, err error) {
	out, err := os.CreateTemp(world, "printed-")
	if err != nil {
		return "", err
	}
	defer out.Close()
	cmd := exec.Command(wine, append([]string{name}, args...)...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = environment(), world, out, out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	if !stuck.Stop() {
		err = fmt.Errorf("not finished after %s", patience)
	}
	text, readErr := os.ReadFile(out.Name())
	return string(text), errors.Join(err, readErr)
}
