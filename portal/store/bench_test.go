package store

import (
	"fmt"
	"testing"

	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

// BenchmarkLogin is what a login asks of the database, without its cryptography: two counters, a challenge given and taken,
// the binding, the session, its first use. -cpu says how many at once.
func BenchmarkLogin(b *testing.B) {
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			address, _ := fresh(b)
			s := ready(b, address)
			importAll(b, s, persons(1))
			mustBind(b, s, 1, person(0), "in")
			b.SetParallelism(16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := login(b, s); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func login(b *testing.B, s *Store) error {
	ctx, record, who := b.Context(), newChallenge("a"), person(0)
	record.Session = record.Nonce
	if _, err := s.Count(ctx, "address 192.0.2.1", 60e9, noon); err != nil {
		return err
	}
	if err := s.Put(ctx, record); err != nil {
		return err
	}
	if _, err := s.Take(ctx, record.Nonce); err != nil {
		return err
	}
	if _, _, err := s.Bound(ctx, cardKey(1)); err != nil {
		return err
	}
	begun := begun(fmt.Sprintf("%x", record.Nonce), cardKey(1), &who)
	if err := s.Begin(ctx, session.Key{}, begun, event(audit.Login)); err != nil {
		return err
	}
	_, err := s.Find(ctx, begun.Key, noon)
	return err
}
