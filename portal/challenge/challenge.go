// Package challenge issues the nonces that a portal's logins sign.
//
// A nonce is 256 bits, lives five minutes, belongs to the pre-login session that asked for it, is taken once by whichever
// process of the portal answers the login.
package challenge

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

const (
	// Lifetime is how long a nonce may be used after it was issued.
	Lifetime = 5 * time.Minute
	// NonceLength is the length of a nonce: 32 bytes in base64 with padding.
	NonceLength = 44

	maxSession = 256
	purgeEvery = 10 * time.Second
)

// Refusals. A nonce that any session has presented is spent, also by the wrong one: what two browsers know is no secret.
var (
	// ErrUnknown: no such nonce was issued, or it expired so long ago that it was purged.
	ErrUnknown = errors.New("challenge unknown; ask for a new one and log in again")
	// ErrExpired: the nonce was issued more than Lifetime ago.
	ErrExpired = errors.New("challenge expired; ask for a new one and log in again")
	// ErrUsed: the nonce was taken before.
	ErrUsed = errors.New("challenge already used; ask for a new one and log in again")
	// ErrOtherSession: the nonce was issued to another pre-login session.
	ErrOtherSession = errors.New("challenge belongs to another browser session; log in from the page that asked for it")
	// ErrSession: the caller gave no session id, or one over 256 bytes.
	ErrSession = errors.New("no usable pre-login session id; set the session cookie before asking for a challenge")
	// ErrFull: the store holds as many open challenges as it may.
	ErrFull = errors.New("too many open challenges; try again in a few minutes")
)

// Key names a nonce or a session in a store: its SHA-256, so that a copy of the store opens no session.
type Key [sha256.Size]byte

// Record is one issued nonce.
type Record struct {
	Nonce   Key
	Session Key
	Expires time.Time
}

// Store keeps records. Several processes may share one; all methods are safe for concurrent use.
type Store interface {
	// Put adds a record whose nonce is new. ErrFull if there is no room, or if its session has too many open ones.
	Put(ctx context.Context, record Record) error
	// Take marks the record as taken and gives it back, in one atomic step: of any number of callers with one nonce exactly
	// one gets nil. The others get ErrUsed; a nonce that is not there is ErrUnknown. An expired record is taken all the same.
	Take(ctx context.Context, nonce Key) (Record, error)
	// Purge forgets every record, taken or not, that expired before the given time.
	Purge(ctx context.Context, before time.Time) error
}

// Issuer issues challenges and takes them back.
type Issuer struct {
	store Store
	clock func() time.Time
	purge chan time.Time // holds the time of the last purge; empty while one runs
}

// NewIssuer wants a store; a nil clock is time.Now.
func NewIssuer(store Store, clock func() time.Time) *Issuer {
	if clock == nil {
		clock = time.Now
	}
	issuer := &Issuer{store: store, clock: clock, purge: make(chan time.Time, 1)}
	issuer.purge <- clock()
	return issuer
}

// Issue gives a fresh nonce of NonceLength characters for the session, with the time until which it may be taken.
// Errors: ErrSession, ErrFull, what the store says.
func (i *Issuer) Issue(ctx context.Context, session string) (nonce string, expires time.Time, err error) {
	if !usable(session) {
		return "", time.Time{}, ErrSession
	}
	if err := i.purgeExpired(ctx); err != nil {
		return "", time.Time{}, err
	}
	var random [32]byte
	rand.Read(random[:]) // never fails since Go 1.24
	nonce = base64.StdEncoding.EncodeToString(random[:])
	expires = i.clock().Add(Lifetime)
	if err := i.store.Put(ctx, Record{keyOf(nonce), keyOf(session), expires}); err != nil {
		return "", time.Time{}, fmt.Errorf("challenge not stored: %w", err)
	}
	return nonce, expires, nil
}

// Take spends the nonce for the session that asked for it; only nil lets a login go on. Errors: ErrUnknown, ErrExpired,
// ErrUsed, ErrOtherSession, ErrSession, what the store says.
func (i *Issuer) Take(ctx context.Context, session, nonce string) error {
	if !usable(session) {
		return ErrSession
	}
	if len(nonce) != NonceLength {
		return ErrUnknown
	}
	record, err := i.store.Take(ctx, keyOf(nonce))
	if err != nil {
		return err
	}
	if record.Session != keyOf(session) {
		return ErrOtherSession
	}
	if !i.clock().Before(record.Expires) {
		return ErrExpired
	}
	return nil
}

// purgeExpired keeps an expired record for one more Lifetime, so that a person who comes back late reads "expired".
func (i *Issuer) purgeExpired(ctx context.Context) error {
	select {
	case last := <-i.purge:
		now := i.clock()
		if now.Sub(last) < purgeEvery {
			i.purge <- last
			return nil
		}
		err := i.store.Purge(ctx, now.Add(-Lifetime))
		i.purge <- now
		return err
	default:
		return nil // another request is at it
	}
}

func usable(session string) bool { return session != "" && len(session) <= maxSession }

func keyOf(text string) Key { return sha256.Sum256([]byte(text)) }
