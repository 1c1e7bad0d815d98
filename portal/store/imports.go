package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
)

// ImportOptions say what an import may do.
type ImportOptions struct {
	AllowShrink bool // do not refuse with *ShrinkError
}

// Counts say what an import did, in rows.
type Counts struct {
	Read, Added, Changed, Unchanged, Removed int
	LeftOffice                               int // of Changed: in office before, no more now
	SessionsEnded                            int // sessions that ended because their person was removed or has left office
	WithoutPerson                            int // of a bindings file: persons that the personnel file does not have
}

// String is for the audit trail.
func (c Counts) String() string {
	return fmt.Sprintf("read %d, added %d, changed %d, unchanged %d, removed %d, left office %d, sessions ended %d, without person %d",
		c.Read, c.Added, c.Changed, c.Unchanged, c.Removed, c.LeftOffice, c.SessionsEnded, c.WithoutPerson)
}

// ErrEmpty: a file without rows is taken for a broken one.
var ErrEmpty = errors.New("the file has no rows; nothing was imported; export it again")

// ShrinkError: an import would take from more than a tenth of the rows, and from more than ten, what they open.
type ShrinkError struct {
	Before, Removed, LeftOffice int
}

// Error says what to do.
func (e *ShrinkError) Error() string {
	return fmt.Sprintf("of %d rows in the database the file lacks %d and has %d newly out of office; nothing was imported; export the file again, "+
		"or allow the import to shrink the database if that is right", e.Before, e.Removed, e.LeftOffice)
}

// DuplicateError: two rows of one file (counted from 1, without the header) have the same value where each must have its own.
type DuplicateError struct {
	Column     string // id, account, oid, card or person
	Row, First int
}

// Error says what to do.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("row %d has the same %s as row %d; nothing was imported; correct the file", e.Row, e.Column, e.First)
}

// unique sees what comes twice.
type unique[K comparable] struct {
	column string
	first  map[K]int
}

func (u *unique[K]) check(key K, row int) error {
	if first, twice := u.first[key]; twice {
		return &DuplicateError{u.column, row, first}
	}
	u.first[key] = row
	return nil
}

func newUnique[K comparable](column string) *unique[K] { return &unique[K]{column, map[K]int{}} }

// snapshot is a table whose file replaces it wholly.
type snapshot struct {
	table   string
	columns []column // the key first
	lock    string
	before  string // runs before changed rows are written, if there are any
	left    string // says of a row t that its new version i loses its sessions
}

const endDismissed = `DELETE FROM sessions WHERE person IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.id = sessions.person AND p.in_office)`

// ImportPersonnel replaces the personnel by the rows, all or nothing, in one transaction: readers see the old file or the new
// one. Who is removed or out of office loses the sessions; bindings stay. The event is written with the counts after its
// Detail. Errors: the sequence's own, *DuplicateError, *ShrinkError, ErrEmpty, the database's.
func (s *Store) ImportPersonnel(ctx context.Context, rows iter.Seq2[account.Person, error], options ImportOptions, event audit.Event) (Counts, error) {
	persons := snapshot{
		table:   "persons",
		columns: []column{{"id", bytesKind}, {"tail", bytesKind}, {"account", textKind}, {"name", textKind}, {"in_office", boolKind}},
		lock:    s.engine.texts().lockPersons,
		// accounts may change hands within one file: unique constraints are checked row by row
		before: `UPDATE persons SET account = NULL FROM incoming_persons i
			WHERE i.id = persons.id AND persons.account IS NOT NULL AND persons.account IS DISTINCT FROM i.account`,
		left: `t.in_office AND NOT i.in_office`,
	}
	ids, accounts := newUnique[account.Hash]("id"), newUnique[string]("account")
	number := 0
	values := convert(rows, func(p account.Person) ([]any, error) {
		number++
		if p.Account == "" {
			return []any{p.ID[:], p.Tail[:], nil, clean(p.Name), p.InOffice}, ids.check(p.ID, number)
		}
		return []any{p.ID[:], p.Tail[:], clean(p.Account), clean(p.Name), p.InOffice}, errors.Join(ids.check(p.ID, number), accounts.check(p.Account, number))
	})
	return s.replaceAll(ctx, persons, values, options, event, func(q querier, counts *Counts) error {
		ended, err := q.exec(ctx, endDismissed) // after the persons' rows: see Begin
		counts.SessionsEnded = int(ended)
		return err
	})
}

// ImportAgencies replaces the agencies as ImportPersonnel replaces the personnel. Sessions of agencies stay.
func (s *Store) ImportAgencies(ctx context.Context, rows iter.Seq2[account.Agency, error], options ImportOptions, event audit.Event) (Counts, error) {
	agencies := snapshot{
		table:   "agencies",
		columns: []column{{"oid", textKind}, {"code", textKind}, {"name", textKind}},
		lock:    s.engine.texts().lockAgencies,
		left:    `FALSE`,
	}
	oids, number := newUnique[string]("oid"), 0
	values := convert(rows, func(a account.Agency) ([]any, error) {
		number++
		return []any{clean(a.OID), clean(a.Code), clean(a.Name)}, oids.check(a.OID, number)
	})
	return s.replaceAll(ctx, agencies, values, options, event, func(querier, *Counts) error { return nil })
}

