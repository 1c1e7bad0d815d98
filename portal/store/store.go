// Package store keeps a portal's data in an SQL database.
//
// One machine needs no more than an SQLite file; any number of portal processes share one PostgreSQL. Who wins a race for a
// challenge, a binding or a counter is decided by the database: nothing is remembered here that another process would miss.
//
// PostgreSQL runs at READ COMMITTED, whatever the server's default is; each method's comment says which row lock or which
// unique constraint makes it right there. SQLite has one writer at a time, so its transactions are serial.
//
// Losing the last half second of a counter, an open challenge or a session's prolonging to a power cut does no harm, so
// these commits do not wait for the disk. A login, a taken challenge, a binding, the audit trail do.
package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/session"
)

var (
	_ account.Store   = (*Store)(nil)
	_ session.Store   = (*Store)(nil)
	_ challenge.Store = (*Store)(nil)
)

// ErrSecret: the secret file is not the one with which this database was filled; no ID number of it would be found.
var ErrSecret = errors.New("the database was filled with another secret file; give this portal the secret file that belongs to its database")

// Store is one database; safe for concurrent use.
type Store struct {
	engine  engine
	closing func() error
	full    atomic.Bool // challenges, as the last Purge saw them
}

// keywords is libpq's other form of an address, which would make a file with a password in its name.
var keywords = regexp.MustCompile(`(?i)\b(host|user|password|dbname)\s*=`)

// Open opens postgres://… or postgresql://…, else the SQLite file of that path, created for its owner alone if it is not
// there. PostgreSQL: pool_max_conns in the URL's query bounds the connections (default 20). No error shows the password.
func Open(ctx context.Context, address string) (*Store, error) {
	if address == "" {
		return nil, errors.New("no database given; give a file's path or a postgres:// address")
	}
	open := openSQLite
	scheme, _, isURL := strings.Cut(address, "://")
	switch {
	case strings.EqualFold(scheme, "postgres") && isURL, strings.EqualFold(scheme, "postgresql") && isURL:
		open = openPostgres
	case isURL, keywords.MatchString(address): // not quoted: it may hold a password
		return nil, errors.New("the database address is neither postgres://… nor a file's path; write postgres://user:password@host:port/database?sslmode=verify-full")
	}
	opened, err := open(address)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: opened, closing: sync.OnceValue(opened.close)}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return failed("reach the database", s.engine.reader().row(ctx, `SELECT 1`).Scan(&one))
}

// Close waits for what runs, then closes all connections.
func (s *Store) Close() error { return s.closing() }

// Pools are the database's connections by what they are for, for a monitor that counts them; nobody else may use them.
func (s *Store) Pools() map[string]*sql.DB { return s.engine.pools() }

// HasSecret says whether the database was filled with a secret.
func (s *Store) HasSecret(ctx context.Context) (has bool, err error) {
	const query = `SELECT EXISTS (SELECT 1 FROM settings WHERE name = 'secret')`
	return has, failed("look for the secret", s.engine.reader().row(ctx, query).Scan(&has))
}

// CheckSecret stores the fingerprint of the secret that hashes ID numbers if the database has none yet, else compares: ErrSecret.
func (s *Store) CheckSecret(ctx context.Context, fingerprint []byte) error {
	const (
		insert = `INSERT INTO settings (name, value) VALUES ('secret', $1) ON CONFLICT (name) DO NOTHING`
		query  = `SELECT value FROM settings WHERE name = 'secret'`
	)
	var kept []byte
	err := s.engine.transaction(ctx, durable, func(q querier) error {
		if _, err := q.exec(ctx, insert, fingerprint); err != nil {
			return err
		}
		return q.row(ctx, query).Scan(&kept)
	})
	if err != nil {
		return failed("compare the secret", err)
	}
	if !bytes.Equal(kept, fingerprint) {
		return ErrSecret
	}
	return nil
}

// refusal is an answer, not a failure of the database.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// failed says what could not be done; nil stays nil, a refusal is given as it is. Drivers' errors name hosts, tables,
// constraints, no values.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[refusal](err); ok {
		return answer.error
	}
	return fmt.Errorf("cannot %s: %w; look at the database", what, err)
}

// clean drops what PostgreSQL refuses in a text, so that no odd byte costs a line of the trail.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
}
