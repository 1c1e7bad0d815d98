package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	poolParameter = "pool_max_conns"
	defaultPool   = 20 // three processes of these fit below PostgreSQL's default of 100
	idleTime      = 5 * time.Minute
)

var errAddress = errors.New("the database address cannot be read; write postgres://user:password@host:port/database?sslmode=verify-full")

type server struct{ db *sql.DB }

func openPostgres(address string) (engine, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, errAddress // not wrapped: the parser quotes the address, password included
	}
	size := defaultPool
	query := parsed.Query()
	if text := query.Get(poolParameter); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 2 || size > 1000 {
			return nil, fmt.Errorf("%s in the database address must be a number from 2 to 1000", poolParameter)
		}
		query.Del(poolParameter)
		parsed.RawQuery = query.Encode()
	}
	config, err := pgx.ParseConfig(parsed.String())
	if err != nil {
		return nil, errAddress
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "cardbridge-portal"
	}
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(idleTime)
	return server{db}, nil
}

func (p server) texts() *texts { return &postgresTexts }

func (p server) reader() querier { return pgQuerier{p.db} }

func (p server) pools() map[string]*sql.DB { return map[string]*sql.DB{"postgres": p.db} }

func (p server) close() error { return p.db.Close() }

func (p server) write(_ context.Context, _ durability, do func(querier) error) error {
	return do(pgQuerier{p.db})
}

func (p server) transaction(ctx context.Context, _ durability, do func(querier) error) error {
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing to roll back
	if err := do(pgQuerier{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// stage copies (COPY is the one fast way in), tells the planner how much came, applies: all in one transaction.
func (p server) stage(ctx context.Context, into staging, rows iter.Seq2[[]any, error], apply func(querier) error) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, into.postgres()); err != nil {
		return err
	}
	if err := copyRows(ctx, conn, into, rows); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "ANALYZE "+into.name); err != nil {
		return err
	}
	if err := apply(pgQuerier{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

func copyRows(ctx context.Context, conn *sql.Conn, into staging, rows iter.Seq2[[]any, error]) error {
	var refused error // pgx gives it back as the server's text alone
	next, stop := iter.Pull2(rows)
	defer stop()
	source := pgx.CopyFromFunc(func() ([]any, error) {
		row, err, more := next()
		if err != nil {
			refused = err
		}
		if !more || err != nil {
			return nil, err
		}
		return row, nil
	})
	err := conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{into.name}, into.names(), source)
		return err
	})
	if refused != nil {
		return refused
	}
	return err
}

func (s staging) names() []string {
	var names []string
	for _, c := range s.columns {
		names = append(names, c.name)
	}
	return names
}

func (s staging) postgres() string {
	kinds := map[kind]string{bytesKind: "BYTEA", textKind: `TEXT COLLATE "C"`, numKind: "BIGINT", boolKind: "BOOLEAN"}
	var columns []string
	for _, c := range s.columns {
		columns = append(columns, c.name+" "+kinds[c.kind])
	}
	return "CREATE TEMPORARY TABLE " + s.name + " (" + strings.Join(columns, ", ") + ") ON COMMIT DROP"
}

func (p server) migrator() (*goose.Provider, func() error, error) {
	provider, err := newMigrator(goose.DialectPostgres, p.db, "migrations/postgres", goose.WithSessionLocker(advisoryLock{}))
	return provider, func() error { return nil }, err
}

// advisoryLock lets one of several starting processes migrate while the others wait. goose's own asks every few seconds.
type advisoryLock struct{}

const migrationLock = 0x63617264 // "card"; any number that no other program takes in this database

func (advisoryLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock)
	return err
}

func (advisoryLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", migrationLock)
	return err
}

// pgQuerier is a pool or a transaction; pgx prepares and caches by itself.
type pgQuerier struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (q pgQuerier) exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := q.on.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (q pgQuerier) row(ctx context.Context, text string, args ...any) *sql.Row {
	return q.on.QueryRowContext(ctx, text, args...)
}

func (q pgQuerier) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return q.on.QueryContext(ctx, text, args...)
}
