package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
)

func TestAnImportReplacesTheFile(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		list := persons(100)
		assert.Equal(t, Counts{Read: 100, Added: 100}, importAll(t, s, list))
		assert.Equal(t, Counts{Read: 100, Unchanged: 100}, importAll(t, s, list))
		for i := range 3 {
			mustBind(t, s, i, list[i], list[i].Account)
		}
		next := slices.Clone(list[1:]) // 0 vanishes
		next[0].InOffice = false       // 1 leaves
		next[1].Name = "陳大文"
		next[2].Account, next[3].Account = next[3].Account, next[2].Account // accounts change hands
		next[4].Account = ""
		next[5].Tail = hash("another")
		next = append(next, person(100), person(101))
		counts := importAll(t, s, next)
		assert.Equal(t, Counts{Read: 101, Added: 2, Changed: 6, Unchanged: 93, Removed: 1, LeftOffice: 1, SessionsEnded: 2}, counts)
		for i, want := range []bool{false, false, true} {
			assert.Equal(t, want, isIn(t, s, list[i].Account), "%d", i)
		}
		for _, p := range next {
			got, err := s.PersonByID(t.Context(), p.ID)
			require.NoError(t, err)
			assert.Equal(t, p, got)
		}
		_, err := s.PersonByID(t.Context(), list[0].ID)
		assert.ErrorIs(t, err, account.ErrNoPerson)
		all := events(t, s)
		assert.Equal(t, counts.String(), all[len(all)-1].Detail)
	})
}

func TestImportsThatAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		importAll(t, s, persons(200))
		try := func(list []account.Person, options ImportOptions) error {
			_, err := s.ImportPersonnel(t.Context(), rowsOf(list), options, event(audit.Import))
			return err
		}
		assert.ErrorIs(t, try(nil, ImportOptions{AllowShrink: true}), ErrEmpty)
		var shrink *ShrinkError
		require.ErrorAs(t, try(persons(179), ImportOptions{}), &shrink)
		assert.Equal(t, &ShrinkError{Before: 200, Removed: 21}, shrink)
		left := persons(200)
		for i := range 21 {
			left[i].InOffice = false
		}
		require.ErrorAs(t, try(left, ImportOptions{}), &shrink)
		assert.Equal(t, &ShrinkError{Before: 200, LeftOffice: 21}, shrink)

		var twice *DuplicateError
		same := append(persons(10), person(3))
		require.ErrorAs(t, try(same, ImportOptions{AllowShrink: true}), &twice)
		assert.Equal(t, &DuplicateError{"id", 11, 4}, twice)
		same[10].ID = hash("fresh")
		require.ErrorAs(t, try(same, ImportOptions{AllowShrink: true}), &twice)
		assert.Equal(t, &DuplicateError{"account", 11, 4}, twice)

		_, err := s.ImportAgencies(t.Context(), rowsOf([]account.Agency{{OID: "2.16.1"}, {OID: "2.16.1"}}), ImportOptions{}, event(audit.Import))
		require.ErrorAs(t, err, &twice)
		assert.Equal(t, &DuplicateError{"oid", 2, 1}, twice)

		broken := errors.New("line 12")
		_, err = s.ImportPersonnel(t.Context(), func(yield func(account.Person, error) bool) {
			_ = yield(person(500), nil) && yield(account.Person{}, broken)
		}, ImportOptions{AllowShrink: true}, event(audit.Import))
		assert.Equal(t, broken, err)

		assert.Len(t, events(t, s), 1, "the first import alone")
		assert.Equal(t, Counts{Read: 200, Unchanged: 200}, importAll(t, s, persons(200)))
		require.NoError(t, try(persons(179), ImportOptions{AllowShrink: true}))
		require.NoError(t, try(persons(162), ImportOptions{}), "less than a tenth")
	})
}

