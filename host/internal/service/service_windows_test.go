package service

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

func TestStates(t *testing.T) {
	for _, c := range []struct {
		status svc.Status
		want   State
	}{
		{svc.Status{State: svc.Running}, Running},
		{svc.Status{State: svc.StartPending}, Running},
		{svc.Status{State: svc.StopPending}, Running},
		{svc.Status{State: svc.Stopped}, Stopped},
		{svc.Status{State: svc.Stopped, Win32ExitCode: uint32(windows.ERROR_SERVICE_NEVER_STARTED)}, Stopped},
		{svc.Status{State: svc.Stopped, Win32ExitCode: uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR), ServiceSpecificExitCode: 1}, Failed},
	} {
		require.Equal(t, c.want, stateOf(c.status), "%+v", c.status)
	}
}

// executed runs the handler against requests, gives what it answers.
func executed(serve func(context.Context) error, requests ...svc.ChangeRequest) (states []svc.State, own bool, code uint32) {
	in, out := make(chan svc.ChangeRequest, len(requests)), make(chan svc.Status, 16)
	for _, r := range requests {
		in <- r
	}
	h := &handler{serve: serve}
	own, code = h.Execute(nil, in, out)
	close(out)
	for s := range out {
		states = append(states, s.State)
	}
	return states, own, code
}

func untilStopped(ctx context.Context) error { <-ctx.Done(); return nil }

func TestAStopIsNoFailure(t *testing.T) {
	for _, cmd := range []svc.Cmd{svc.Stop, svc.Shutdown} {
		states, own, code := executed(untilStopped,
			svc.ChangeRequest{Cmd: svc.Interrogate, CurrentStatus: svc.Status{State: svc.Running}}, svc.ChangeRequest{Cmd: cmd})
		require.Equal(t, []svc.State{svc.Running, svc.Running, svc.StopPending}, states)
		require.False(t, own)
		require.Zero(t, code)
	}
}

// What Windows does not see as a failure it does not recover from.
func TestAnEndThatNobodyAskedForIsAFailure(t *testing.T) {
	for _, err := range []error{nil, errors.New("no pipe")} {
		_, own, code := executed(func(context.Context) error { return err })
		require.True(t, own)
		require.Equal(t, uint32(1), code)
	}
	_, own, code := executed(func(ctx context.Context) error { <-ctx.Done(); return errors.New("a card was not reset") }, svc.ChangeRequest{Cmd: svc.Stop})
	require.True(t, own)
	require.Equal(t, uint32(1), code)
}

// Nothing of it is registered: each word of the command line says so.
func TestWithoutARegistration(t *testing.T) {
	state, err := Status()
	require.NoError(t, err)
	require.Equal(t, NotInstalled, state)
	for _, do := range []func() error{Start, Stop, Restart, Uninstall} {
		require.ErrorIs(t, do(), ErrNotInstalled)
	}
}
