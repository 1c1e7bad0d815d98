package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// busyWait in milliseconds: how long a writer waits for another process's, an import's last step included.
const busyWait = "30000"

// lite is one file with one writer at a time. The gate keeps this process's writers in a fair queue; SQLite itself would have
// them poll. Other processes are kept apart by SQLite's own lock.
type lite struct {
	path             string
	gate             chan struct{}
	closed           chan struct{}
	durable, relaxed *liteWriter
	reads            *liteReader
	group            groupCommit
}

func openSQLite(path string) (engine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("cannot create the database file: %w; create its folder, writable by the portal", err)
	}
	l := &lite{path: path, gate: make(chan struct{}, 1), closed: make(chan struct{})}
	full, err := l.pool(1, "synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	// In WAL mode NORMAL costs durability after a power cut, never consistency: sqlite.org/pragma.html#pragma_synchronous
	normal, err := l.pool(1, "synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	reads, err := l.pool(2*runtime.NumCPU(), "query_only(1)")
	if err != nil {
		return nil, err
	}
	l.durable, l.relaxed, l.reads = &liteWriter{db: full}, &liteWriter{db: normal}, &liteReader{db: reads}
	l.group.lite = l
	return l, nil
}

// createPrivate opens no file that is there: closing it would drop the locks that this process holds on it (fcntl(2)).
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

func (l *lite) pool(size int, pragmas ...string) (*sql.DB, error) {
	options := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range append([]string{"busy_timeout(" + busyWait + ")", "journal_mode(WAL)", "foreign_keys(1)",
		"journal_size_limit(67108864)"}, pragmas...) {
		options.Add("_pragma", pragma)
	}
	path := filepath.ToSlash(l.path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	connector, err := sqlite.NewConnector((&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

func (l *lite) texts() *texts { return &sqliteTexts }

func (l *lite) reader() querier { return l.reads }

func (l *lite) pools() map[string]*sql.DB {
	return map[string]*sql.DB{"sqlite-durable": l.durable.db, "sqlite-relaxed": l.relaxed.db, "sqlite-reads": l.reads.db}
}

func (l *lite) close() error {
	close(l.closed)
	l.gate <- struct{}{} // for ever
	return errors.Join(l.reads.close(), l.relaxed.close(), l.durable.close())
}

func (l *lite) write(ctx context.Context, how durability, do func(querier) error) error {
	return l.transaction(ctx, how, do)
}

func (l *lite) transaction(ctx context.Context, how durability, do func(querier) error) error {
	return l.group.run(ctx, how, do)
}

func (l *lite) enter(ctx context.Context) (leave func(), err error) {
	select {
	case l.gate <- struct{}{}:
		return func() { <-l.gate }, nil
	case <-l.closed:
		return nil, sql.ErrConnDone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stage fills a table of the connection's own temporary database, which takes no lock that others want.
func (l *lite) stage(ctx context.Context, into staging, rows iter.Seq2[[]any, error], apply func(querier) error) error {
	db, err := l.pool(1, "synchronous(FULL)", "cache_size(-65536)", "temp.cache_size(-65536)")
	if err != nil {
		return err
	}
	writer := &liteWriter{db: db}
	defer writer.close() // the commit has told
	conn, err := writer.open(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.exec(ctx, into.sqlite()); err != nil {
		return err
	}
	fill := func(querier) error { return insertRows(ctx, conn, into, rows) }
	if err := conn.within(ctx, "BEGIN DEFERRED", fill); err != nil {
		return err
	}
	leave, err := l.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return conn.transaction(ctx, apply)
}

func insertRows(ctx context.Context, conn *liteConn, into staging, rows iter.Seq2[[]any, error]) error {
	insert := into.insert()
	for row, err := range rows {
		if err != nil {
			return err
		}
		if _, err := conn.exec(ctx, insert, row...); err != nil {
			return err
		}
	}
	return nil
}

func (s staging) insert() string {
	var marks []string
	for i := range s.columns {
		marks = append(marks, fmt.Sprintf("$%d", i+1))
	}
	return "INSERT INTO " + s.name + " VALUES (" + strings.Join(marks, ", ") + ")"
}

func (s staging) sqlite() string {
	var columns []string
	for _, c := range s.columns {
		columns = append(columns, c.name+" "+string(c.kind))
	}
	columns[0] += " PRIMARY KEY"
	return "CREATE TEMPORARY TABLE " + s.name + " (" + strings.Join(columns, ", ") + ") WITHOUT ROWID"
}

// migrator has a connection of its own: a writer keeps its one.
func (l *lite) migrator() (*goose.Provider, func() error, error) {
	db, err := l.pool(1, "synchronous(FULL)")
	if err != nil {
		return nil, nil, err
	}
	provider, err := newMigrator(goose.DialectSQLite3, db, "migrations/sqlite")
	return provider, db.Close, err
}

// liteReader prepares on a pool.
type liteReader struct {
	db       *sql.DB
	prepared sync.Map // text -> *sql.Stmt
}

func (r *liteReader) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if found, ok := r.prepared.Load(text); ok {
		return found.(*sql.Stmt), nil
	}
	stmt, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if found, late := r.prepared.LoadOrStore(text, stmt); late {
		return found.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

// close forgets what was prepared: SQLite puts the log into the file when the last connection ends without open statements.
func (r *liteReader) close() error {
	r.prepared.Range(func(_, stmt any) bool {
		_ = stmt.(*sql.Stmt).Close()
		return true
	})
	return r.db.Close()
}

func (r *liteReader) exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("a reader does not write")
}

func (r *liteReader) row(ctx context.Context, text string, args ...any) *sql.Row {
	stmt, err := r.stmt(ctx, text)
	if err != nil { // to carry the error
		return r.db.QueryRowContext(ctx, text, args...)
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (r *liteReader) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := r.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// liteWriter keeps one connection; whoever uses it is alone.
type liteWriter struct {
	db   *sql.DB
	conn *liteConn
}

func (w *liteWriter) open(ctx context.Context) (*liteConn, error) {
	if w.conn != nil {
		return w.conn, nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w.conn = &liteConn{conn: conn, prepared: map[string]*sql.Stmt{}}
	return w.conn, nil
}

func (w *liteWriter) dropIfBroken(err error) error {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		_ = w.conn.conn.Close()
		w.conn = nil
	}
	return err
}

func (w *liteWriter) close() error {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
	return w.db.Close()
}
