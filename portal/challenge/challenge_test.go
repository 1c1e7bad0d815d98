package challenge_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/challenge"
)

// clock is a time that only the test moves.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) Now() time.Time          { return time.Unix(0, c.now.Load()) }
func (c *clock) Advance(d time.Duration) { c.now.Add(int64(d)) }

func issue(t *testing.T, issuer *challenge.Issuer, session string) string {
	t.Helper()
	nonce, _, err := issuer.Issue(t.Context(), session)
	require.NoError(t, err)
	return nonce
}

func TestNonceIs256BitsAndFresh(t *testing.T) {
	c := newClock()
	issuer := challenge.NewIssuer(challenge.NewMemory(), c.Now)
	seen := map[string]bool{}
	for i := range 1000 {
		nonce, expires, err := issuer.Issue(t.Context(), fmt.Sprint("session ", i))
		require.NoError(t, err)
		require.Len(t, nonce, 44)
		raw, err := base64.StdEncoding.Strict().DecodeString(nonce)
		require.NoError(t, err)
		require.Len(t, raw, 32)
		require.Equal(t, c.Now().Add(5*time.Minute), expires)
		require.False(t, seen[nonce])
		seen[nonce] = true
	}
}

func TestTakenOnceBySessionThatAsked(t *testing.T) {
	issuer := challenge.NewIssuer(challenge.NewMemory(), nil)
	nonce := issue(t, issuer, "a")
	require.NoError(t, issuer.Take(t.Context(), "a", nonce))
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", nonce), challenge.ErrUsed)
	assert.ErrorIs(t, issuer.Take(t.Context(), "b", nonce), challenge.ErrUsed)
}

func TestAnotherSessionSpendsTheNonce(t *testing.T) {
	issuer := challenge.NewIssuer(challenge.NewMemory(), nil)
	nonce := issue(t, issuer, "a")
	require.ErrorIs(t, issuer.Take(t.Context(), "b", nonce), challenge.ErrOtherSession)
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", nonce), challenge.ErrUsed, "a nonce that two browsers know is burnt")
}

func TestUnknownNonces(t *testing.T) {
	issuer := challenge.NewIssuer(challenge.NewMemory(), nil)
	nonce := issue(t, issuer, "a")
	for _, wrong := range []string{"", "x", strings.Repeat("A", 44), nonce + "A", nonce[1:], " " + nonce[1:], strings.Repeat("A", 1<<20)} {
		assert.ErrorIs(t, issuer.Take(t.Context(), "a", wrong), challenge.ErrUnknown)
	}
	require.NoError(t, issuer.Take(t.Context(), "a", nonce), "wrong guesses spend nothing")
}

func TestSessionIsDemanded(t *testing.T) {
	issuer := challenge.NewIssuer(challenge.NewMemory(), nil)
	for _, session := range []string{"", strings.Repeat("s", 257)} {
		_, _, err := issuer.Issue(t.Context(), session)
		assert.ErrorIs(t, err, challenge.ErrSession)
		assert.ErrorIs(t, issuer.Take(t.Context(), session, strings.Repeat("A", 44)), challenge.ErrSession)
	}
}

func TestExpiry(t *testing.T) {
	c := newClock()
	issuer := challenge.NewIssuer(challenge.NewMemory(), c.Now)
	lastMoment, tooLate := issue(t, issuer, "a"), issue(t, issuer, "a")
	c.Advance(challenge.Lifetime - 1)
	require.NoError(t, issuer.Take(t.Context(), "a", lastMoment))
	c.Advance(1)
	require.ErrorIs(t, issuer.Take(t.Context(), "a", tooLate), challenge.ErrExpired)
	require.ErrorIs(t, issuer.Take(t.Context(), "a", tooLate), challenge.ErrUsed)
}

func TestExpiredOnesArePurged(t *testing.T) {
	c := newClock()
	issuer := challenge.NewIssuer(challenge.NewMemory(), c.Now)
	late, open := issue(t, issuer, "a"), issue(t, issuer, "a")
	require.NoError(t, issuer.Take(t.Context(), "a", open))
	c.Advance(challenge.Lifetime + time.Minute)
	issue(t, issuer, "b") // purges, but keeps what expired in the last five minutes
	require.ErrorIs(t, issuer.Take(t.Context(), "a", open), challenge.ErrUsed)
	c.Advance(challenge.Lifetime)
	issue(t, issuer, "b")
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", late), challenge.ErrUnknown)
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", open), challenge.ErrUnknown)
}

func TestSessionForgetsItsOldest(t *testing.T) {
	issuer := challenge.NewIssuer(challenge.NewMemory(), nil)
	other := issue(t, issuer, "b")
	var nonces []string
	for range 17 {
		nonces = append(nonces, issue(t, issuer, "a"))
	}
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", nonces[0]), challenge.ErrUnknown)
	for _, nonce := range nonces[1:] {
		assert.NoError(t, issuer.Take(t.Context(), "a", nonce))
	}
	assert.NoError(t, issuer.Take(t.Context(), "b", other))
}

func TestMemoryIsBounded(t *testing.T) {
	memory := challenge.NewMemory()
	expires := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key := func(i int) challenge.Key { return challenge.Key{byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range 100_000 {
		require.NoError(t, memory.Put(t.Context(), challenge.Record{Nonce: key(i), Session: key(i), Expires: expires}))
	}
	full := challenge.Record{Nonce: key(1 << 20), Session: key(1 << 20), Expires: expires}
	require.ErrorIs(t, memory.Put(t.Context(), full), challenge.ErrFull)
	require.NoError(t, memory.Purge(t.Context(), expires.Add(1)))
	require.NoError(t, memory.Put(t.Context(), full))
}

// Of many requests with one nonce exactly one logs in, while others issue and the clock purges. Run with -race.
func TestTakenExactlyOnceUnderLoad(t *testing.T) {
	c := newClock()
	issuer := challenge.NewIssuer(challenge.NewMemory(), c.Now)
	const nonces, takers = 50, 16
	var wg sync.WaitGroup
	wins := make([]atomic.Int32, nonces)
	for n := range nonces {
		session := fmt.Sprint("session ", n)
		nonce := issue(t, issuer, session)
		for range takers {
			wg.Go(func() {
				switch err := issuer.Take(t.Context(), session, nonce); {
				case err == nil:
					wins[n].Add(1)
				case !errors.Is(err, challenge.ErrUsed):
					t.Errorf("a late taker got %v", err)
				}
			})
			wg.Go(func() {
				if _, _, err := issuer.Issue(t.Context(), "bystander"); err != nil {
					t.Error(err)
				}
				c.Advance(time.Millisecond)
			})
		}
	}
	wg.Wait()
	for n := range wins {
		assert.EqualValues(t, 1, wins[n].Load(), "nonce %d", n)
	}
}

type brokenStore struct{ challenge.Store }

var errDisk = errors.New("disk full")

func (brokenStore) Put(context.Context, challenge.Record) error { return errDisk }
func (brokenStore) Take(context.Context, challenge.Key) (challenge.Record, error) {
	return challenge.Record{}, errDisk
}

func TestStoreErrorsComeThrough(t *testing.T) {
	issuer := challenge.NewIssuer(brokenStore{}, nil)
	_, _, err := issuer.Issue(t.Context(), "a")
	assert.ErrorIs(t, err, errDisk)
	assert.ErrorIs(t, issuer.Take(t.Context(), "a", strings.Repeat("A", 44)), errDisk)
}
