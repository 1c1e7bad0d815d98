package agent

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	logind        = "org.freedesktop.login1"
	logindManager = logind + ".Manager"
	// noSessionForPID is logind's answer for a process that belongs to no session, but to the person's systemd --user for instance.
	noSessionForPID = logind + ".NoSessionForPID"
)

// Admit asks logind for the login session of a peer. As with polkit, a session is at the computer if it has a seat, and is not
// remote. Desktops start browsers from the person's systemd --user, outside of any session: then one of the person's sessions must
// be active and at the computer.
func Admit(ctx context.Context, peer Peer) error {
	bus, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("agent: the system's bus, to ask logind: %w", err)
	}
	defer bus.Close()
	var path dbus.ObjectPath
	manager := bus.Object(logind, "/org/freedesktop/login1")
	err = manager.CallWithContext(ctx, logindManager+".GetSessionByPID", 0, uint32(peer.PID)).Store(&path)
	var refused dbus.Error
	switch {
	case err == nil:
		return active(ctx, bus, path, peer.User)
	case errors.As(err, &refused) && refused.Name == noSessionForPID:
		return anyActive(ctx, bus, manager, peer.User)
	}
	return fmt.Errorf("agent: asking logind for the session of a process: %w", err)
}

// anyActive looks at all sessions of a person.
func anyActive(ctx context.Context, bus *dbus.Conn, manager dbus.BusObject, user string) error {
	uid, err := strconv.ParseUint(user, 10, 32)
	if err != nil {
		return err
	}
	var sessions []struct {
		ID   string
		UID  uint32
		Name string
		Seat string
		Path dbus.ObjectPath
	}
	if err := manager.CallWithContext(ctx, logindManager+".ListSessions", 0).Store(&sessions); err != nil {
		return fmt.Errorf("agent: asking logind for the sessions: %w", err)
	}
	for _, s := range sessions {
		if uint64(s.UID) != uid || s.Seat == "" {
			continue
		}
		if err := active(ctx, bus, s.Path, user); !errors.Is(err, ErrNotActive) {
			return err
		}
	}
	return ErrNotActive
}

// active judges one session. A process that changed its uid (by su) is in the session of another person: it is not served.
func active(ctx context.Context, bus *dbus.Conn, path dbus.ObjectPath, user string) error {
	var all map[string]dbus.Variant
	err := bus.Object(logind, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, logind+".Session").Store(&all)
	if err != nil {
		return fmt.Errorf("agent: asking logind for a session: %w", err)
	}
	var owner struct {
		UID  uint32
		Path dbus.ObjectPath
	}
	var seat struct {
		Name string
		Path dbus.ObjectPath
	}
	isActive, remote, class, state := false, true, "", ""
	for name, into := range map[string]any{
		"User": &owner, "Seat": &seat, "Active": &isActive, "Remote": &remote, "Class": &class, "State": &state,
	} {
		if err := dbus.Store([]any{all[name].Value()}, into); err != nil {
			return fmt.Errorf("agent: logind's %s of a session: %w", name, err)
		}
	}
	// greeters and lock screens have classes of their own (sd_session_get_class(3)); they are nobody
	if !isActive || remote || state == "closing" || !strings.HasPrefix(class, "user") || seat.Name == "" || strconv.FormatUint(uint64(owner.UID), 10) != user {
		return ErrNotActive
	}
	return nil
}
