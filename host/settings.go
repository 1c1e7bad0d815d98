package main

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// settings are all that the environment may decide. It decides nothing of who may ask or which module is loaded.
type settings struct {
	home     string
	stateDir string   // logs
	lockDir  string   // readers' locks
	childEnv []string // what children see
	remote   string   // how the person is connected, if not at the computer itself
	locale   string   // of messages, by the environment's word: zh_TW.UTF-8
	// ownReaders: this session may see readers that the agent does not, so that the relay must compare. On Linux PC/SC is one daemon
	// of the computer's, unless the environment names another one; elsewhere sessions have readers of their own.
	ownReaders bool

	agentIdle time.Duration // the agent's alone: how long it waits for the next relay
}

// childVariables are what modules and the PC/SC library need to find their own things; everything else stays here.
var childVariables = map[string][]string{
	"linux":   {"HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "PCSCLITE_CSOCK_NAME"},
	"darwin":  {"HOME", "LANG", "LC_ALL", "TMPDIR"},
	"windows": {"SystemRoot", "SystemDrive", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramData", "ProgramFiles"},
}

// readSettings is the one place that reads the environment.
func readSettings() settings {
	home, _ := os.UserHomeDir()
	s := settings{home: home}
	for _, name := range append(childVariables[runtime.GOOS], devVariables...) {
		if value, ok := os.LookupEnv(name); ok {
			s.childEnv = append(s.childEnv, name+"="+value)
		}
	}
	switch {
	case os.Getenv("XDG_STATE_HOME") != "":
		s.stateDir = filepath.Join(os.Getenv("XDG_STATE_HOME"), "cardbridge")
	case runtime.GOOS == "windows":
		s.stateDir = filepath.Join(os.Getenv("LOCALAPPDATA"), "CardBridge")
	case runtime.GOOS == "darwin":
		s.stateDir = filepath.Join(home, "Library", "Logs", "CardBridge")
	case home != "":
		s.stateDir = filepath.Join(home, ".local", "state", "cardbridge")
	}
	s.lockDir = lockDir(home)
	s.remote = remote()
	s.ownReaders = runtime.GOOS != "linux" || os.Getenv("PCSCLITE_CSOCK_NAME") != ""
	s.locale = cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")) // in this order: POSIX, Environment Variables, 8.2
	return s
}

// agentIdle is long enough for a person who logs in at two portals one after the other.
const agentIdle = 60 * time.Second

// readAgentSettings are those of the OS service: it has no home folder, its locks lie where the service manager made room for them.
func readAgentSettings() settings {
	s := readSettings()
	s.home, s.stateDir, s.remote, s.agentIdle = "", "", "", agentIdle
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" && runtime.GOOS == "linux" { // systemd.exec(5)
		s.lockDir = dir
	}
	if idle, err := time.ParseDuration(os.Getenv("CARDBRIDGE_AGENT_IDLE")); err == nil && build == "dev" {
		s.agentIdle = idle
	}
	return s
}

// remote is what doctor is told: a session from elsewhere may be refused the readers of this computer.
func remote() string {
	switch {
	case os.Getenv("SSH_CONNECTION") != "":
		return "SSH"
	case os.Getenv("XRDP_SESSION") != "":
		return "xrdp"
	case strings.HasPrefix(os.Getenv("SESSIONNAME"), "RDP-"):
		return "RDP"
	}
	return ""
}

// lockDir is one place for all browsers of a person, whatever environment each gives us: else two of them would not see that
// they use the same card. Development builds follow the environment, so that tests do not wait for each other.
func lockDir(home string) string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && build == "dev" {
		return filepath.Join(dir, "cardbridge")
	}
	if dir := "/run/user/" + strconv.Itoa(os.Getuid()); runtime.GOOS == "linux" && isDir(dir) {
		return filepath.Join(dir, "cardbridge")
	}
	if home != "" {
		return filepath.Join(home, ".cache", "cardbridge")
	}
	return filepath.Join(os.TempDir(), "cardbridge-"+strconv.Itoa(os.Getuid()))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
