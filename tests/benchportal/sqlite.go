//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	_ "modernc.org/sqlite" // the driver sqlite
)

// sqliteFloor has one writer at a time, as SQLite has: a lock here costs less than SQLite's polling. What waits for it is
// committed together, as the portal's store does.
type sqliteFloor struct {
	durable, relaxed, read *sql.DB
	on                     map[*sql.DB]statements
	together               int // in one commit, at most

	writer  chan struct{} // holds one while somebody writes
	mu      sync.Mutex
	waiting []*waiter
}

// waiter is a step that waits for the writer.
type waiter struct {
	step step
	n    int
	done chan struct{}
	err  error
}

func newSQLiteFloor(ctx context.Context, path string, cards, together int) (engine, error) {
	f := &sqliteFloor{on: map[*sql.DB]statements{}, together: together, writer: make(chan struct{}, 1)}
	for _, c := range []struct {
		db          **sql.DB
		synchronous string
		size        int
	}{{&f.durable, "FULL", 1}, {&f.relaxed, "NORMAL", 1}, {&f.read, "NORMAL", 4}} {
		db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous("+c.synchronous+")")
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(c.size)
		db.SetMaxIdleConns(c.size)
		*c.db = db
	}
	if err := fill(ctx, f.durable, "BLOB", cards); err != nil {
		return nil, err
	}
	for _, db := range []*sql.DB{f.durable, f.relaxed, f.read} {
		var err error
		if f.on[db], err = prepare(ctx, db, floorPut, floorTake, floorCount, floorBound, floorBegin, floorEvent); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *sqliteFloor) close() error {
	return errors.Join(f.read.Close(), f.relaxed.Close(), f.durable.Close())
}

func (f *sqliteFloor) do(ctx context.Context, s step, n int) error {
	if s == stepBound {
		return f.on[f.read].read(ctx, floorBound, subjectSerial(n))
	}
	own := &waiter{step: s, n: n, done: make(chan struct{})}
	f.mu.Lock()
	f.waiting = append(f.waiting, own)
	f.mu.Unlock()
	for {
		select {
		case <-own.done: // somebody before us took it along
			return own.err
		case f.writer <- struct{}{}:
			if group := f.take(); len(group) > 0 {
				f.commit(ctx, group)
			}
			<-f.writer
		}
	}
}

func (f *sqliteFloor) take() []*waiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(f.waiting), f.together)
	taken := f.waiting[:n:n]
	f.waiting = f.waiting[n:]
	return taken
}

// commit waits for the disk if one of them wants that.
func (f *sqliteFloor) commit(ctx context.Context, group []*waiter) {
	db := f.relaxed
	for _, w := range group {
		if w.step == stepTake || w.step == stepBegin {
			db = f.durable
		}
	}
	err := f.transaction(ctx, db, group)
	for _, w := range group {
		w.err = err
		close(w.done)
	}
}

func (f *sqliteFloor) transaction(ctx context.Context, db *sql.DB, group []*waiter) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, w := range group {
		if err := f.write(ctx, tx, f.on[db], w.step, w.n); err != nil {
			return fmt.Errorf("%s: %w", w.step, err)
		}
	}
	return tx.Commit()
}

func (f *sqliteFloor) write(ctx context.Context, tx *sql.Tx, on statements, s step, n int) error {
	exec := func(text string, args ...any) error {
		_, err := tx.StmtContext(ctx, on[text]).ExecContext(ctx, args...)
		return err
	}
	switch s {
	case stepPut:
		return exec(floorPut, key('n', n), key('s', n), 1)
	case stepTake:
		return exec(floorTake, key('n', n))
	case stepCount:
		return exec(floorCount, subjectSerial(n))
	default:
		return errors.Join(exec(floorBegin, key('k', n), key('p', n), subjectSerial(n), 1), exec(floorEvent, 1, subjectSerial(n), "person"))
	}
}
