package revocation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const maxSources = 256 // addresses that are remembered

// Source is what a Checker knows of one address.
type Source struct {
	Kind    string // "OCSP" or "CRL"
	Address string
	// Asked counts questions, with all their attempts as one; Failed those without a usable answer; Skipped those that were
	// not put because the address was left alone.
	Asked, Failed, Skipped uint64
	// Silent counts the questions since the last answer of any kind. PausedUntil is when the address is tried again; zero
	// while it is asked as usual.
	Silent      int
	PausedUntil time.Time
	// LastGood is when it last gave a usable answer. LastFailure is what was last wrong, nil when nothing ever was.
	LastGood    time.Time
	LastFailure error
	// Of the last CRL: its entries, its dates. Zero for OCSP. The list's age is that of ThisUpdate.
	Entries                int
	ThisUpdate, NextUpdate time.Time

	trying bool
}

// sources are circuit breakers: an address that gives no answer is left alone for a while.
type sources struct {
	after int
	pause time.Duration
	clock func() time.Time

	mu    sync.Mutex
	known map[sourceName]*Source
}

type sourceName struct{ kind, address string }

func newSources(after int, pause time.Duration) *sources {
	return &sources{after: after, pause: pause, clock: time.Now, known: map[sourceName]*Source{}}
}

// begin lets a question through, or says ErrPaused. Whoever is let through must call end.
func (s *sources) begin(kind, address string) (*Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := sourceName{kind, address}
	source := s.known[name]
	if source == nil {
		s.makeRoom()
		source = &Source{Kind: kind, Address: address}
		s.known[name] = source
	}
	if source.Silent >= s.after && (source.trying || s.clock().Before(source.PausedUntil)) {
		source.Skipped++
		return nil, ErrPaused
	}
	source.trying = source.Silent >= s.after
	source.Asked++
	return source, nil
}

// end takes what became of the question. An answer that is wrong is still an answer: it cost no time, and the next
// certificate's may be right. A person who left says nothing of the address.
func (s *sources) end(ctx context.Context, source *Source, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source.trying = false
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	if final(err) {
		source.LastGood = s.clock()
	} else {
		source.Failed++
		source.LastFailure = err
	}
	if !isPassing(err) {
		source.Silent, source.PausedUntil = 0, time.Time{}
		return
	}
	if source.Silent++; source.Silent >= s.after {
		source.PausedUntil = s.clock().Add(s.pause)
	}
}

// loaded notes a CRL.
func (s *sources) loaded(source *Source, l *list) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source.Entries, source.ThisUpdate, source.NextUpdate = len(l.revoked), l.thisUpdate, l.nextUpdate
}

// silent says that an address is left alone, or just tried again; who asks it goes past.
func (s *sources) silent(kind, address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	source := s.known[sourceName{kind, address}]
	if source == nil || source.Silent < s.after {
		return false
	}
	source.Skipped++
	return true
}

// makeRoom forgets the address whose last good answer is the oldest.
func (s *sources) makeRoom() {
	for len(s.known) >= maxSources {
		var oldest *Source
		for _, source := range s.known {
			if oldest == nil || source.LastGood.Before(oldest.LastGood) {
				oldest = source
			}
		}
		delete(s.known, sourceName{oldest.Kind, oldest.Address})
	}
}

func (s *sources) all() []Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Source, 0, len(s.known))
	for _, source := range s.known {
		all = append(all, *source)
	}
	slices.SortFunc(all, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Address, b.Address))
	})
	return all
}
