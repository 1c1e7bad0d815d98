package store

import (
	"context"
	"database/sql"
	"iter"

	"github.com/pressly/goose/v3"
)

// durability is what a commit waits for.
type durability bool

const (
	durable durability = true  // the disk has it
	relaxed durability = false // the system has it; a power cut may lose it, never out of order
)

// querier runs statements; their text is prepared once per connection. Placeholders are $1, $2 …
type querier interface {
	exec(ctx context.Context, text string, args ...any) (affected int64, err error)
	row(ctx context.Context, text string, args ...any) *sql.Row
	rows(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// engine is what differs between the databases.
type engine interface {
	texts() *texts
	reader() querier
	// write is for a do of one statement that is a transaction by itself where the texts make it one; else a transaction.
	// PostgreSQL: relaxed is in the text.
	write(ctx context.Context, how durability, do func(querier) error) error
	transaction(ctx context.Context, how durability, do func(querier) error) error
	// stage fills a temporary table, then runs apply in a transaction that sees it. Filling stops nobody else's writing.
	stage(ctx context.Context, into staging, rows iter.Seq2[[]any, error], apply func(querier) error) error
	migrator() (provider *goose.Provider, done func() error, err error)
	pools() map[string]*sql.DB
	close() error
}

// staging is a temporary table.
type staging struct {
	name    string
	columns []column
}

type column struct {
	name string
	kind kind
}

// kind is a column's type, as its SQLite name; the first column of a staging is its key.
type kind string

const (
	bytesKind kind = "BLOB"
	textKind  kind = "TEXT"
	numKind   kind = "INTEGER"
	boolKind  kind = "BOOLEAN"
)

// texts are the statements that differ. An empty one: the engine needs it not, or needs several.
type texts struct {
	putChallenge, forgetOldest                       string
	begin, beginPerson, end, prolong                 string
	count, uncount, forget                           string
	purgeChallenges, purgeSessions, purgeCounters    string
	lockPerson, lockPersons, lockAgencies, lockCards string
	hasVersions                                      string
}
