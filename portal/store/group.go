package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// groupCommit puts the transactions that wait for the file's one writer into one commit: the disk is waited for once for all
// of them, the pages that they share are written once. Each keeps its own fate: it runs in a savepoint of its own, which an
// error of its own rolls back; a commit that fails fails all. Nobody is answered before the commit.
type groupCommit struct {
	lite *lite

	mu      sync.Mutex
	waiting []*member
}

// member is a transaction that waits.
type member struct {
	ctx  context.Context
	how  durability
	do   func(querier) error
	err  error
	done chan struct{}
}

// groupSize bounds what one commit takes along, so that nobody waits for more than these.
const groupSize = 64

// run waits until its transaction was committed or has failed. Whoever comes first through the gate takes along all who wait
// by then. A member whose context ends meanwhile leaves before its turn, not in the middle.
func (g *groupCommit) run(ctx context.Context, how durability, do func(querier) error) error {
	own := &member{ctx: ctx, how: how, do: do, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, own)
	g.mu.Unlock()
	for {
		select {
		case <-own.done:
			return own.err
		case g.lite.gate <- struct{}{}:
			g.lead()
		case <-g.lite.closed:
			return g.leave(own, sql.ErrConnDone)
		case <-ctx.Done():
			return g.leave(own, ctx.Err())
		}
	}
}

// lead has the gate, and gives it back.
func (g *groupCommit) lead() {
	defer func() { <-g.lite.gate }()
	if members := g.take(); len(members) > 0 {
		g.commit(members)
	}
}

func (g *groupCommit) take() []*member {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), groupSize)
	taken := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return taken
}

// leave takes a member out of the queue; one that a commit has in hand waits for its outcome: it must not be
// told "failed" about what is then written.
func (g *groupCommit) leave(own *member, err error) error {
	g.mu.Lock()
	for i, m := range g.waiting {
		if m == own {
			g.waiting = append(g.waiting[:i:i], g.waiting[i+1:]...)
			g.mu.Unlock()
			return err
		}
	}
	g.mu.Unlock()
	<-own.done
	return own.err
}

// errBroken is for those whose commit ended in somebody's panic.
var errBroken = errors.New("the commit that it was part of broke down; nothing of it was written, try again")

// commit runs them in one transaction, and tells each its outcome, whatever happens.
func (g *groupCommit) commit(members []*member) {
	err := errBroken
	defer func() {
		for _, m := range members {
			if err != nil && m.err == nil {
				m.err = err
			}
			close(m.done)
		}
	}()
	err = g.together(members)
}

func (g *groupCommit) together(members []*member) error {
	writer := g.lite.relaxed
	for _, m := range members {
		if m.how == durable {
			writer = g.lite.durable
		}
	}
	ctx := context.Background()
	conn, err := writer.open(ctx)
	if err != nil {
		return err
	}
	return writer.dropIfBroken(conn.transaction(ctx, func(q querier) error {
		for _, m := range members {
			if m.err = m.ctx.Err(); m.err != nil {
				continue // it left before its turn
			}
			var broken error
			if m.err, broken = conn.savepoint(ctx, func() error { return m.do(steady{q}) }); broken != nil {
				return broken
			}
		}
		return nil
	}))
}

// steady runs statements to their end: SQLite rolls back the whole transaction, everybody's, if one of them is interrupted
// (sqlite.org/c3ref/interrupt.html). They are of a few rows.
type steady struct{ on querier }

func (s steady) exec(ctx context.Context, text string, args ...any) (int64, error) {
	return s.on.exec(context.WithoutCancel(ctx), text, args...)
}

func (s steady) row(ctx context.Context, text string, args ...any) *sql.Row {
	return s.on.row(context.WithoutCancel(ctx), text, args...)
}

func (s steady) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return s.on.rows(context.WithoutCancel(ctx), text, args...)
}
