package token

import (
	"context"
	"time"
)

// What the daemon does not announce: that a program took a card for itself, that it lets go of it.

// retryHeldMS is how often a card that another program holds is looked at, without an APDU, until it is free.
const retryHeldMS = 300

// refresh asks for the state of every reader anew: the daemon announces cards, but not that a program took one for itself. It
// returns when view is known to hold, or no longer does.
func (w *watcher) refresh(ctx context.Context, view View) {
	done := make(chan struct{})
	w.mu.Lock()
	w.stale = append(w.stale, done)
	w.mu.Unlock()
	patience := time.After(refreshPatience)
	for {
		w.interrupt()
		select {
		case <-done:
			return
		case <-view.Changed:
			return
		case <-ctx.Done():
			return
		case <-w.quit:
			return
		case <-patience:
			return // the daemon hangs; what was known is all that there is
		case <-time.After(interruptAgain):
		}
	}
}

const refreshPatience = 2 * time.Second

func (w *watcher) takeStale() []chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	stale := w.stale
	w.stale = nil
	return stale
}

func closeAll(waiting []chan struct{}) {
	for _, done := range waiting {
		close(done)
	}
}

// forget has the daemon tell of readers in that state again, at once.
func forget(known []readerState, state uint32) {
	for i := range known[1:] {
		if known[1+i].current&state != 0 {
			known[1+i].current = stateUnaware
		}
	}
}

// listAgainMS is how long no reader at all is believed.
const listAgainMS = 1000

// patience is for ever, but for a card that a program took for itself (the daemon does not announce that it lets go), and for
// no reader: pcsc-lite 1.9.9 announces nothing of readers that came between our list and our wait, as at the daemon's start.
func patience(known []readerState) (timeoutMS uint32) {
	if len(known) == 1 {
		return listAgainMS
	}
	for _, k := range known[1:] {
		if k.current&stateExclusive != 0 {
			return retryHeldMS
		}
	}
	return infinite
}
