package store

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/challenge"
)

func newChallenge(session string) challenge.Record {
	record := challenge.Record{Session: hash(session), Expires: noon.Add(challenge.Lifetime)}
	rand.Read(record.Nonce[:])
	return record
}

func TestAThousandTakesOfOneNonceGiveOne(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		stores := []*Store{ready(t, address), open(t, address)} // as two processes
		record := newChallenge("a")
		require.NoError(t, stores[0].Put(t.Context(), record))
		counts, others := tally(together(1000, func(i int) error {
			got, err := stores[i%2].Take(t.Context(), record.Nonce)
			if err == nil {
				assert.Equal(t, record, got)
			}
			return err
		}), nil, challenge.ErrUsed)
		assert.Empty(t, others)
		assert.Equal(t, []int{1, 999}, counts)
	})
}

func TestChallenges(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		_, err := s.Take(ctx, newChallenge("a").Nonce)
		assert.ErrorIs(t, err, challenge.ErrUnknown)

		var own []challenge.Record
		for range 20 {
			own = append(own, newChallenge("a"))
			require.NoError(t, s.Put(ctx, own[len(own)-1]))
		}
		other := newChallenge("b")
		require.NoError(t, s.Put(ctx, other))
		assert.Error(t, s.Put(ctx, other), "a nonce that is there")
		for i, record := range own {
			got, err := s.Take(ctx, record.Nonce)
			if i < 4 {
				assert.ErrorIs(t, err, challenge.ErrUnknown, "the oldest are forgotten: %d", i)
				continue
			}
			require.NoError(t, err, "%d", i)
			assert.Equal(t, record, got)
		}

		require.NoError(t, s.Purge(ctx, other.Expires))
		_, err = s.Take(ctx, other.Nonce)
		assert.NoError(t, err, "expired, but not before that time")
		require.NoError(t, s.Purge(ctx, other.Expires.Add(time.Millisecond)))
		_, err = s.Take(ctx, other.Nonce)
		assert.ErrorIs(t, err, challenge.ErrUnknown)
	})
}

// The issuer's own rules hold on these stores too.
func TestTheIssuerOnTheStore(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		issuer := challenge.NewIssuer(s, nil)
		nonce, _, err := issuer.Issue(t.Context(), "a")
		require.NoError(t, err)
		assert.NoError(t, issuer.Take(t.Context(), "a", nonce))
		assert.ErrorIs(t, issuer.Take(t.Context(), "a", nonce), challenge.ErrUsed)
	})
}

func TestPutsTakesAndPurgesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		for _, err := range together(100, func(i int) error {
			for range 10 {
				record := newChallenge(fmt.Sprint(i % 5))
				if err := s.Put(t.Context(), record); err != nil {
					return err
				}
				if err := s.Purge(t.Context(), noon); err != nil {
					return err
				}
			}
			return nil
		}) {
			assert.NoError(t, err)
		}
	})
}
