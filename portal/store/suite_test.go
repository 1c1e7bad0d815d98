package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/tests/postgres"
)

func TestMain(m *testing.M) { os.Exit(postgres.Run(m)) }

// noon is in Taiwan.
var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// engines give the address of a fresh, empty database, and a text with everything that stands in it.
var engines = map[string]func(t testing.TB) (address string, dump func() (string, error)){
	"sqlite": func(t testing.TB) (string, func() (string, error)) {
		path := filepath.Join(t.TempDir(), "a 100% portal?.db")
		return path, func() (string, error) {
			all, err := os.ReadFile(path)
			wal, _ := os.ReadFile(path + "-wal")
			return string(all) + string(wal), err
		}
	},
	"postgres": postgres.StartDump,
}

// onEach runs a test on every engine, with a store whose schema is ready.
func onEach(t *testing.T, test func(t *testing.T, s *Store)) {
	onEachAddress(t, func(t *testing.T, address string) { test(t, ready(t, address)) })
}

func onEachAddress(t *testing.T, test func(t *testing.T, address string)) {
	require.Len(t, engines, 2)
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			address, _ := fresh(t)
			test(t, address)
		})
	}
}

func open(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func ready(t testing.TB, address string) *Store {
	t.Helper()
	s := open(t, address)
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// together calls do at the same moment from so many goroutines, gives what each said.
func together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	gun := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-gun
			errs[i] = do(i)
		})
	}
	close(gun)
	wg.Wait()
	return errs
}

// tally sorts errors by the sentinel that they are.
func tally(errs []error, sentinels ...error) (counts []int, others []error) {
	counts = make([]int, len(sentinels))
next:
	for _, err := range errs {
		for i, sentinel := range sentinels {
			if (sentinel == nil && err == nil) || (sentinel != nil && errors.Is(err, sentinel)) {
				counts[i]++
				continue next
			}
		}
		others = append(others, err)
	}
	return counts, others
}

func hash(text string) [32]byte { return sha256.Sum256([]byte(text)) }

func person(i int) account.Person {
	return account.Person{ID: hash(fmt.Sprint("id ", i)), Tail: hash(fmt.Sprint("tail ", i)), Account: fmt.Sprint("user", i), Name: "王小明", InOffice: true}
}

func persons(n int) []account.Person {
	list := make([]account.Person, n)
	for i := range list {
		list[i] = person(i)
	}
	return list
}

func rowsOf[R any](list []R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, row := range list {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func importAll(t testing.TB, s *Store, list []account.Person) Counts {
	t.Helper()
	counts, err := s.ImportPersonnel(t.Context(), rowsOf(list), ImportOptions{}, event(audit.Import))
	require.NoError(t, err)
	return counts
}

func event(action audit.Action) audit.Event {
	return audit.Event{At: noon, Action: action, Outcome: audit.OK, Address: "192.0.2.1", Request: "r1"}
}

func cardKey(i int) account.CardKey { return account.CardKey{Family: "MOICA", Serial: fmt.Sprint(i)} }

// begun is a session of the card; a person's if one is given.
func begun(id string, card account.CardKey, person *account.Person) session.Session {
	s := session.Session{Key: session.KeyOf(id), State: session.Proved, Since: noon, Expires: noon.Add(session.ProvedLife),
		Card: session.Card{Kind: verify.KindPerson, CardKind: verify.CardCitizen, Family: card.Family, Serial: card.Serial, Name: "王小明",
			Tail: []byte{1, 2, 3}, NotAfter: noon.AddDate(1, 0, 0), Thumbprint: "ab", RevocationChecked: true}}
	if person != nil {
		s.State, s.Person = session.Person, person.ID
	}
	return s
}

// prove begins a session in state Proved.
func prove(t testing.TB, s *Store, id string, card account.CardKey) session.Session {
	t.Helper()
	proved := begun(id, card, nil)
	require.NoError(t, s.Begin(t.Context(), session.Key{}, proved, event(audit.Login)))
	return proved
}

// bind binds the card to the person as the desk does, begins the session of that id.
func bind(ctx context.Context, s *Store, proved session.Session, p account.Person, replaces *account.CardKey, id string) error {
	card := account.CardKey{Family: proved.Card.Family, Serial: proved.Card.Serial}
	return s.Bind(ctx, account.Binding{Card: card, Person: p.ID, Thumbprint: "ab", At: noon}, replaces, proved.Key, begun(id, card, &p), event(audit.Bind))
}

func mustBind(t testing.TB, s *Store, i int, p account.Person, id string) {
	t.Helper()
	require.NoError(t, bind(t.Context(), s, prove(t, s, "proof for "+id, cardKey(i)), p, nil, id))
}

func isIn(t testing.TB, s *Store, id string) bool {
	t.Helper()
	_, err := s.Find(t.Context(), session.KeyOf(id), noon)
	if err != nil {
		require.ErrorIs(t, err, session.ErrNone)
	}
	return err == nil
}

func events(t testing.TB, s *Store) []audit.Event {
	t.Helper()
	var list []audit.Event
	for e, err := range s.Events(t.Context(), time.Time{}) {
		require.NoError(t, err)
		list = append(list, e)
	}
	return list
}
