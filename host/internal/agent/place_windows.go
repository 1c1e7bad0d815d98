package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// place is the agent's pipe. Pipes share one flat space of names in which anybody may be first: who serves it is looked at, never
// concluded from the name.
const place = `\\.\pipe\cardbridge-agent`

// serviceName is the service's for the service control manager; host/internal/service registers it.
const serviceName = "cardbridge-agent"

// relayAccess is what a relay opens the pipe for: to read and to write, without FILE_APPEND_DATA, which on a pipe means to make
// further instances of it.
const relayAccess = (windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE) &^ windows.FILE_APPEND_DATA

// accessRules lets the system, administrators and the service itself do all, who is logged on interactively do what a relay does
// (relayAccess), nobody from the network anything. The owner, LocalService, may not change these rules, since services of others
// run under that account too; ours is told from them by its service SID, which Windows makes from its name.
var accessRules = "D:P(D;;FA;;;NU)(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + serviceSID(serviceName) + ")" +
	fmt.Sprintf("(A;;0x%x;;;IU)(A;;RC;;;S-1-3-4)", relayAccess)

// Place is where the agent listens. Nothing moves it.
func Place() string { return place }

// Installed tells whether the service is registered at all.
func Installed() bool {
	_, err := queryService()
	return err == nil
}

// dialTime is how long the pipe may be busy. The agent makes the next instance within microseconds; one who keeps it busy for longer
// must not hold up a login.
const dialTime = 2 * time.Second

// open connects to whoever serves the pipe. The server may ask who we are, but not act as us (SECURITY_IDENTIFICATION): an impostor
// gets nothing from our coming.
func open(ctx context.Context) (net.Conn, error) {
	return winio.DialPipeAccessImpLevel(ctx, place, relayAccess, winio.PipeImpLevelIdentification)
}

// dial reaches the agent's pipe and makes sure of who serves it before a byte is sent.
func dial(ctx context.Context) (net.Conn, error) {
	service, err := queryService()
	if err != nil {
		return nil, err
	}
	if service.CurrentState != windows.SERVICE_RUNNING && service.CurrentState != windows.SERVICE_START_PENDING {
		return nil, fmt.Errorf("%w: its service is not running", ErrNone) // whoever serves the pipe is not asked
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := open(ctx)
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND):
		return nil, fmt.Errorf("%w: its service has no pipe", ErrNone)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return nil, fmt.Errorf("%w: the pipe does not let us in: %w", ErrImpostor, err)
	case err != nil:
		return nil, fmt.Errorf("agent: reaching it: %w", err)
	}
	if err := servedBy(conn, service); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// handleOf is valid until conn is closed.
func handleOf(conn net.Conn) (windows.Handle, error) {
	file, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return 0, fmt.Errorf("agent: %T is no pipe", conn)
	}
	return windows.Handle(file.Fd()), nil
}

// servedBy wants the pipe's server to be the process of the service, and the pipe to belong to an account of the system. The
// second is against a process id that is not the server's any more: only the system can give a pipe to another account.
func servedBy(conn net.Conn, service windows.SERVICE_STATUS_PROCESS) error {
	pipe, err := handleOf(conn)
	if err != nil {
		return err
	}
	var pid uint32
	if err := windows.GetNamedPipeServerProcessId(pipe, &pid); err != nil {
		return fmt.Errorf("agent: who serves its pipe: %w", err)
	}
	if service.ProcessId != pid {
		return fmt.Errorf("%w: process %d serves the pipe, the service is process %d", ErrImpostor, pid, service.ProcessId)
	}
	return ownedBySystem(pipe)
}

func ownedBySystem(pipe windows.Handle) error {
	security, err := windows.GetSecurityInfo(pipe, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("agent: whose its pipe is: %w", err)
	}
	owner, _, err := security.Owner()
	if err != nil {
		return fmt.Errorf("agent: whose its pipe is: %w", err)
	}
	for _, kind := range []windows.WELL_KNOWN_SID_TYPE{windows.WinLocalServiceSid, windows.WinLocalSystemSid, windows.WinBuiltinAdministratorsSid} {
		if owner.IsWellKnown(kind) {
			return nil
		}
	}
	return fmt.Errorf("%w: its pipe belongs to %s", ErrImpostor, owner)
}

// queryService asks the service control manager, with no more rights than everybody has: ErrNone if there is no such service.
func queryService() (status windows.SERVICE_STATUS_PROCESS, err error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return status, fmt.Errorf("agent: asking for its service: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	name, err := windows.UTF16PtrFromString(serviceName)
	if err != nil {
		return status, err
	}
	service, err := windows.OpenService(manager, name, windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return status, ErrNone
	}
	if err != nil {
		return status, fmt.Errorf("agent: asking for its service: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(service) }()
	if err := queryStatus(service, &status); err != nil {
		return status, fmt.Errorf("agent: asking for its service: %w", err)
	}
	return status, nil
}
