//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// usage is computing time: of what is measured (the floor, or all portals), of the client, of the database server, of no
// process at all. The rest of the machine's time is other programs' with the kernel's own; where that is much, the
// measurement was disturbed.
type usage struct{ measured, client, server, idle, wall time.Duration }

func (u usage) minus(v usage) usage {
	return usage{u.measured - v.measured, u.client - v.client, u.server - v.server, u.idle - v.idle, u.wall - v.wall}
}

func (u usage) plus(v usage) usage {
	return usage{u.measured + v.measured, u.client + v.client, u.server + v.server, u.idle + v.idle, u.wall + v.wall}
}

var started = time.Now()

// read is what was used so far with these portals; without any, this process is what is measured: the floor.
func (d *databases) read(portals []*process) (u usage, err error) {
	u.wall = time.Since(started)
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return u, err
	}
	u.client = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	if len(portals) == 0 {
		u.measured, u.client = u.client, 0
	}
	for _, p := range portals {
		times, readErr := timesOf(p.cmd.Process.Pid)
		u.measured += times.own
		err = errors.Join(err, readErr)
	}
	var serverErr, idleErr error
	u.server, serverErr = d.serverTime()
	u.idle, idleErr = idleTime()
	return u, errors.Join(err, serverErr, idleErr)
}

// tick is the unit of /proc (proc(5)): a hundredth of a second.
const tick = 10 * time.Millisecond

// times are a process's own, with those of its children that have ended.
type times struct {
	parent     int
	own, ended time.Duration
}

// timesOf reads proc(5): ppid, utime, stime, cutime, cstime.
func timesOf(pid int) (times, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return times{}, err
	}
	text := string(data)
	var state string
	var t times
	var skip, user, system, endedUser, endedSystem int64
	_, err = fmt.Sscan(text[strings.LastIndexByte(text, ')')+1:], // the name before it may hold spaces
		&state, &t.parent, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system, &endedUser, &endedSystem)
	t.own, t.ended = time.Duration(user+system)*tick, time.Duration(endedUser+endedSystem)*tick
	return t, err
}

// idleTime is of all processors, waiting for the disk included (proc(5): idle, iowait).
func idleTime() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var name string
	var user, nice, system, idle, wait int64
	_, err = fmt.Sscan(string(data), &name, &user, &nice, &system, &idle, &wait)
	return time.Duration(idle+wait) * tick, err
}

// findServer remembers PostgreSQL's first process: the parent of that which answers.
func (d *databases) findServer(ctx context.Context) error {
	db, err := sql.Open("pgx", d.cluster.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	var pid int
	if err := db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	backend, err := timesOf(pid)
	d.server = backend.parent
	return err
}

// serverTime is of PostgreSQL's first process with all its children, those that have ended included; 0 for SQLite.
func (d *databases) serverTime() (time.Duration, error) {
	if d.server == 0 {
		return 0, nil
	}
	first, err := timesOf(d.server)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	all := first.own + first.ended
	for _, entry := range entries {
		var pid int
		if n, _ := fmt.Sscan(entry.Name(), &pid); n != 1 {
			continue
		}
		if t, err := timesOf(pid); err == nil && t.parent == d.server { // others come and go meanwhile
			all += t.own
		}
	}
	return all, nil
}
