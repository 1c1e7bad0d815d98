package session

import (
	"context"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/operation"
)

// still says why the person may not be served here any more; nil: they may. Where the session is their own process nobody else can
// come before it.
func (s *session) still(ctx context.Context) error {
	if s.cfg.Still == nil {
		return nil
	}
	return s.cfg.Still(ctx)
}

// endWhenAway cancels when the person has left the computer to another: the card that is in the reader now may be theirs. It ends
// with ctx.
func (s *session) endWhenAway(ctx context.Context, look <-chan time.Time, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		}
		if err := s.still(ctx); err != nil && ctx.Err() == nil {
			cancel(err)
			return
		}
	}
}

// watchOver ends a request when the computer slept or the person is away. Open operations wait for nobody.
func (s *session) watchOver(ctx context.Context, op operation.Operation, cancel context.CancelCauseFunc) (done func()) {
	if op.Open {
		return func() {}
	}
	clock := time.NewTicker(clockLook)
	go endAfterSleep(ctx, s.cfg.Room.Now, clock.C, cancel)
	if s.cfg.Still == nil {
		return clock.Stop
	}
	desk := time.NewTicker(clockLook)
	go s.endWhenAway(ctx, desk.C, cancel)
	return func() { clock.Stop(); desk.Stop() }
}
