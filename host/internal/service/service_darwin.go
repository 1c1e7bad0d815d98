package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kardianos/service"

	"github.com/cardbridge/cardbridge/manifests"
)

// None of this has been run on a Mac yet: it is compiled and vetted.

const (
	plist  = "/Library/LaunchDaemons/" + Name + ".plist"
	domain = "system"
	target = domain + "/" + Name
)

func daemon(executable string) (service.Service, error) {
	text, err := manifests.LaunchDaemon()
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	s, err := service.New(nil, &service.Config{
		Name: Name, DisplayName: displayName, Description: description, Executable: executable, Option: service.KeyValue{"LaunchdConfig": text},
	})
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	return s, nil
}

// Install writes the LaunchDaemon, and does not start it.
func Install(executable string) error {
	if _, err := os.Lstat(plist); err == nil {
		return ErrInstalled
	}
	s, err := daemon(executable)
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		// kardianos/service makes the file before it knows what to write
		return errors.Join(fmt.Errorf("service: %w", err), removePlist())
	}
	return nil
}

func removePlist() error {
	if err := os.Remove(plist); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("service: %w", err)
	}
	return nil
}

// Uninstall stops the agent and removes the LaunchDaemon, also if only one of them is there.
func Uninstall() error {
	_, err := os.Lstat(plist)
	if errors.Is(err, fs.ErrNotExist) && !loaded() {
		return ErrNotInstalled
	}
	if err := stop(); err != nil {
		return err
	}
	return removePlist()
}

// loaded tells whether launchd knows the service.
func loaded() bool { return exec.Command("launchctl", "print", target).Run() == nil }

func launchctl(args ...string) error {
	out, err := exec.Command("launchctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("service: launchctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func stop() error {
	if !loaded() {
		return nil
	}
	return launchctl("bootout", target)
}

func installed() error {
	if _, err := os.Lstat(plist); errors.Is(err, fs.ErrNotExist) {
		return ErrNotInstalled
	}
	return nil
}

// Start has launchd load the service, which starts it; one that is loaded is started if it does not run.
func Start() error {
	if err := installed(); err != nil {
		return err
	}
	if loaded() {
		return launchctl("kickstart", target)
	}
	return launchctl("bootstrap", domain, plist)
}

// Stop ends the agent, after the cards in use have been reset. It is started again with the computer.
func Stop() error {
	if err := installed(); err != nil {
		return err
	}
	return stop()
}

// Restart ends the agent, if it runs, and starts it.
func Restart() error {
	if err := Stop(); err != nil {
		return err
	}
	return Start()
}

// Status asks launchd.
func Status() (State, error) {
	s, err := daemon("")
	if err != nil {
		return NotInstalled, err
	}
	switch status, err := s.Status(); {
	case errors.Is(err, service.ErrNotInstalled):
		return NotInstalled, nil
	case err != nil:
		return NotInstalled, fmt.Errorf("service: %w", err)
	case status == service.StatusRunning:
		return Running, nil
	}
	return Stopped, nil
}

// Run lets serve work until launchd wants it to end, or until it ends by itself.
func Run(serve func(context.Context) error) error {
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	return serve(ctx)
}
