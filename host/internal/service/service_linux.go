package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kardianos/service"

	"github.com/cardbridge/cardbridge/host/internal/owner"
	"github.com/cardbridge/cardbridge/manifests"
)

// The files of the service, in the administrator's places: packages use the vendor's below /usr/lib.
var files = []struct{ name, place string }{
	{"cardbridge-agent.sysusers", "/etc/sysusers.d/cardbridge-agent.conf"},
	{"50-cardbridge-agent.rules", "/etc/polkit-1/rules.d/50-cardbridge-agent.rules"},
	{"cardbridge-agent.service", "/etc/systemd/system/cardbridge-agent.service"},
	{"cardbridge-agent.socket", "/etc/systemd/system/cardbridge-agent.socket"},
}

const (
	unit   = Name + ".service"
	socket = Name + ".socket"
	// packaged is the program's place in the units as they are shipped.
	packaged = "/usr/bin/cardbridge"
	// vendors is where packages put the units; one of the same name in the administrator's place hides theirs.
	vendors = "/usr/lib/systemd/system/"
)

// Install writes units, account and polkit rule, then has systemd listen. The program stays where it is.
func Install(executable string) error {
	if err := mayChange(); err != nil {
		return err
	}
	switch state, err := Status(); {
	case err != nil:
		return err
	case byPackage() && !anyFile():
		return ErrPackaged
	case state != NotInstalled:
		return ErrInstalled
	}
	executable, err := installable(executable)
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := fs.ReadFile(manifests.Agent, "agent/"+f.name)
		if err != nil {
			return err
		}
		if err := writeFile(f.place, strings.ReplaceAll(string(text), "ExecStart="+packaged+" ", fmt.Sprintf("ExecStart=%q ", executable))); err != nil {
			return errors.Join(err, removeFiles())
		}
	}
	for _, step := range [][]string{{"systemd-sysusers", files[0].place}, {"systemctl", "daemon-reload"}, {"systemctl", "enable", "--now", socket},
		{"systemctl", "start", unit}} { // started once, it proves that it can be; nobody comes, so it ends again

		if err := run(step...); err != nil {
			return errors.Join(err, run("systemctl", "disable", "--now", socket), removeFiles(), run("systemctl", "daemon-reload"))
		}
	}
	return nil
}

// hidden are folders that the unit does not see, or that are anybody's.
var hidden = []string{"/home/", "/root/", "/run/", "/tmp/", "/var/tmp/"}

// installable gives the program's real place, if it can be a service for everybody: nobody but root may replace it, since it gets
// everybody's PIN, and the unit must see it.
func installable(executable string) (string, error) {
	real, err := filepath.EvalSymlinks(executable)
	if err != nil {
		return "", fmt.Errorf("service: the program's place: %w", err)
	}
	if err := owner.OnlyAdministrators(real); err != nil {
		return "", fmt.Errorf("%w: %w", ErrPlace, err)
	}
	for _, folder := range hidden {
		if strings.HasPrefix(real, folder) {
			return "", fmt.Errorf("%w: the service does not see %s", ErrPlace, folder)
		}
	}
	if strings.ContainsAny(real, "\"\\%$\n") {
		return "", fmt.Errorf("%w: %q cannot stand in a unit", ErrPlace, real)
	}
	return real, nil
}

// writeFile replaces a file whole, so that nobody reads half a unit.
func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o644); err != nil {
		return fmt.Errorf("service: %w", errors.Join(err, os.Remove(draft)))
	}
	return errors.Join(os.Chmod(draft, 0o644), os.Rename(draft, path))
}

