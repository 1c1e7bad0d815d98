package session

import (
	"context"
	"time"

	"github.com/cardbridge/cardbridge/protocol"
)

// A computer that slept may have another person before it, and its card may have lost power unseen: what was in flight ends.
const (
	clockLook = time.Second
	// sleptFor is more than a busy machine keeps a timer waiting.
	sleptFor = 10 * time.Second
)

// endAfterSleep cancels when the clock on the wall has gone on much further than our own looks at it: the process was
// stopped, as all are while a computer sleeps. It ends with ctx.
func endAfterSleep(ctx context.Context, now func() time.Time, look <-chan time.Time, cancel context.CancelCauseFunc) {
	last := wall(now)
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		}
		next := wall(now)
		if next.Sub(last) > sleptFor {
			cancel(&protocol.Error{Code: protocol.ComputerSlept})
			return
		}
		last = next
	}
}

// wall drops the monotonic reading, which stands still in a sleep.
func wall(now func() time.Time) time.Time { return now().Round(0) }
