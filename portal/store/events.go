package store

import (
	"context"
	"iter"
	"time"

	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/challenge"
)

const (
	eventColumns = `at, action, outcome, card_kind, card, thumbprint, person, agency, address, request, detail`
	insertEvent  = `INSERT INTO events (` + eventColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	eventsAtOnce = 1000
)

// Record implements account.Store.
func (s *Store) Record(ctx context.Context, event audit.Event) error {
	return failed("write the audit trail", s.engine.write(ctx, durable, func(q querier) error { return record(ctx, q, event) }))
}

func record(ctx context.Context, q querier, event audit.Event) error {
	_, err := q.exec(ctx, insertEvent, eventArgs(event)...)
	return err
}

// eventArgs are the values of eventColumns.
func eventArgs(e audit.Event) []any {
	return []any{millis(e.At), clean(string(e.Action)), clean(e.Outcome), clean(e.CardKind), clean(e.Card), clean(e.Thumbprint), clean(e.Person),
		clean(e.Agency), clean(e.Address), clean(e.Request), clean(e.Detail)}
}

// Events gives the trail since a time, oldest first. It reads by the thousand, so a slow consumer holds up nobody. After an
// error it ends.
func (s *Store) Events(ctx context.Context, since time.Time) iter.Seq2[audit.Event, error] {
	return func(yield func(audit.Event, error) bool) {
		at, number := millis(since), int64(-1)
		for {
			page, last, err := s.eventsAfter(ctx, at, number)
			if err != nil {
				yield(audit.Event{}, failed("read the audit trail", err))
				return
			}
			for _, event := range page {
				if !yield(event, nil) {
					return
				}
			}
			if len(page) < eventsAtOnce {
				return
			}
			at, number = millis(page[len(page)-1].At), last
		}
	}
}

func (s *Store) eventsAfter(ctx context.Context, at, number int64) (page []audit.Event, last int64, err error) {
	const text = `SELECT number, ` + eventColumns + ` FROM events WHERE (at, number) > ($1, $2) ORDER BY at, number LIMIT $3`
	rows, err := s.engine.reader().rows(ctx, text, at, number, eventsAtOnce)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var e audit.Event
		var ms int64
		if err := rows.Scan(&last, &ms, &e.Action, &e.Outcome, &e.CardKind, &e.Card, &e.Thumbprint, &e.Person, &e.Agency, &e.Address,
			&e.Request, &e.Detail); err != nil {
			return nil, 0, err
		}
		e.At = moment(ms)
		page = append(page, e)
	}
	return page, last, rows.Err()
}

// Sweep forgets what has ended by now: sessions, counters, challenges (one more challenge.Lifetime after their end, so that
// a late person reads "expired"), and events before auditBefore unless that is zero. Run it every minute or so.
func (s *Store) Sweep(ctx context.Context, now, auditBefore time.Time) error {
	if err := s.Purge(ctx, now.Add(-challenge.Lifetime)); err != nil {
		return err
	}
	if err := s.PurgeSessions(ctx, now); err != nil {
		return err
	}
	if err := s.forgetBefore(ctx, s.engine.texts().purgeCounters, now); err != nil {
		return err
	}
	if auditBefore.IsZero() {
		return nil
	}
	return s.forgetBefore(ctx, `DELETE FROM events WHERE at < $1`, auditBefore)
}
