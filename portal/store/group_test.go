package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/challenge"
)

// grouped holds the gate, so that n transactions wait for one commit; then it lets them go.
func grouped(t *testing.T, l *lite, n int, one func(i int) error) []error {
	t.Helper()
	l.gate <- struct{}{}
	results := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { results[i] = one(i) })
	}
	require.Eventually(t, func() bool {
		l.group.mu.Lock()
		defer l.group.mu.Unlock()
		return len(l.group.waiting) == n
	}, 30*time.Second, time.Millisecond)
	<-l.gate
	all.Wait()
	return results
}

func sqliteStore(t *testing.T) (*Store, *lite) {
	address, _ := engines["sqlite"](t)
	s := ready(t, address)
	return s, s.engine.(*lite)
}

var errOwn = errors.New("its own")

// Of transactions in one commit each keeps its own fate.
func TestOneOfACommitFails(t *testing.T) {
	s, l := sqliteStore(t)
	results := grouped(t, l, 9, func(i int) error {
		return l.transaction(t.Context(), durability(i%2 == 0), func(q querier) error {
			_, err := q.exec(t.Context(), `INSERT INTO settings (name, value) VALUES ($1, $2)`, string(rune('a'+i)), []byte{1})
			if err == nil && i%3 == 0 {
				err = errOwn
			}
			return err
		})
	})
	var written int
	require.NoError(t, s.engine.reader().row(t.Context(), `SELECT count(*) FROM settings WHERE name < 'j'`).Scan(&written))
	assert.Equal(t, 6, written)
	for i, err := range results {
		if i%3 == 0 {
			assert.ErrorIs(t, err, errOwn)
		} else {
			assert.NoError(t, err)
		}
	}
}

// One nonce taken by many in one commit is taken once.
func TestOneNonceInOneCommit(t *testing.T) {
	s, l := sqliteStore(t)
	record := newChallenge("a")
	require.NoError(t, s.Put(t.Context(), record))
	taken := 0
	for _, err := range grouped(t, l, 20, func(int) error {
		_, err := s.Take(t.Context(), record.Nonce)
		return err
	}) {
		if err == nil {
			taken++
		} else {
			assert.ErrorIs(t, err, challenge.ErrUsed)
		}
	}
	assert.Equal(t, 1, taken)
}

// Who gives up while waiting writes nothing, and holds up nobody.
func TestGivenUpBeforeItsTurn(t *testing.T) {
	s, l := sqliteStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	record := newChallenge("a")
	l.gate <- struct{}{}
	done := make(chan error)
	go func() { done <- s.Put(ctx, record) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	<-l.gate
	_, err := s.Take(t.Context(), record.Nonce)
	assert.ErrorIs(t, err, challenge.ErrUnknown)
}

// A panic in one of a commit reaches who leads it; the others are told, nothing is written, the next one works.
func TestAPanicInACommit(t *testing.T) {
	s, l := sqliteStore(t)
	var panics sync.Map
	results := grouped(t, l, 4, func(i int) (err error) {
		defer func() {
			if recover() != nil {
				panics.Store(i, true)
				err = errBroken
			}
		}()
		return l.transaction(t.Context(), durable, func(q querier) error {
			if i == 0 {
				panic("made for this test")
			}
			_, err := q.exec(t.Context(), `INSERT INTO settings (name, value) VALUES ($1, $2)`, string(rune('a'+i)), []byte{1})
			return err
		})
	})
	for _, err := range results {
		assert.ErrorIs(t, err, errBroken)
	}
	led := 0
	panics.Range(func(any, any) bool { led++; return true })
	assert.Equal(t, 1, led)
	require.NoError(t, s.CheckSecret(t.Context(), []byte("fingerprint")))
}