func TestBindingsFromAnotherPortal(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		importAll(t, s, persons(5))
		mustBind(t, s, 0, person(0), "in")
		row := func(card, who int) account.Binding {
			return account.Binding{Card: cardKey(card), Person: person(who).ID}
		}
		try := func(list ...account.Binding) (Counts, error) {
			return s.ImportBindings(t.Context(), rowsOf(list), event(audit.Import))
		}
		counts, err := try(row(0, 0), row(1, 1), row(2, 2), row(9, 9))
		require.NoError(t, err)
		assert.Equal(t, Counts{Read: 4, Added: 3, Unchanged: 1, WithoutPerson: 1}, counts)
		binding, _, err := s.Bound(t.Context(), cardKey(1))
		require.NoError(t, err)
		assert.Equal(t, account.Binding{Card: cardKey(1), Person: person(1).ID, At: noon}, binding)
		assert.True(t, isIn(t, s, "in"))

		var refused *BindingsError
		_, err = try(row(3, 3), row(1, 4), row(7, 2), row(2, 1))
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, &BindingsError{Conflicts: 3, Rows: []int{2, 3, 4}}, refused)
		_, _, err = s.Bound(t.Context(), cardKey(3))
		assert.ErrorIs(t, err, account.ErrNoBinding)

		var twice *DuplicateError
		_, err = try(row(3, 3), row(3, 4))
		require.ErrorAs(t, err, &twice)
		assert.Equal(t, "card", twice.Column)
		_, err = try(row(3, 3), row(4, 3))
		require.ErrorAs(t, err, &twice)
		assert.Equal(t, "person", twice.Column)
		_, err = try()
		assert.ErrorIs(t, err, ErrEmpty)
	})
}

// generation is a file of which every row is of one number.
func generation(n, size int) iter.Seq2[account.Person, error] {
	return func(yield func(account.Person, error) bool) {
		for i := range size {
			p := person(i)
			p.Name = fmt.Sprint(n)
			if !yield(p, nil) {
				return
			}
		}
	}
}

func TestReadersSeeOneFileOrTheOther(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		s, other := ready(t, address), open(t, address)
		replace := func(n int) error {
			_, err := s.ImportPersonnel(t.Context(), generation(n, 2000), ImportOptions{}, event(audit.Import))
			return err
		}
		require.NoError(t, replace(0))
		done, reads := make(chan struct{}), 0
		go func() {
			defer close(done)
			for n := 1; n <= 5; n++ {
				assert.NoError(t, replace(n))
			}
		}()
		for running := true; running; reads++ {
			select {
			case <-done:
				running = false
			default:
			}
			var rows, names int
			require.NoError(t, other.engine.reader().row(t.Context(), `SELECT count(*), count(DISTINCT name) FROM persons`).Scan(&rows, &names))
			require.Equal(t, 2000, rows)
			require.Equal(t, 1, names)
		}
		assert.Greater(t, reads, 2)
	})
}

func TestAnImportThatIsCutOffLeavesTheOldFile(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		importAll(t, s, persons(50))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := s.ImportPersonnel(ctx, func(yield func(account.Person, error) bool) {
			for i := range 5000 {
				if i == 2500 {
					cancel()
				}
				if !yield(person(i), nil) {
					return
				}
			}
		}, ImportOptions{}, event(audit.Import))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, Counts{Read: 50, Unchanged: 50}, importAll(t, s, persons(50)))
	})
}

const whole = 400_000

func TestAWholeFile(t *testing.T) {
	list := persons(whole)
	onEach(t, func(t *testing.T, s *Store) {
		assert.Equal(t, Counts{Read: whole, Added: whole}, importAll(t, s, list))
		next := append(slices.Clone(list[1000:]), person(whole))
		next[0].Name = "陳大文"
		assert.Equal(t, Counts{Read: whole - 999, Added: 1, Changed: 1, Unchanged: whole - 1001, Removed: 1000}, importAll(t, s, next))
	})
}

func BenchmarkImport(b *testing.B) {
	list := persons(whole)
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			address, _ := fresh(b)
			s := ready(b, address)
			importAll(b, s, list)
			for b.Loop() {
				importAll(b, s, list)
			}
		})
	}
}