func removeFiles() (all error) {
	for _, f := range files {
		if err := os.Remove(f.place); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// Uninstall stops the agent and removes what Install wrote, also if only half of it is there. The account stays, as with packages:
// its number must not come to mean somebody else. What a package brought is the package's to remove; where ours hid it, it takes over.
func Uninstall() error {
	if err := mayChange(); err != nil {
		return err
	}
	state, err := Status()
	if err != nil {
		return err
	}
	switch {
	case byPackage() && !anyFile():
		return ErrPackaged
	case state == NotInstalled && !anyFile():
		return ErrNotInstalled
	}
	var stopped error
	for _, name := range []string{socket, unit} {
		if values, err := show(name); err != nil || values["ActiveState"] != "inactive" {
			stopped = errors.Join(stopped, err, run("systemctl", "stop", name)) // also one whose file is gone
		}
	}
	_ = run("systemctl", "disable", socket)            // its file may be gone, and the link with it
	_ = run("systemctl", "reset-failed", socket, unit) // there may be no failure to forget
	_ = os.Remove("/run/cardbridge")                   // the socket's folder, which systemd leaves
	removed := errors.Join(stopped, removeFiles(), run("systemctl", "daemon-reload"))
	if byPackage() {
		return errors.Join(removed, run("systemctl", "enable", "--now", socket))
	}
	return removed
}

// byPackage tells whether a package's units are there.
func byPackage() bool {
	_, err := os.Lstat(vendors + socket)
	return err == nil
}

func anyFile() bool {
	for _, f := range files {
		if _, err := os.Lstat(f.place); err == nil {
			return true
		}
	}
	return false
}

// Start has systemd listen; the agent starts when somebody comes.
func Start() error { return control("start", socket) }

// Stop ends the agent, after the cards in use have been reset, and the listening.
func Stop() error { return control("stop", socket, unit) }

// Restart ends a running agent, so that the next one is of the program that is installed now, and has systemd listen.
func Restart() error {
	if err := control("try-restart", unit); err != nil {
		return err
	}
	return control("start", socket)
}

func control(action string, units ...string) error {
	if err := mayChange(); err != nil {
		return err
	}
	if state, err := Status(); err != nil || state == NotInstalled {
		return errors.Join(err, ErrNotInstalled)
	}
	return run(append([]string{"systemctl", action}, units...)...)
}

// Status asks systemd for the socket and the service.
func Status() (State, error) {
	if err := systemdRuns(); err != nil {
		return NotInstalled, err
	}
	listening, err := show(socket)
	if err != nil {
		return NotInstalled, err
	}
	running, err := show(unit)
	switch {
	case err != nil:
		return NotInstalled, err
	case listening["LoadState"] == "not-found" && running["LoadState"] == "not-found":
		return NotInstalled, nil
	case listening["ActiveState"] == "failed":
		return Failed, nil
	case running["ActiveState"] == "active":
		return Running, nil
	case listening["ActiveState"] == "active":
		return Listening, nil // also after one that was killed: the next connection starts another
	case running["ActiveState"] == "failed":
		return Failed, nil
	}
	return Stopped, nil
}

func show(name string) (map[string]string, error) {
	out, err := exec.Command("systemctl", "show", "--property=LoadState,ActiveState", name).Output()
	if err != nil {
		return nil, fmt.Errorf("service: systemctl show %s: %w", name, err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	return values, nil
}

// mayChange: systemd must be there, and it lets root alone change anything.
func mayChange() error {
	if err := systemdRuns(); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return ErrAdministrator
	}
	return nil
}

// systemdRuns is sd_booted(3).
func systemdRuns() error {
	if _, err := os.Lstat("/run/systemd/system"); err != nil {
		return ErrNoManager
	}
	return nil
}

func run(command ...string) error {
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("service: %s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Run lets serve work until the service manager wants it to end, or until it ends by itself.
func Run(serve func(context.Context) error) error {
	p := &program{serve: serve, done: make(chan struct{})}
	s, err := service.New(p, &service.Config{Name: Name, Option: service.KeyValue{"RunWait": p.wait}})
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return s.Run()
}

// program is serve as kardianos/service wants it.
type program struct {
	serve  func(context.Context) error
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func (p *program) Start(service.Service) error {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(p.done)
		p.err = p.serve(ctx)
	}()
	return nil
}

func (p *program) wait() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	select {
	case <-signals:
	case <-p.done:
	}
}

func (p *program) Stop(service.Service) error {
	p.cancel()
	<-p.done
	return p.err
}
