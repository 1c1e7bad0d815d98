// Package service registers the agent with the system's service manager.
//
// Packages for a fleet bring units and registrations of their own; this is for who installs by hand. On Windows and macOS
// kardianos/service does it. On systemd it knows neither sockets nor a hardened unit, reports a crash loop as running and leaves the
// service running at its removal; there the units are ours, systemctl is asked.
package service

import "errors"

// Name is the service's for the service manager.
const Name = "cardbridge-agent"

// State is what the service manager says of the agent.
type State string

// The states. Listening: the service manager holds the socket, starts the agent when somebody comes.
const (
	NotInstalled State = "notInstalled"
	Stopped      State = "stopped"
	Listening    State = "listening"
	Running      State = "running"
	Failed       State = "failed"
)

var (
	// ErrInstalled says that the service is there already.
	ErrInstalled = errors.New("service: it is installed already")
	// ErrNotInstalled says that there is no such service.
	ErrNotInstalled = errors.New("service: it is not installed")
	// ErrPackaged says that a package brought the service: the package's manager removes it, the service manager switches it off.
	ErrPackaged = errors.New("service: a package brought it")
	// ErrPlace says that the program lies where it cannot be a service for everybody.
	ErrPlace = errors.New("service: the program is not where a service may be")
	// ErrAdministrator says that only an administrator may do that.
	ErrAdministrator = errors.New("service: only an administrator may do that")
	// ErrNoManager says that this system runs no service manager that we know.
	ErrNoManager = errors.New("service: no service manager is running; the host works without the agent")
)
