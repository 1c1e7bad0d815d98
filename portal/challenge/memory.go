package challenge

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	maxRecords    = 100_000 // about 30 MB: a store that grows with every request is a way to stop the portal
	maxPerSession = 16      // one browser cannot fill the store; its tabs that wait for a card at once are fewer
)

// Memory is a Store in one process: its records are gone when the process ends, other processes do not see them.
type Memory struct {
	mu       sync.Mutex
	records  map[Key]memoryRecord
	sessions map[Key][]Key // nonces of each session, oldest first
}

type memoryRecord struct {
	Record
	taken bool
}

// NewMemory gives an empty store for at most 100,000 records. Beyond 16 of one session its oldest is forgotten, so that a
// person who cancels again and again is never locked out.
func NewMemory() *Memory {
	return &Memory{records: map[Key]memoryRecord{}, sessions: map[Key][]Key{}}
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, record Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if own := m.sessions[record.Session]; len(own) >= maxPerSession {
		m.forget(own[0])
	}
	if len(m.records) >= maxRecords {
		return ErrFull
	}
	m.records[record.Nonce] = memoryRecord{Record: record}
	m.sessions[record.Session] = append(m.sessions[record.Session], record.Nonce)
	return nil
}

// Take implements Store.
func (m *Memory) Take(_ context.Context, nonce Key) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, ok := m.records[nonce]
	switch {
	case !ok:
		return Record{}, ErrUnknown
	case record.taken:
		return Record{}, ErrUsed
	}
	record.taken = true
	m.records[nonce] = record
	return record.Record, nil
}

// Purge implements Store.
func (m *Memory) Purge(_ context.Context, before time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for nonce, record := range m.records {
		if record.Expires.Before(before) {
			m.forget(nonce)
		}
	}
	return nil
}

// forget wants the lock to be held.
func (m *Memory) forget(nonce Key) {
	session := m.records[nonce].Session
	delete(m.records, nonce)
	own := slices.DeleteFunc(m.sessions[session], func(key Key) bool { return key == nonce })
	if len(own) == 0 {
		delete(m.sessions, session)
		return
	}
	m.sessions[session] = own
}
