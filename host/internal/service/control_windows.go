package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// Waiting, the service control manager is asked again after pause, for no longer than patience: resetting cards takes seconds.
const (
	pause    = 100 * time.Millisecond
	patience = 60 * time.Second
)

func until(reached func() (bool, error), otherwise error) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		switch ok, err := reached(); {
		case err != nil:
			return err
		case ok:
			return nil
		case time.Now().After(deadline):
			return otherwise
		}
	}
}

// Status asks the service control manager.
func Status() (state State, err error) {
	state = NotInstalled
	err = withService(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		status, err := s.Query()
		if err != nil {
			return explained("its state", err)
		}
		state = stateOf(status)
		return nil
	})
	if errors.Is(err, ErrNotInstalled) {
		return NotInstalled, nil
	}
	return state, err
}

func stateOf(status svc.Status) State {
	switch {
	case status.State != svc.Stopped:
		return Running // or on its way from or to it
	case status.Win32ExitCode == 0, status.Win32ExitCode == uint32(windows.ERROR_SERVICE_NEVER_STARTED):
		return Stopped
	}
	return Failed
}

// start waits until the service runs: one that ended at once says why in the event log.
func start(s *mgr.Service) error {
	if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return explained("starting it", err)
	}
	return until(func() (bool, error) {
		status, err := s.Query()
		switch {
		case err != nil:
			return false, explained("its state", err)
		case status.State == svc.Stopped:
			return false, fmt.Errorf("service: it ended at once (%d, %d); the event log says why", status.Win32ExitCode, status.ServiceSpecificExitCode)
		}
		return status.State == svc.Running, nil
	}, errors.New("service: it does not start; the event log says why"))
}

func stop(s *mgr.Service) error {
	return until(func() (bool, error) {
		status, err := s.Query()
		if err != nil {
			return false, explained("its state", err)
		}
		switch status.State {
		case svc.Stopped:
			return true, nil
		case svc.StopPending:
			return false, nil
		}
		_, err = s.Control(svc.Stop)
		// one that is starting takes no orders yet; one that died meanwhile is what we want
		if errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL) || errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			err = nil
		}
		if err != nil {
			return false, explained("stopping it", err)
		}
		return false, nil
	}, ErrStuck)
}

// run asks the service control manager first: whether a process is a service, nothing else tells for sure. kardianos/service
// concludes it from the session, does not notice that serve ended by itself.
func run(serve func(context.Context) error) error {
	h := &handler{serve: serve}
	err := svc.Run(Name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		return serve(ctx)
	}
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return h.err
}

// handler is serve as the service control manager wants it.
type handler struct {
	serve func(context.Context) error
	err   error
}

// stopHint is how long a stop may take in the eyes of Windows.
const stopHint = uint32(patience / time.Millisecond)

// Execute implements svc.Handler. An end that nobody asked for is told as an error of our own (1), which the recovery counts.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (bool, uint32) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.serve(ctx) }()
	changes <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case h.err = <-ended:
			if h.err != nil || ctx.Err() == nil {
				return true, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				changes <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				changes <- svc.Status{State: svc.StopPending, WaitHint: stopHint}
				cancel()
			}
		}
	}
}
