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

func TestLookUps(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		list := persons(3)
		list[2].Account = ""
		importAll(t, s, list)
		_, err := s.ImportAgencies(ctx, rowsOf([]account.Agency{{OID: "2.16.886.101.1", Code: "A01", Name: "機關"}}), ImportOptions{}, event(audit.Import))
		require.NoError(t, err)

		for _, p := range list {
			got, err := s.PersonByID(ctx, p.ID)
			require.NoError(t, err)
			assert.Equal(t, p, got)
		}
		got, err := s.PersonByAccount(ctx, "user1")
		require.NoError(t, err)
		assert.Equal(t, list[1], got)
		for _, name := range []string{"", "USER1", "user9", "user1\x00", "\xff"} {
			_, err = s.PersonByAccount(ctx, name)
			assert.ErrorIs(t, err, account.ErrNoPerson, "%q", name)
		}
		_, err = s.PersonByID(ctx, hash("x"))
		assert.ErrorIs(t, err, account.ErrNoPerson)
		agency, err := s.Agency(ctx, "2.16.886.101.1")
		require.NoError(t, err)
		assert.Equal(t, account.Agency{OID: "2.16.886.101.1", Code: "A01", Name: "機關"}, agency)
		_, err = s.Agency(ctx, "2.16")
		assert.ErrorIs(t, err, account.ErrNoAgency)
	})
}

func TestABindingsLife(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		list := persons(12)
		importAll(t, s, list)
		_, _, err := s.Bound(ctx, cardKey(1))
		assert.ErrorIs(t, err, account.ErrNoBinding)
		_, err = s.CardOf(ctx, list[1].ID)
		assert.ErrorIs(t, err, account.ErrNoBinding)

		proof := prove(t, s, "proof", cardKey(1))
		require.NoError(t, bind(ctx, s, proof, list[1], nil, "in"))
		assert.True(t, isIn(t, s, "in"))
		assert.False(t, isIn(t, s, "proof"))
		assert.ErrorIs(t, bind(ctx, s, proof, list[2], nil, "again"), session.ErrNone, "the proof is spent")
		binding, person, err := s.Bound(ctx, cardKey(1))
		require.NoError(t, err)
		assert.Equal(t, account.Binding{Card: cardKey(1), Person: list[1].ID, Thumbprint: "ab", At: noon}, binding)
		assert.Equal(t, list[1], person)

		assert.ErrorIs(t, bind(ctx, s, prove(t, s, "p2", cardKey(2)), list[1], nil, "x"), account.ErrConflict, "the account has a card")
		assert.True(t, isIn(t, s, "p2"), "nothing of it happened")
		assert.ErrorIs(t, bind(ctx, s, begun("p2", cardKey(1), nil), list[2], nil, "x"), session.ErrNone, "another card's proof")
		assert.ErrorIs(t, bind(ctx, s, begun("p2", cardKey(2), nil), person, &account.CardKey{Family: "MOICA", Serial: "3"}, "x"), account.ErrConflict)
		old := cardKey(1)
		require.NoError(t, bind(ctx, s, begun("p2", cardKey(2), nil), person, &old, "renewed"))
		assert.False(t, isIn(t, s, "in"), "the lost card's session")
		assert.True(t, isIn(t, s, "renewed"))
		card, err := s.CardOf(ctx, list[1].ID)
		require.NoError(t, err)
		assert.Equal(t, cardKey(2), card)
		assert.ErrorIs(t, bind(ctx, s, prove(t, s, "p3", cardKey(2)), list[3], nil, "x"), account.ErrConflict, "the card has an account")

		counts := importAll(t, s, append(list[:1:1], list[2:]...))
		assert.Equal(t, 1, counts.Removed)
		assert.Equal(t, 1, counts.SessionsEnded)
		binding, _, err = s.Bound(ctx, cardKey(2))
		assert.ErrorIs(t, err, account.ErrNoPerson)
		assert.Equal(t, list[1].ID, binding.Person)
		assert.ErrorIs(t, bind(ctx, s, prove(t, s, "p4", cardKey(4)), list[1], nil, "x"), account.ErrConflict, "vanished")

		before := len(events(t, s))
		card, err = s.Unbind(ctx, list[1].ID, event(audit.Unbind))
		require.NoError(t, err)
		assert.Equal(t, cardKey(2), card)
		_, err = s.Unbind(ctx, list[1].ID, event(audit.Unbind))
		assert.ErrorIs(t, err, account.ErrNoBinding)
		all := events(t, s)
		require.Len(t, all, before+1)
		assert.Equal(t, "MOICA/2", all[before].Card)
	})
}

