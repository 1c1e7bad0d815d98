package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
)

// mostRows is how many rows a BindingsError names.
const mostRows = 100

// BindingsError: rows of a bindings file (counted from 1, without the header) whose card or person is bound otherwise.
type BindingsError struct {
	Conflicts int
	Rows      []int // the first hundred
}

// Error says what to do.
func (e *BindingsError) Error() string {
	return fmt.Sprintf("%d rows have a card or a person that is bound otherwise, the first is row %d; nothing was imported; "+
		"take them out of the file, or unbind these persons", e.Conflicts, e.Rows[0])
}

const (
	bindingsConflict = ` FROM incoming_bindings i
		WHERE EXISTS (SELECT 1 FROM bindings b WHERE b.family = i.family AND b.serial = i.serial AND b.person <> i.person)
		OR EXISTS (SELECT 1 FROM bindings b WHERE b.person = i.person AND (b.family <> i.family OR b.serial <> i.serial))`
	bindingsAdd = `INSERT INTO bindings (family, serial, person, thumbprint, bound)
		SELECT i.family, i.serial, i.person, i.thumbprint, i.bound FROM incoming_bindings i
		WHERE NOT EXISTS (SELECT 1 FROM bindings b WHERE b.family = i.family AND b.serial = i.serial)`
	bindingsAlone = `SELECT count(*) FROM incoming_bindings i WHERE NOT EXISTS (SELECT 1 FROM persons p WHERE p.id = i.person)`
)

// ImportBindings adds bindings, for who comes from another portal; it removes and changes none. A row that is there already
// is counted as unchanged. Errors: the sequence's own, *DuplicateError, *BindingsError, ErrEmpty, the database's; then
// nothing was imported.
func (s *Store) ImportBindings(ctx context.Context, rows iter.Seq2[account.Binding, error], event audit.Event) (Counts, error) {
	into := staging{"incoming_bindings", []column{{"number", numKind}, {"family", textKind}, {"serial", textKind}, {"person", bytesKind},
		{"thumbprint", textKind}, {"bound", numKind}}}
	cards, persons := newUnique[account.CardKey]("card"), newUnique[account.Hash]("person")
	var counts Counts
	values := convert(rows, func(b account.Binding) ([]any, error) {
		counts.Read++
		return []any{int64(counts.Read), clean(b.Card.Family), clean(b.Card.Serial), b.Person[:], clean(b.Thumbprint), bindingTime(b, event.At)},
			errors.Join(cards.check(b.Card, counts.Read), persons.check(b.Person, counts.Read))
	})
	err := s.engine.stage(ctx, into, values, func(q querier) error {
		if counts.Read == 0 {
			return refusal{ErrEmpty}
		}
		return s.addBindings(ctx, q, event, &counts)
	})
	if err != nil {
		return Counts{Read: counts.Read}, failed("import", err)
	}
	return counts, nil
}

func (s *Store) addBindings(ctx context.Context, q querier, event audit.Event, counts *Counts) error {
	if lock := s.engine.texts().lockCards; lock != "" { // a Bind waits: what is compared here stays so
		if _, err := q.exec(ctx, lock); err != nil {
			return err
		}
	}
	if err := conflicts(ctx, q); err != nil {
		return err
	}
	added, err := q.exec(ctx, bindingsAdd)
	if err != nil {
		return err
	}
	counts.Added, counts.Unchanged = int(added), counts.Read-int(added)
	if err := q.row(ctx, bindingsAlone).Scan(&counts.WithoutPerson); err != nil {
		return err
	}
	return recordImport(ctx, q, event, *counts)
}

func conflicts(ctx context.Context, q querier) error {
	var refused BindingsError
	if err := q.row(ctx, `SELECT count(*)`+bindingsConflict).Scan(&refused.Conflicts); err != nil || refused.Conflicts == 0 {
		return err
	}
	rows, err := q.rows(ctx, `SELECT i.number`+bindingsConflict+` ORDER BY i.number LIMIT $1`, mostRows)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		if err := rows.Scan(&number); err != nil {
			return err
		}
		refused.Rows = append(refused.Rows, number)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return refusal{&refused}
}
