package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cardbridge/cardbridge/portal/account"
)

const personColumns = `p.id, p.tail, COALESCE(p.account, ''), p.name, p.in_office`

// PersonByAccount implements account.Store.
func (s *Store) PersonByAccount(ctx context.Context, name string) (account.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+` FROM persons p WHERE p.account = $1`, clean(name))
}

// PersonByID implements account.Store.
func (s *Store) PersonByID(ctx context.Context, id account.Hash) (account.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+` FROM persons p WHERE p.id = $1`, id[:])
}

func (s *Store) person(ctx context.Context, text string, by any) (found account.Person, err error) {
	var id, tail []byte
	err = s.engine.reader().row(ctx, text, by).Scan(&id, &tail, &found.Account, &found.Name, &found.InOffice)
	if errors.Is(err, sql.ErrNoRows) {
		return account.Person{}, account.ErrNoPerson
	}
	if err != nil {
		return account.Person{}, failed("look up the person", err)
	}
	copy(found.ID[:], id)
	copy(found.Tail[:], tail)
	return found, nil
}

// Bound implements account.Store: one statement, so an import is seen wholly or not at all.
func (s *Store) Bound(ctx context.Context, card account.CardKey) (account.Binding, account.Person, error) {
	const text = `SELECT b.person, b.thumbprint, b.bound, p.tail, COALESCE(p.account, ''), p.name, p.in_office
		FROM bindings b LEFT JOIN persons p ON p.id = b.person WHERE b.family = $1 AND b.serial = $2`
	binding := account.Binding{Card: card}
	var (
		person     account.Person
		id, tail   []byte
		bound      int64
		name       sql.NullString
		isInOffice sql.NullBool
	)
	err := s.engine.reader().row(ctx, text, clean(card.Family), clean(card.Serial)).
		Scan(&id, &binding.Thumbprint, &bound, &tail, &person.Account, &name, &isInOffice)
	if errors.Is(err, sql.ErrNoRows) {
		return account.Binding{}, account.Person{}, account.ErrNoBinding
	}
	if err != nil {
		return account.Binding{}, account.Person{}, failed("look up the binding", err)
	}
	copy(binding.Person[:], id)
	binding.At = moment(bound)
	if !name.Valid {
		return binding, account.Person{}, account.ErrNoPerson
	}
	person.ID, person.Name, person.InOffice = binding.Person, name.String, isInOffice.Bool
	copy(person.Tail[:], tail)
	return binding, person, nil
}

// CardOf implements account.Store.
func (s *Store) CardOf(ctx context.Context, person account.Hash) (card account.CardKey, err error) {
	err = s.engine.reader().row(ctx, `SELECT family, serial FROM bindings WHERE person = $1`, person[:]).Scan(&card.Family, &card.Serial)
	if errors.Is(err, sql.ErrNoRows) {
		return account.CardKey{}, account.ErrNoBinding
	}
	return card, failed("look up the account's card", err)
}

// Agency implements account.Store.
func (s *Store) Agency(ctx context.Context, oid string) (account.Agency, error) {
	found := account.Agency{OID: oid}
	err := s.engine.reader().row(ctx, `SELECT code, name FROM agencies WHERE oid = $1`, clean(oid)).Scan(&found.Code, &found.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return account.Agency{}, account.ErrNoAgency
	}
	return found, failed("look up the agency", err)
}

// Count implements account.Store: one INSERT … ON CONFLICT, so a hundred at once count to a hundred. Windows that divide a
// day begin anew at each midnight in Taiwan; others are counted through from one such midnight.
func (s *Store) Count(ctx context.Context, bucket string, window time.Duration, now time.Time) (count int, err error) {
	err = s.counter(bucket, window, now, func(args []any) error {
		return s.engine.write(ctx, relaxed, func(q querier) error {
			return q.row(ctx, s.engine.texts().count, args...).Scan(&count)
		})
	})
	return count, failed("count", err)
}

// Uncount implements account.Store.
func (s *Store) Uncount(ctx context.Context, bucket string, window time.Duration, now time.Time) error {
	return s.uncount(ctx, s.engine.texts().uncount, bucket, window, now)
}

// Forget implements account.Store.
func (s *Store) Forget(ctx context.Context, bucket string, window time.Duration, now time.Time) error {
	return s.uncount(ctx, s.engine.texts().forget, bucket, window, now)
}

func (s *Store) uncount(ctx context.Context, text, bucket string, window time.Duration, now time.Time) error {
	return failed("count back", s.counter(bucket, window, now, func(args []any) error {
		return s.engine.write(ctx, relaxed, func(q querier) error {
			_, err := q.exec(ctx, text, args...)
			return err
		})
	}))
}

// taiwan is UTC+8, without summer time since 1979.
const taiwan = 8 * time.Hour

// counter gives the key of the counter whose window holds now.
func (s *Store) counter(bucket string, window time.Duration, now time.Time, use func(args []any) error) error {
	width := window.Milliseconds()
	if width <= 0 {
		return fmt.Errorf("a window of %v: it needs a millisecond at least", window)
	}
	local := millis(now) + taiwan.Milliseconds()
	into := (local%width + width) % width
	return use([]any{clean(bucket), width, millis(now) - into})
}
