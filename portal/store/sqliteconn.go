package store

import (
	"context"
	"database/sql"
	"errors"
)

// liteConn is one connection with its prepared statements. Transactions are statements too: those of database/sql cannot use
// what was prepared on a connection.
type liteConn struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// transaction takes SQLite's write lock at its beginning: a reader that becomes a writer later would be refused.
func (c *liteConn) transaction(ctx context.Context, do func(querier) error) error {
	return c.within(ctx, "BEGIN IMMEDIATE", do)
}

// savepoint is a transaction within the transaction: err is do's own. With broken the transaction around it is gone: SQLite
// rolls back by itself where the disk is full, say.
func (c *liteConn) savepoint(ctx context.Context, do func() error) (err, broken error) {
	if _, err := c.exec(ctx, "SAVEPOINT member"); err != nil {
		return err, err
	}
	if err = do(); err != nil {
		if _, broken := c.exec(ctx, "ROLLBACK TO member"); broken != nil {
			return err, errors.Join(err, broken)
		}
	}
	if _, broken := c.exec(ctx, "RELEASE member"); broken != nil {
		return broken, broken
	}
	return err, nil
}

func (c *liteConn) within(ctx context.Context, begin string, do func(querier) error) error {
	if _, err := c.exec(ctx, begin); err != nil {
		return err
	}
	settled := context.WithoutCancel(ctx) // the end of a transaction is never left open
	committed := false
	defer func() {
		if !committed {
			_, _ = c.exec(settled, "ROLLBACK") // fails where SQLite rolled back by itself
		}
	}()
	if err := do(c); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := c.exec(settled, "COMMIT")
	committed = err == nil
	return err
}

func (c *liteConn) close() {
	for _, stmt := range c.prepared {
		_ = stmt.Close()
	}
	_ = c.conn.Close()
}

func (c *liteConn) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := c.prepared[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(ctx, text)
	if err == nil {
		c.prepared[text] = stmt
	}
	return stmt, err
}

func (c *liteConn) exec(ctx context.Context, text string, args ...any) (int64, error) {
	stmt, err := c.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (c *liteConn) row(ctx context.Context, text string, args ...any) *sql.Row {
	stmt, err := c.stmt(ctx, text)
	if err != nil { // to carry the error
		return c.conn.QueryRowContext(ctx, text, args...)
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (c *liteConn) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := c.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
