package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/portal/challenge"
)

const (
	// mostChallenges is about 200 MB. A store that grows with every request is a way to stop the portal.
	mostChallenges = 1_000_000
	// mostOfSession stands in forgetOldest too.
	mostOfSession = 16

	// takeChallenge waits for whoever has the row, then looks at its new version: taken, so it hits nothing.
	takeChallenge = `UPDATE challenges SET taken = TRUE WHERE nonce = $1 AND NOT taken RETURNING session, expires`
	wasTaken      = `SELECT EXISTS (SELECT 1 FROM challenges WHERE nonce = $1)`
)

// Put implements challenge.Store. Beyond 16 of one session its oldest is forgotten; of several Puts at the same moment only
// the next one may see this. challenge.ErrFull from the Purge that finds a million open challenges to one that finds fewer.
func (s *Store) Put(ctx context.Context, record challenge.Record) error {
	if s.full.Load() {
		return challenge.ErrFull
	}
	texts := s.engine.texts()
	return failed("keep the challenge", s.engine.write(ctx, relaxed, func(q querier) error {
		var open int // whether this one is among them is the database's affair
		err := q.row(ctx, texts.putChallenge, record.Nonce[:], record.Session[:], millis(record.Expires)).Scan(&open)
		if err == nil && open >= mostOfSession {
			_, err = q.exec(ctx, texts.forgetOldest, record.Session[:])
		}
		return err
	}))
}

// Take implements challenge.Store. The row's lock decides: whoever waits for it finds it taken.
func (s *Store) Take(ctx context.Context, nonce challenge.Key) (challenge.Record, error) {
	var (
		hit, known bool
		session    []byte
		expires    int64
	)
	err := s.engine.write(ctx, durable, func(q querier) error {
		err := q.row(ctx, takeChallenge, nonce[:]).Scan(&session, &expires)
		hit = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			err = q.row(ctx, wasTaken, nonce[:]).Scan(&known)
		}
		return err
	})
	switch {
	case err != nil:
		return challenge.Record{}, failed("take the challenge", err)
	case !hit && known:
		return challenge.Record{}, challenge.ErrUsed
	case !hit:
		return challenge.Record{}, challenge.ErrUnknown
	}
	record := challenge.Record{Nonce: nonce, Expires: moment(expires)}
	copy(record.Session[:], session)
	return record, nil
}

// Purge implements challenge.Store.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	const open = `SELECT count(*) FROM (SELECT 1 FROM challenges LIMIT $1) AS counted`
	if err := s.forgetBefore(ctx, s.engine.texts().purgeChallenges, before); err != nil {
		return err
	}
	var count int
	if err := s.engine.reader().row(ctx, open, mostChallenges).Scan(&count); err != nil {
		return failed("count the challenges", err)
	}
	s.full.Store(count >= mostChallenges)
	return nil
}

// forgetBefore runs a statement that deletes what ended before a time; losing it costs nothing.
func (s *Store) forgetBefore(ctx context.Context, text string, before time.Time) error {
	return failed("forget what has expired", s.engine.write(ctx, relaxed, func(q querier) error {
		_, err := q.exec(ctx, text, millis(before))
		return err
	}))
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
