// Package fault is a PKCS#11 module for tests that stands before a real one, whose calls fail as a test wants.
//
// The module is a shared library in C (folder module). Processes that load it have no environment that could tell it anything, so
// everything lies beside the library: library.so.control says what to do, library.so.calls receives a line for each call. The
// control file is read again at every call, so a test can change it while a process holds the module.
//
// The control file has a rule on each line: a subject, conditions, an action with its arguments, separated by blanks. A line that
// begins with # is a comment.
//
//	module PATH                  the real module; Set writes this line itself
//
//	C_Name … crash               SIGSEGV; also: abort; exit CODE; hang; grow (takes memory until there is none)
//	C_Name … fork                leaves a copy of the process behind, which does nothing, and goes on
//	C_Name … delay MS            goes on afterwards; also: print (writes to standard output and standard error)
//	C_Name … return CODE         without asking the real module
//	C_Name … answer CODE         asks it, changes what is not CKR_OK into CODE
//	C_Name … garbage [huge]      asks it, then spoils the answer
//
//	slots … none | twin          no token anywhere; each slot a second time under another number
//	token … flags +0x1 -0x2 …    flags of C_GetTokenInfo
//	token … pins MIN MAX         lengths of a PIN
//	sessions … readonly          CKR_TOKEN_WRITE_PROTECTED for read-write sessions
//	mechanisms … refuse CKM …    CKR_MECHANISM_INVALID
//	pad … types MS PIN           C_Login without a PIN waits, then logs in with that one
//	pad … cancel MS              the person presses the pad's red key
//	objects … hide KIND          KIND is public, private or certificate
//	objects … id strip KIND      those have no CKA_ID; other: one that is nobody else's
//
// Conditions: in ROLE (the first argument of the process is that), after N (the function was called more than N times in this
// process), loggedin, loggedout.
package fault

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed module
var source embed.FS

// Library is the compiled module.
type Library struct{ path string }

// Build compiles the module into a folder, which must exist.
func Build(dir string) (Library, error) {
	headers, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/miekg/pkcs11").Output()
	if err != nil {
		return Library{}, fmt.Errorf("fault: where are the headers of PKCS#11: %w", err)
	}
	names, err := fs.Glob(source, "module/*")
	if err != nil {
		return Library{}, err
	}
	lib := Library{filepath.Join(dir, "fault.so")}
	args := []string{"-std=gnu11", "-Wall", "-Werror", "-O1", "-fno-strict-aliasing", "-fPIC", "-shared", "-fvisibility=hidden",
		"-I", strings.TrimSpace(string(headers)), "-o", lib.path}
	for _, name := range names {
		text, err := source.ReadFile(name)
		if err != nil {
			return lib, err
		}
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return lib, err
		}
		if filepath.Ext(file) == ".c" {
			args = append(args, file)
		}
	}
	if out, err := exec.Command("gcc", append(args, "-ldl")...).CombinedOutput(); err != nil {
		return lib, fmt.Errorf("fault: gcc: %w\n%s", err, out)
	}
	return lib, nil
}

// Module is the library at one path, before one real module.
type Module struct {
	Path string // for whoever loads it
	real string
}

// At puts the library at a path, without faults.
func (l Library) At(path, realModule string) (*Module, error) {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		return nil, fmt.Errorf("fault: Build comes first: %w", err)
	}
	m := &Module{path, realModule}
	return m, errors.Join(os.WriteFile(path, raw, 0o755), m.Set())
}

// Set replaces the rules; none is no fault. It holds from the next call on, in processes that run already too; a call that is in
// the log has read its rules.
func (m *Module) Set(rules ...string) error {
	text := strings.Join(append([]string{"module " + m.real}, rules...), "\n") + "\n"
	file := m.Path + ".control"
	// renamed into place: a module may read at any moment
	return errors.Join(os.WriteFile(file+".new", []byte(text), 0o600), os.Rename(file+".new", file))
}

// Call is one call that the module got.
type Call struct {
	Role string // the first argument of the process
	PID  int
	Name string // C_…
	// Note tells of C_Login alone: "pad" had no PIN, "again" was for one use of a key.
	Note string
}

// Calls are those since the module stands, or since Forget.
func (m *Module) Calls() ([]Call, error) {
	raw, err := os.ReadFile(m.Path + ".calls")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []Call
	for line := range strings.Lines(string(raw)) {
		words := append(strings.Fields(line), "")
		if len(words) < 4 {
			return nil, fmt.Errorf("fault: %q is no call", line)
		}
		pid, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, fmt.Errorf("fault: %q is no call: %w", line, err)
		}
		list = append(list, Call{words[0], pid, words[2], words[3]})
	}
	return list, nil
}

// Count says how often the function was called with that note.
func (m *Module) Count(name, note string) (n int, err error) {
	calls, err := m.Calls()
	for _, c := range calls {
		if c.Name == name && c.Note == note {
			n++
		}
	}
	return n, err
}

// Forget begins the log anew.
func (m *Module) Forget() error {
	if err := os.Remove(m.Path + ".calls"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
