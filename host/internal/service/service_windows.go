package service

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// account is the one of Windows with the fewest rights that reaches the smart card service: that service runs under it itself. It
// needs no password, is nobody on the network.
const account = `NT AUTHORITY\LocalService`

// eventSource is the name of our entries in the event log.
const eventSource = "CardBridge"

// ErrStuck says that the service did not do in time what it was told.
var ErrStuck = errors.New("service: it does not stop; end its process in the Task Manager, then try again")

// config is the registration as kardianos/service makes it: quoted path, account, description, automatic start.
func config(executable string) *service.Config {
	return &service.Config{
		Name: Name, DisplayName: displayName, Description: description, UserName: account, Executable: executable, Arguments: []string{"service", "run"},
		Option: service.KeyValue{service.StartType: service.ServiceStartAutomatic},
	}
}

// Install registers the service with the service control manager, and does not start it. What kardianos/service has no words for
// is added: the service's own SID (the agent's pipe is for that one), a start after all that the log-on needs, recovery, our event
// source.
func Install(executable string) error {
	switch state, err := Status(); {
	case err != nil:
		return err
	case state != NotInstalled:
		return ErrInstalled
	}
	// every Windows has this key, a fresh Wine has not; kardianos/service fails without it
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\EventLog\Application`, registry.CREATE_SUB_KEY)
	if err != nil {
		return explained("the event log", err)
	}
	key.Close()
	s, err := service.New(nil, config(executable))
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if err := s.Install(); err != nil {
		return explained("registering", err)
	}
	if err := complete(); err != nil {
		return errors.Join(err, Uninstall())
	}
	return nil
}

// Complete gives a service that the Windows Installer has registered the settings that Install gives it. The path is written anew: Wine's
// installer leaves it without quotation marks.
func Complete(executable string) error {
	err := withService(windows.SERVICE_CHANGE_CONFIG, func(s *mgr.Service) error {
		command, err := windows.UTF16PtrFromString(`"` + executable + `" service run`)
		if err != nil {
			return err
		}
		const same = windows.SERVICE_NO_CHANGE
		if err := windows.ChangeServiceConfig(s.Handle, same, same, same, command, nil, nil, nil, nil, nil, nil); err != nil {
			return explained("its path", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return complete()
}

// restarts are what Windows does when the process has died: a third death in a row gets a longer rest, since something is wrong.
var restarts = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: time.Second},
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: time.Minute},
}

const resetAfter = 24 * 60 * 60 // seconds without a death after which they are counted anew

func complete() error {
	return withService(windows.SERVICE_ALL_ACCESS, func(s *mgr.Service) error {
		for _, set := range []func() error{
			func() error {
				return setting(s, windows.SERVICE_CONFIG_SERVICE_SID_INFO, windows.SERVICE_SID_TYPE_UNRESTRICTED)
			},
			func() error { return setting(s, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, 1) },
			func() error { return s.SetRecoveryActions(restarts, resetAfter) },
			func() error { return s.SetRecoveryActionsOnNonCrashFailures(true) }, // an end with an error counts as a death too
		} {
			// every Windows since Vista knows these; Wine does not know all, and has no SIDs of services that would matter
			if err := set(); err != nil && !errors.Is(err, windows.ERROR_INVALID_LEVEL) {
				return explained("its settings", err)
			}
		}
		_ = eventlog.Remove(Name) // kardianos/service's, which nothing of ours writes to
		if hasEventSource() {
			return nil // left over from an installation that was not removed whole
		}
		if err := eventlog.InstallAsEventCreate(eventSource, eventlog.Error|eventlog.Warning|eventlog.Info); err != nil {
			return explained("its event source", err)
		}
		return nil
	})
}

// setting changes one of those settings of a service that are a number.
func setting(s *mgr.Service, level, value uint32) error {
	return windows.ChangeServiceConfig2(s.Handle, level, (*byte)(unsafe.Pointer(&value)))
}

func hasEventSource() bool {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\EventLog\Application\`+eventSource, registry.QUERY_VALUE)
	if err != nil {
		return false
	}
	key.Close()
	return true
}

// explained adds what to do to what Windows says.
func explained(what string, err error) error {
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("service: %s: run this as an administrator: %w", what, err)
	}
	return fmt.Errorf("service: %s: %w", what, err)
}

// withService opens the service with no more rights than the task needs: to ask for the state, anybody has enough.
func withService(access uint32, do func(*mgr.Service) error) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return explained("the service control manager", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	name, err := windows.UTF16PtrFromString(Name)
	if err != nil {
		return err
	}
	handle, err := windows.OpenService(manager, name, access)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return ErrNotInstalled
	}
	if err != nil {
		return explained("opening it", err)
	}
	s := &mgr.Service{Name: Name, Handle: handle}
	defer s.Close()
	return do(s)
}

// Uninstall stops the service and removes what Install registered, also if only half of it is there.
func Uninstall() error {
	err := withService(windows.SERVICE_QUERY_STATUS|windows.SERVICE_STOP|windows.DELETE, func(s *mgr.Service) error {
		if err := stop(s); err != nil {
			return err
		}
		if err := s.Delete(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
			return explained("removing it", err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrNotInstalled) {
		return err
	}
	_ = eventlog.Remove(Name) // of an Install that was interrupted
	had := hasEventSource()
	if had {
		if err := eventlog.Remove(eventSource); err != nil {
			return explained("removing its event source", err)
		}
		if err != nil {
			return nil // only that was left
		}
	}
	if err != nil {
		return err
	}
	return gone()
}

// gone waits until the service control manager has forgotten the service, so that it can be installed anew at once: somebody may
// have it open.
func gone() error {
	return until(func() (bool, error) {
		state, err := Status()
		return state == NotInstalled, err
	}, errors.New("service: it is removed as soon as the programs that look at it, such as Services, are closed"))
}

// Start starts the service; it is no error if it runs.
func Start() error {
	return withService(windows.SERVICE_QUERY_STATUS|windows.SERVICE_START, start)
}

// Stop ends the service, after the cards in use have been reset; it is no error if it does not run.
func Stop() error {
	return withService(windows.SERVICE_QUERY_STATUS|windows.SERVICE_STOP, stop)
}

// Restart ends the service, if it runs, and starts it.
func Restart() error {
	return withService(windows.SERVICE_QUERY_STATUS|windows.SERVICE_START|windows.SERVICE_STOP, func(s *mgr.Service) error {
		if err := stop(s); err != nil {
			return err
		}
		return start(s)
	})
}

// Run lets serve work until the service control manager wants it to end, or until it ends by itself. Started by a person it runs
// until Ctrl-C.
func Run(serve func(context.Context) error) error { return run(serve) }