func TestUnbindEndsSessions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		importAll(t, s, persons(1))
		mustBind(t, s, 1, person(0), "in")
		_, err := s.Unbind(t.Context(), person(0).ID, event(audit.Unbind))
		require.NoError(t, err)
		assert.False(t, isIn(t, s, "in"))
	})
}

func TestAnExpiredProofBindsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		importAll(t, s, persons(1))
		proved := prove(t, s, "p", cardKey(1))
		late := account.Binding{Card: cardKey(1), Person: person(0).ID, At: proved.Expires}
		assert.ErrorIs(t, s.Bind(t.Context(), late, nil, proved.Key, begun("x", cardKey(1), nil), event(audit.Bind)), session.ErrNone)
	})
}

func TestTwoHundredBindAtOnce(t *testing.T) {
	const many = 200
	onEachAddress(t, func(t *testing.T, address string) {
		stores := []*Store{ready(t, address), open(t, address)} // as two processes
		s := stores[0]
		importAll(t, s, persons(many+1))
		proofs := make([]session.Session, many)
		for name, pick := range map[string]func(i int) (card, who int){
			"one account": func(i int) (int, int) { return i, 0 },
			"one card":    func(i int) (int, int) { return many, i + 1 },
		} {
			for i := range proofs {
				card, _ := pick(i)
				proofs[i] = prove(t, s, name+person(i).Account, cardKey(card))
			}
			counts, others := tally(together(many, func(i int) error {
				_, who := pick(i)
				return bind(t.Context(), stores[i%2], proofs[i], person(who), nil, name+" in "+person(i).Account)
			}), nil, account.ErrConflict)
			assert.Empty(t, others, name)
			assert.Equal(t, []int{1, many - 1}, counts, name)
			in := 0
			for i := range proofs {
				if isIn(t, s, name+" in "+person(i).Account) {
					in++
				}
			}
			assert.Equal(t, 1, in, name)
		}
		proved := prove(t, s, "shared", cardKey(many+5))
		counts, others := tally(together(many, func(i int) error {
			return bind(t.Context(), stores[i%2], proved, person(i+1), nil, "s"+person(i).Account)
		}), nil, session.ErrNone, account.ErrConflict)
		assert.Empty(t, others)
		assert.Equal(t, many, counts[0]+counts[1]+counts[2])
		assert.Equal(t, 1, counts[0], "one proof, one binding")
	})
}

func TestCount(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		stores := []*Store{ready(t, address), open(t, address)}
		s, ctx, day := stores[0], t.Context(), 24*time.Hour
		seen := make([]int, 201)
		for _, err := range together(200, func(i int) error {
			n, err := stores[i%2].Count(ctx, "b", day, noon)
			if err == nil {
				seen[n]++
			}
			return err
		}) {
			require.NoError(t, err)
		}
		for n := 1; n <= 200; n++ {
			assert.Equal(t, 1, seen[n], "%d", n)
		}
		next := func(bucket string, window time.Duration, at time.Time) int {
			n, err := s.Count(ctx, bucket, window, at)
			require.NoError(t, err)
			return n
		}
		midnight := time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC) // in Taiwan
		assert.Equal(t, 201, next("b", day, midnight.Add(-time.Millisecond)))
		assert.Equal(t, 1, next("b", day, midnight))
		assert.Equal(t, 1, next("b", time.Hour, noon), "each window for itself")
		assert.Equal(t, 1, next("c", day, noon))
		require.NoError(t, s.Uncount(ctx, "c", day, noon))
		require.NoError(t, s.Uncount(ctx, "c", day, noon))
		assert.Equal(t, 1, next("c", day, noon), "never below zero")
		require.NoError(t, s.Forget(ctx, "b", day, noon))
		assert.Equal(t, 1, next("b", day, noon))
		_, err := s.Count(ctx, "b", time.Microsecond, noon)
		assert.Error(t, err)
	})
}

func TestOddTextsCostNoEvent(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		odd := event(audit.Login)
		odd.Request, odd.Address = "a\x00b", "\xff"
		require.NoError(t, s.Record(t.Context(), odd))
		assert.Equal(t, "a�b", events(t, s)[0].Request)
	})
}

func TestEventsComeInPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alter(t, s, `INSERT INTO events (`+eventColumns+`) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
			SELECT i / 100, 'login', 'ok', '', '', '', '', '', '', '', 'x' FROM n`)
		last, count := int64(0), 0
		for e, err := range s.Events(t.Context(), time.UnixMilli(3)) {
			require.NoError(t, err)
			require.GreaterOrEqual(t, e.At.UnixMilli(), max(last, 3))
			last = e.At.UnixMilli()
			count++
		}
		assert.Equal(t, 2500-299, count)
	})
}
