package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

const (
	sessionColumns = `key, state, person, agency, replaced, card, since, expires`

	insertSession = `INSERT INTO sessions (` + sessionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	deleteSession = `DELETE FROM sessions WHERE key = $1`
	// mayBegin locks as postgresTexts.beginPerson does; it is for SQLite, which needs no lock.
	mayBegin = `SELECT 1 FROM bindings b JOIN persons p ON p.id = b.person
		WHERE b.family = $1 AND b.serial = $2 AND p.id = $3 AND p.in_office`
)

// Find implements session.Store.
func (s *Store) Find(ctx context.Context, key session.Key, now time.Time) (session.Session, error) {
	const text = `SELECT state, person, agency, replaced, card, since, expires FROM sessions WHERE key = $1 AND expires > $2`
	found := session.Session{Key: key}
	var (
		person, card   []byte
		since, expires int64
	)
	err := s.engine.reader().row(ctx, text, key[:], millis(now)).
		Scan(&found.State, &person, &found.AgencyOID, &found.Replaced, &card, &since, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Session{}, session.ErrNone
	}
	if err == nil {
		err = json.Unmarshal(card, &found.Card)
	}
	if err != nil {
		return session.Session{}, failed("find the session", err)
	}
	copy(found.Person[:], person)
	found.Since, found.Expires = moment(since), moment(expires)
	return found, nil
}

// Prolong implements session.Store.
func (s *Store) Prolong(ctx context.Context, key session.Key, expires time.Time) error {
	return failed("prolong the session", s.engine.write(ctx, relaxed, func(q querier) error {
		_, err := q.exec(ctx, s.engine.texts().prolong, key[:], millis(expires))
		return err
	}))
}

// End implements session.Store.
func (s *Store) End(ctx context.Context, key session.Key, event audit.Event) error {
	text := s.engine.texts().end
	return failed("end the session", s.engine.write(ctx, durable, func(q querier) error {
		if text != "" {
			_, err := q.exec(ctx, text, append([]any{key[:]}, eventArgs(event)...)...)
			return err
		}
		ended, err := q.exec(ctx, deleteSession, key[:])
		if err != nil || ended == 0 {
			return err
		}
		return record(ctx, q, event)
	}))
}

// PurgeSessions implements session.Store.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time) error {
	return s.forgetBefore(ctx, s.engine.texts().purgeSessions, before)
}

// Begin implements account.Store. A session in state Person begins only if at this moment its card is bound to its person,
// who is in office: account.ErrConflict otherwise. So no login that was under way outlives an import, a Bind or an Unbind.
func (s *Store) Begin(ctx context.Context, old session.Key, begun session.Session, event audit.Event) error {
	err := s.engine.write(ctx, durable, func(q querier) error {
		if s.engine.texts().begin != "" {
			return s.beginAtOnce(ctx, q, old, begun, event)
		}
		if begun.State == session.Person {
			var may int
			err := q.row(ctx, mayBegin, clean(begun.Card.Family), clean(begun.Card.Serial), begun.Person[:]).Scan(&may)
			if errors.Is(err, sql.ErrNoRows) {
				return refusal{account.ErrConflict}
			}
			if err != nil {
				return err
			}
		}
		if _, err := q.exec(ctx, deleteSession, old[:]); err != nil {
			return err
		}
		return begin(ctx, q, begun, event)
	})
	return failed("begin the session", err)
}

func (s *Store) beginAtOnce(ctx context.Context, q querier, old session.Key, begun session.Session, event audit.Event) error {
	row, err := sessionArgs(begun)
	if err != nil {
		return err
	}
	args := append(append([]any{old[:]}, row...), eventArgs(event)...)
	text := s.engine.texts().begin
	if begun.State == session.Person {
		text = s.engine.texts().beginPerson
		args = append(args, clean(begun.Card.Family), clean(begun.Card.Serial))
	}
	written, err := q.exec(ctx, text, args...)
	if err == nil && written == 0 {
		return refusal{account.ErrConflict}
	}
	return err
}

// begin writes a session with its event.
func begin(ctx context.Context, q querier, begun session.Session, event audit.Event) error {
	row, err := sessionArgs(begun)
	if err != nil {
		return err
	}
	if _, err := q.exec(ctx, insertSession, row...); err != nil {
		return err
	}
	return record(ctx, q, event)
}

// sessionArgs are the values of sessionColumns.
func sessionArgs(s session.Session) ([]any, error) {
	card, err := json.Marshal(s.Card)
	var person any
	if s.State == session.Person {
		person = s.Person[:]
	}
	return []any{s.Key[:], string(s.State), person, clean(s.AgencyOID), s.Replaced, clean(string(card)), millis(s.Since), millis(s.Expires)}, err
}
