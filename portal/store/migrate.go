package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

const versionTable = "schema_versions"

// SchemaError: the database is not of this program's version.
type SchemaError struct {
	Have, Want int64 // Have is 0 for an empty database
}

// Newer says that the database was migrated by a newer program.
func (e *SchemaError) Newer() bool { return e.Have > e.Want }

// Error says what to do.
func (e *SchemaError) Error() string {
	if e.Newer() {
		return fmt.Sprintf("the database is newer (schema %d) than this program (schema %d); run the newer program", e.Have, e.Want)
	}
	return fmt.Sprintf("the database has schema %d, this program needs %d; run `portal migrate`", e.Have, e.Want)
}

func newMigrator(dialect goose.Dialect, db *sql.DB, dir string, options ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, files, append(options, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))...)
}

// Migrate brings the schema to this program's version; several processes may try at once. *SchemaError if it is newer.
func (s *Store) Migrate(ctx context.Context) error {
	provider, done, err := s.engine.migrator()
	if err != nil {
		return failed("read the migrations", err)
	}
	defer done() // each step of a migration has told
	for {
		before, err := s.schema(ctx, provider)
		if err != nil || before.Newer() {
			return schemaError(before, err)
		}
		_, err = provider.Up(ctx)
		after, checked := s.schema(ctx, provider)
		switch {
		case checked != nil || (err == nil && after.Have != after.Want):
			return schemaError(after, checked)
		case err == nil || after.Have == after.Want: // another process did it
			return nil
		case after.Have == before.Have:
			return failed("migrate the database", err)
		}
		// SQLite has no lock that goose could take: another process was one step faster. Each round means such a step.
	}
}

// Check gives *SchemaError unless the schema is this program's.
func (s *Store) Check(ctx context.Context) error {
	provider, done, err := s.engine.migrator()
	if err != nil {
		return failed("read the migrations", err)
	}
	defer done() // each step of a migration has told
	found, err := s.schema(ctx, provider)
	if found.Have == found.Want && err == nil {
		return nil
	}
	return schemaError(found, err)
}

func schemaError(found SchemaError, err error) error {
	if err != nil {
		return failed("read the schema's version", err)
	}
	found.Have = max(found.Have, 0)
	return &found
}

// schema compares the newest version of both sides. Have is -1 where not even the table of versions is there.
func (s *Store) schema(ctx context.Context, provider *goose.Provider) (found SchemaError, err error) {
	sources := provider.ListSources()
	found = SchemaError{Have: -1, Want: sources[len(sources)-1].Version}
	there := false
	if err := s.engine.reader().row(ctx, s.engine.texts().hasVersions).Scan(&there); err != nil || !there {
		return found, err
	}
	const newest = `SELECT COALESCE(MAX(version_id), 0) FROM ` + versionTable + ` WHERE is_applied`
	err = s.engine.reader().row(ctx, newest).Scan(&found.Have)
	return found, err
}
