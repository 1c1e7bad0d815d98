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
	spendProof = `DELETE FROM sessions WHERE key = $1 AND state = 'proved' AND expires > $2 RETURNING card`
	takeCard   = `DELETE FROM bindings WHERE person = $1 AND family = $2 AND serial = $3`
	// bindCard waits for a transaction that has the same card or the same person in hand, then finds it there or gone.
	bindCard   = `INSERT INTO bindings (family, serial, person, thumbprint, bound) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	endPerson  = `DELETE FROM sessions WHERE person = $1`
	unbindCard = `DELETE FROM bindings WHERE person = $1 RETURNING family, serial`
)

// Bind implements account.Store. The proof is spent by whoever gets its row's lock; card and account are unique in the table
// of bindings; the person's row, locked for sharing, keeps an import from dismissing the person meanwhile. The proof must be
// of the very card, the person in office: session.ErrNone, account.ErrConflict.
func (s *Store) Bind(ctx context.Context, binding account.Binding, replaces *account.CardKey, old session.Key, begun session.Session, event audit.Event) error {
	err := s.engine.transaction(ctx, durable, func(q querier) error {
		if err := spend(ctx, q, old, binding); err != nil {
			return err
		}
		if err := s.lockInOffice(ctx, q, binding.Person); err != nil {
			return err
		}
		if err := replace(ctx, q, binding, replaces); err != nil {
			return err
		}
		return begin(ctx, q, begun, event)
	})
	return failed("bind the card", err)
}

// spend ends the session that is the proof.
func spend(ctx context.Context, q querier, old session.Key, binding account.Binding) error {
	var text []byte
	err := q.row(ctx, spendProof, old[:], millis(binding.At)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return refusal{session.ErrNone}
	}
	if err != nil {
		return err
	}
	var card session.Card
	if err := json.Unmarshal(text, &card); err != nil {
		return err
	}
	if (account.CardKey{Family: card.Family, Serial: card.Serial}) != binding.Card {
		return refusal{session.ErrNone}
	}
	return nil
}

func (s *Store) lockInOffice(ctx context.Context, q querier, person account.Hash) error {
	var inOffice bool
	err := q.row(ctx, s.engine.texts().lockPerson, person[:]).Scan(&inOffice)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !inOffice) {
		return refusal{account.ErrConflict}
	}
	return err
}

// replace puts the binding in the place of the one that the caller saw; that card's sessions are all of the account's.
func replace(ctx context.Context, q querier, binding account.Binding, replaces *account.CardKey) error {
	if replaces != nil {
		gone, err := q.exec(ctx, takeCard, binding.Person[:], clean(replaces.Family), clean(replaces.Serial))
		if err != nil {
			return err
		}
		if gone == 0 {
			return refusal{account.ErrConflict}
		}
		if _, err := q.exec(ctx, endPerson, binding.Person[:]); err != nil {
			return err
		}
	}
	bound, err := q.exec(ctx, bindCard, clean(binding.Card.Family), clean(binding.Card.Serial), binding.Person[:], clean(binding.Thumbprint), millis(binding.At))
	if err == nil && bound == 0 {
		return refusal{account.ErrConflict}
	}
	return err
}

// Unbind parts a person from the card, ends the person's sessions, writes the event (with the card, unless it names one).
// account.ErrNoBinding if there is none, and then no event.
func (s *Store) Unbind(ctx context.Context, person account.Hash, event audit.Event) (card account.CardKey, err error) {
	err = s.engine.transaction(ctx, durable, func(q querier) error {
		var inOffice bool // the same order of locks as in an import: the person, then the sessions
		if err := q.row(ctx, s.engine.texts().lockPerson, person[:]).Scan(&inOffice); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err := q.row(ctx, unbindCard, person[:]).Scan(&card.Family, &card.Serial)
		if errors.Is(err, sql.ErrNoRows) {
			return refusal{account.ErrNoBinding}
		}
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, endPerson, person[:]); err != nil {
			return err
		}
		if event.Card == "" {
			event.Card = card.String()
		}
		return record(ctx, q, event)
	})
	if err != nil {
		return account.CardKey{}, failed("unbind the card", err)
	}
	return card, nil
}

// bindingTime is when an imported binding was made, as far as is known.
func bindingTime(row account.Binding, imported time.Time) int64 {
	if row.At.IsZero() {
		return millis(imported)
	}
	return millis(row.At)
}