// convert makes rows of values; a row that is refused ends the sequence with its error.
func convert[R any](rows iter.Seq2[R, error], values func(R) ([]any, error)) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			var out []any
			if err == nil {
				out, err = values(row)
			}
			if err != nil {
				yield(nil, refusal{err})
				return
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// counted counts what passes.
func counted(rows iter.Seq2[[]any, error], count *int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			*count++
			if !yield(row, err) {
				return
			}
		}
	}
}

func (s *Store) replaceAll(ctx context.Context, table snapshot, rows iter.Seq2[[]any, error], options ImportOptions, event audit.Event,
	after func(querier, *Counts) error) (counts Counts, err error) {
	into := staging{"incoming_" + table.table, table.columns}
	read := 0
	err = s.engine.stage(ctx, into, counted(rows, &read), func(q querier) error {
		counts = Counts{Read: read}
		if read == 0 {
			return refusal{ErrEmpty}
		}
		if table.lock != "" {
			if _, err := q.exec(ctx, table.lock); err != nil {
				return err
			}
		}
		if err := table.compare(ctx, q, options, &counts); err != nil {
			return err
		}
		if err := table.apply(ctx, q, counts); err != nil {
			return err
		}
		if err := after(q, &counts); err != nil {
			return err
		}
		return recordImport(ctx, q, event, counts)
	})
	if err != nil {
		return Counts{Read: read}, failed("import", err)
	}
	return counts, nil
}

func recordImport(ctx context.Context, q querier, event audit.Event, counts Counts) error {
	event.Detail = strings.TrimSpace(event.Detail + " " + counts.String())
	return record(ctx, q, event)
}

// compare counts what the file would do, and refuses a file that looks cut off.
func (t snapshot) compare(ctx context.Context, q querier, options ImportOptions, counts *Counts) error {
	var before, matched int
	var left sql.NullInt64
	text := fmt.Sprintf(`SELECT (SELECT count(*) FROM %[1]s), count(t.%[2]s), count(*) FILTER (WHERE t.%[2]s IS NOT NULL AND (%[3]s)),
		count(*) FILTER (WHERE %[4]s) FROM incoming_%[1]s i LEFT JOIN %[1]s t ON t.%[2]s = i.%[2]s`, t.table, t.key(), t.differs("t"), t.left)
	if err := q.row(ctx, text).Scan(&before, &matched, &counts.Changed, &left); err != nil {
		return err
	}
	counts.LeftOffice = int(left.Int64)
	counts.Removed, counts.Unchanged, counts.Added = before-matched, matched-counts.Changed, counts.Read-matched
	lost := counts.Removed + counts.LeftOffice
	if !options.AllowShrink && lost > 10 && lost*10 > before {
		return refusal{&ShrinkError{before, counts.Removed, counts.LeftOffice}}
	}
	return nil
}

// apply writes what differs, nothing else.
func (t snapshot) apply(ctx context.Context, q querier, counts Counts) error {
	var set []string
	for _, c := range t.columns[1:] {
		set = append(set, c.name+" = i."+c.name)
	}
	match := fmt.Sprintf("i.%[2]s = %[1]s.%[2]s", t.table, t.key())
	steps := []struct {
		rows int
		text string
	}{
		{counts.Removed, fmt.Sprintf(`DELETE FROM %[1]s WHERE NOT EXISTS (SELECT 1 FROM incoming_%[1]s i WHERE %[2]s)`, t.table, match)},
		{counts.Changed, t.before},
		{counts.Changed, fmt.Sprintf(`UPDATE %[1]s SET %[2]s FROM incoming_%[1]s i WHERE %[3]s AND (%[4]s)`,
			t.table, strings.Join(set, ", "), match, t.differs(t.table))},
		{counts.Added, fmt.Sprintf(`INSERT INTO %[1]s SELECT * FROM incoming_%[1]s i WHERE NOT EXISTS (SELECT 1 FROM %[1]s WHERE %[2]s)`, t.table, match)},
	}
	for _, step := range steps {
		if step.rows == 0 || step.text == "" {
			continue
		}
		if _, err := q.exec(ctx, step.text); err != nil {
			return err
		}
	}
	return nil
}

func (t snapshot) key() string { return t.columns[0].name }

func (t snapshot) differs(table string) string {
	var parts []string
	for _, c := range t.columns[1:] {
		parts = append(parts, fmt.Sprintf("%[1]s.%[2]s IS DISTINCT FROM i.%[2]s", table, c.name))
	}
	return strings.Join(parts, " OR ")
}
