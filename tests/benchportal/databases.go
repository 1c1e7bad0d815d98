//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/cardbridge/cardbridge/tests/postgres"
)

// databases makes a fresh one for each measurement.
type databases struct {
	name, dir string
	cluster   *postgres.Cluster // nil for SQLite
	server    int               // PostgreSQL's first process
	made      int
	current   string
}

// fresh gives the address of an empty database.
func (d *databases) fresh(ctx context.Context) (string, error) {
	d.made++
	name := fmt.Sprintf("bench%d", d.made)
	if d.cluster == nil {
		d.current = filepath.Join(d.dir, name+".db")
		return d.current, nil
	}
	var err error
	d.current, err = d.cluster.Create(ctx, name)
	return d.current, err
}

// transactions is PostgreSQL's own count of what was committed for each login in the current database, its making included;
// nil for SQLite, which counts nothing. The server's processes report at their end: who asks has closed its connections.
func (d *databases) transactions(ctx context.Context, logins int) (*float64, error) {
	if d.cluster == nil {
		return nil, nil
	}
	db, err := sql.Open("pgx", d.cluster.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	const connected = `SELECT count(*) FROM pg_stat_activity WHERE datname = $1`
	name := fmt.Sprintf("bench%d", d.made)
	for others := 1; others > 0; { // a closed connection's process ends a little later
		if err := db.QueryRowContext(ctx, connected, name).Scan(&others); err != nil {
			return nil, err
		}
	}
	var n float64
	err = db.QueryRowContext(ctx, `SELECT xact_commit FROM pg_stat_database WHERE datname = $1`, name).Scan(&n)
	n /= float64(logins)
	return &n, err
}

// The floor's tables have the columns and the indexes that these statements need, of the sizes that the portal's have.
var floorTables = []string{
	`CREATE TABLE challenges (nonce BYTES PRIMARY KEY, session BYTES NOT NULL, expires BIGINT NOT NULL, taken INTEGER NOT NULL DEFAULT 0)`,
	`CREATE TABLE counters (bucket TEXT PRIMARY KEY, tries INTEGER NOT NULL)`,
	`CREATE TABLE bindings (card TEXT PRIMARY KEY, person BYTES NOT NULL)`,
	`CREATE TABLE sessions (key BYTES PRIMARY KEY, person BYTES NOT NULL, card TEXT NOT NULL, expires BIGINT NOT NULL)`,
	`CREATE TABLE events (at BIGINT NOT NULL, outcome TEXT NOT NULL, card TEXT NOT NULL, person TEXT NOT NULL)`,
}

const (
	floorPut   = `INSERT INTO challenges (nonce, session, expires) VALUES ($1, $2, $3)`
	floorTake  = `UPDATE challenges SET taken = 1 WHERE nonce = $1 AND taken = 0`
	floorCount = `INSERT INTO counters (bucket, tries) VALUES ($1, 1) ON CONFLICT (bucket) DO UPDATE SET tries = counters.tries + 1`
	floorBound = `SELECT person FROM bindings WHERE card = $1`
	floorBegin = `INSERT INTO sessions (key, person, card, expires) VALUES ($1, $2, $3, $4)`
	floorEvent = `INSERT INTO events (at, outcome, card, person) VALUES ($1, 'ok', $2, $3)`
)

func (d *databases) floor(ctx context.Context, cards, together int) (engine, error) {
	address, err := d.fresh(ctx)
	if err != nil {
		return nil, err
	}
	if d.cluster != nil {
		return newPostgresFloor(ctx, address, cards)
	}
	return newSQLiteFloor(ctx, address, cards, together)
}

// fill makes the tables with a binding for each card, in one transaction.
func fill(ctx context.Context, db *sql.DB, bytes string, cards int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, text := range floorTables {
		if _, err := tx.ExecContext(ctx, strings.ReplaceAll(text, "BYTES", bytes)); err != nil {
			return err
		}
	}
	for n := range cards {
		if _, err := tx.ExecContext(ctx, `INSERT INTO bindings (card, person) VALUES ($1, $2)`, subjectSerial(n), key('p', n)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// key is a 32-byte value, like those that the portal stores.
func key(kind byte, n int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte{kind}, uint64(n)))
	return sum[:]
}

// statements are prepared once.
type statements map[string]*sql.Stmt

func prepare(ctx context.Context, db *sql.DB, texts ...string) (statements, error) {
	all := statements{}
	for _, text := range texts {
		var err error
		if all[text], err = db.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s statements) write(ctx context.Context, text string, args ...any) error {
	done, err := s[text].ExecContext(ctx, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		return errors.Join(err, fmt.Errorf("%d rows instead of one", n))
	}
	return nil
}

func (s statements) read(ctx context.Context, text string, args ...any) error {
	var found []byte
	return s[text].QueryRowContext(ctx, args...).Scan(&found)
}

// postgresFloor has as many connections as one portal.
type postgresFloor struct {
	db *sql.DB
	on statements
}

const (
	poolSize = 20 // the portal's default for each process
	noWait   = ` WHERE set_config('synchronous_commit', 'off', TRUE) IS NOT NULL`

	serverPut   = `INSERT INTO challenges (nonce, session, expires) SELECT $1, $2, $3` + noWait
	serverCount = `INSERT INTO counters (bucket, tries) SELECT $1, 1` + noWait + ` ON CONFLICT (bucket) DO UPDATE SET tries = counters.tries + 1`
	serverBegin = `WITH begun AS (INSERT INTO sessions (key, person, card, expires) VALUES ($1, $2, $3, $4))
		INSERT INTO events (at, outcome, card, person) VALUES ($4, 'ok', $3, 'person')`
)

func newPostgresFloor(ctx context.Context, address string, cards int) (engine, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	f := &postgresFloor{db: db}
	if err := fill(ctx, db, "BYTEA", cards); err != nil {
		return nil, err
	}
	f.on, err = prepare(ctx, db, serverPut, floorTake, serverCount, floorBound, serverBegin)
	return f, err
}

func (f *postgresFloor) close() error { return f.db.Close() }

func (f *postgresFloor) do(ctx context.Context, s step, n int) error {
	switch s {
	case stepPut:
		return f.on.write(ctx, serverPut, key('n', n), key('s', n), 1)
	case stepTake:
		return f.on.write(ctx, floorTake, key('n', n))
	case stepCount:
		return f.on.write(ctx, serverCount, subjectSerial(n))
	case stepBound:
		return f.on.read(ctx, floorBound, subjectSerial(n))
	default:
		return f.on.write(ctx, serverBegin, key('k', n), key('p', n), subjectSerial(n), 1)
	}
}
