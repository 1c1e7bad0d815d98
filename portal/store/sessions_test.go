package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

func TestSessionsComeBackAsTheyWere(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		proved := prove(t, s, "a", cardKey(1))
		got, err := s.Find(ctx, proved.Key, noon)
		require.NoError(t, err)
		assert.Equal(t, proved, got)

		agency := session.Session{Key: session.KeyOf("b"), State: session.Agency, AgencyOID: "2.16.886.101.1", Since: noon, Expires: noon.Add(session.Idle)}
		require.NoError(t, s.Begin(ctx, proved.Key, agency, event(audit.Login)))
		assert.False(t, isIn(t, s, "a"), "the old session ends")
		got, err = s.Find(ctx, agency.Key, noon)
		require.NoError(t, err)
		assert.Equal(t, agency, got)

		_, err = s.Find(ctx, agency.Key, agency.Expires)
		assert.ErrorIs(t, err, session.ErrNone, "expired")
		require.NoError(t, s.Prolong(ctx, agency.Key, agency.Expires.Add(time.Minute)))
		got, err = s.Find(ctx, agency.Key, agency.Expires)
		require.NoError(t, err)
		assert.Equal(t, agency.Expires.Add(time.Minute), got.Expires)
		assert.NoError(t, s.Prolong(ctx, session.KeyOf("nobody"), noon))

		before := len(events(t, s))
		require.NoError(t, s.End(ctx, agency.Key, event(audit.Logout)))
		assert.False(t, isIn(t, s, "b"))
		require.NoError(t, s.End(ctx, agency.Key, event(audit.Logout)))
		assert.Len(t, events(t, s), before+1, "one end, one event")
	})
}

func TestBeginIsAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		proved := prove(t, s, "old", cardKey(1))
		before := events(t, s)
		breakEvents(t, s)
		assert.Error(t, s.Begin(t.Context(), proved.Key, begun("new", cardKey(1), nil), event(audit.Login)))
		assert.Error(t, s.End(t.Context(), proved.Key, event(audit.Logout)))
		assert.True(t, isIn(t, s, "old"))
		assert.False(t, isIn(t, s, "new"))
		mendEvents(t, s)
		assert.Equal(t, before, events(t, s))
	})
}

// breakEvents takes the table of events away, mendEvents brings it back.
func breakEvents(t *testing.T, s *Store) { alter(t, s, `ALTER TABLE events RENAME TO elsewhere`) }

func mendEvents(t *testing.T, s *Store) { alter(t, s, `ALTER TABLE elsewhere RENAME TO events`) }

func alter(t *testing.T, s *Store, text string, args ...any) {
	t.Helper()
	require.NoError(t, s.engine.transaction(t.Context(), durable, func(q querier) error {
		_, err := q.exec(t.Context(), text, args...)
		return err
	}))
}

func TestAPersonsSessionNeedsBindingAndOffice(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		list := persons(3)
		importAll(t, s, list)
		mustBind(t, s, 1, list[1], "bound")
		begin := func(card int, p account.Person) error {
			return s.Begin(t.Context(), session.Key{}, begun("x", cardKey(card), &p), event(audit.Login))
		}
		assert.ErrorIs(t, begin(2, list[2]), account.ErrConflict, "no binding")
		assert.ErrorIs(t, begin(1, list[2]), account.ErrConflict, "another's card")
		require.NoError(t, begin(1, list[1]))
		list[1].InOffice = false
		importAll(t, s, list)
		assert.False(t, isIn(t, s, "x"))
		assert.ErrorIs(t, begin(1, list[1]), account.ErrConflict, "left office")
	})
}

// Whoever wins, nobody is in who has left.
func TestLoginsWhileTheirPersonsLeave(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		list := persons(8)
		importAll(t, s, list)
		for i, p := range list {
			mustBind(t, s, i, p, p.Account)
		}
		gone := persons(8)
		for i := range gone {
			gone[i].InOffice = i%2 == 0
		}
		ids := make([]string, 80)
		errs := together(len(ids)+1, func(i int) error {
			if i == len(ids) {
				_, err := s.ImportPersonnel(t.Context(), rowsOf(gone), ImportOptions{}, event(audit.Import))
				return err
			}
			p := list[i%8]
			ids[i] = p.Account + string(rune('a'+i/8))
			return s.Begin(t.Context(), session.Key{}, begun(ids[i], cardKey(i%8), &p), event(audit.Login))
		})
		require.NoError(t, errs[len(ids)])
		_, others := tally(errs, nil, account.ErrConflict)
		assert.Empty(t, others)
		for i, id := range ids {
			assert.Equal(t, i%2 == 0, isIn(t, s, id), "%s", id)
		}
	})
}

func TestSweep(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		proved := prove(t, s, "a", cardKey(1))
		record := newChallenge("a")
		require.NoError(t, s.Put(ctx, record))
		_, err := s.Count(ctx, "b", time.Hour, noon)
		require.NoError(t, err)
		count := func(table string) (n int) {
			require.NoError(t, s.engine.reader().row(ctx, "SELECT count(*) FROM "+table).Scan(&n))
			return n
		}
		tables := []string{"sessions", "challenges", "counters", "events"}
		require.NoError(t, s.Sweep(ctx, noon, time.Time{}))
		for _, table := range tables {
			assert.Equal(t, 1, count(table), table)
		}
		require.NoError(t, s.Sweep(ctx, proved.Expires.Add(time.Second), time.Time{}))
		assert.Zero(t, count("sessions"))
		assert.Equal(t, 1, count("counters"))
		require.NoError(t, s.Sweep(ctx, noon.Add(time.Hour), noon))
		assert.Zero(t, count("challenges"))
		assert.Zero(t, count("counters"))
		assert.Equal(t, 1, count("events"), "not before that time")
		require.NoError(t, s.Sweep(ctx, noon, noon.Add(time.Millisecond)))
		assert.Zero(t, count("events"))
	})
}
