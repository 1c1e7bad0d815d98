package session

import (
	"context"
	"time"

	"github.com/cardbridge/cardbridge/portal/audit"
)

// Store keeps sessions. Several processes may share one; all methods are safe for concurrent use.
type Store interface {
	// Find gives a session that has not expired at that time; ErrNone otherwise.
	Find(ctx context.Context, key Key, now time.Time) (Session, error)
	// Prolong sets Expires of a session that is there; no error if it is not.
	Prolong(ctx context.Context, key Key, expires time.Time) error
	// End forgets a session and writes the event, both or neither; no error if the session is not there, and then no event.
	End(ctx context.Context, key Key, event audit.Event) error
	// PurgeSessions forgets those that expired before that time.
	PurgeSessions(ctx context.Context, before time.Time) error
}
