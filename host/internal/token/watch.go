package token

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ServiceState is how PC/SC is.
type ServiceState int

// The states of PC/SC on a machine.
const (
	ServiceRunning ServiceState = iota
	ServiceNotRunning
	ServiceMissing
)

// ReaderState is what a reader holds.
type ReaderState int

// The states of a reader. Mute: a card that does not answer. InUse: a card that another program holds exclusively.
const (
	ReaderEmpty ReaderState = iota
	ReaderPresent
	ReaderInUse
	ReaderMute
)

// Reader is a PC/SC reader at one moment.
type Reader struct {
	Name  string
	State ReaderState
	// events counts insertions and removals, as the daemon does; it changes also where a card went and came unseen.
	events uint32
}

// View is all readers at one moment. Changed is closed when it no longer holds.
type View struct {
	Service ServiceState
	// Refused: a service that counts as not running is there, but does not let this person in.
	Refused bool
	Readers []Reader
	Changed <-chan struct{}
}

// Find gives the reader of that name.
func (v View) Find(name string) (Reader, bool) {
	for _, r := range v.Readers {
		if r.Name == name {
			return r, true
		}
	}
	return Reader{}, false
}

// retryService is how long to wait before asking again for a daemon that is not there: it cannot announce itself.
const retryService = time.Second

// watcher keeps the View true by SCardGetStatusChange: blocking, no APDU, no polling but for a card that another program holds. It
// starts at the first look.
type watcher struct {
	start   sync.Once
	mu      sync.Mutex
	view    View
	changed chan struct{}
	first   chan struct{} // closed when the first view stands
	quit    chan struct{}
	waiting scContext       // what the loop blocks in, for close and refresh to cancel
	stale   []chan struct{} // who wants every reader asked anew; closed when that is done
	done    sync.WaitGroup
}

func newWatcher() *watcher {
	return &watcher{changed: make(chan struct{}), first: make(chan struct{}), quit: make(chan struct{})}
}

// look gives the present view; the first one waits for the daemon's first answer.
func (w *watcher) look(ctx context.Context) (View, error) {
	w.start.Do(func() { w.done.Go(w.run) })
	select {
	case <-w.first:
	case <-ctx.Done():
		return View{}, ctx.Err()
	case <-time.After(firstAnswer):
		w.publish(View{Service: ServiceNotRunning}) // one that hangs is as good as none; when it wakes up, that is a change
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view, nil
}

// firstAnswer is how long a daemon may take to say which readers there are; it takes a few milliseconds.
const firstAnswer = 5 * time.Second

// interrupt has the loop look up from what it waits for. It does not wait itself: a daemon that hangs takes no cancel either.
func (w *watcher) interrupt() {
	w.mu.Lock()
	waiting := w.waiting
	w.mu.Unlock()
	if waiting != nil {
		go waiting.cancel()
	}
}

// looked tells whether look would answer at once.
func (w *watcher) looked() bool {
	select {
	case <-w.first:
		return true
	default:
		return false
	}
}

func (w *watcher) close() {
	w.start.Do(func() {}) // never started: never will be
	close(w.quit)
	ended := make(chan struct{})
	go func() { w.done.Wait(); close(ended) }()
	for range closeLooks {
		w.interrupt()
		select {
		case <-ended:
			return
		case <-time.After(interruptAgain): // a cancel just before the call began to block is lost: say it again
		}
	}
	// a daemon that hangs keeps its thread; the process ends all the same
}

const (
	interruptAgain = 20 * time.Millisecond
	closeLooks     = 50
)

func (w *watcher) closed() bool {
	select {
	case <-w.quit:
		return true
	default:
		return false
	}
}

func (w *watcher) run() {
	for !w.closed() {
		lost := w.follow()
		if w.closed() {
			return
		}
		w.publish(lost)
		select {
		case <-w.quit:
		case <-time.After(retryService):
		}
	}
}

// follow reports readers until the daemon is lost, then says how it was lost.
func (w *watcher) follow() View {
	cards, err := loadPCSC()
	if err != nil {
		return View{Service: ServiceMissing}
	}
	return w.followIn(cards)
}

func (w *watcher) followIn(cards smartCards) View {
	sc, err := cards.establish()
	if err != nil {
		return View{Service: ServiceNotRunning, Refused: refused(err)}
	}
	defer sc.release()
	return View{Service: w.followContext(sc)}
}

func (w *watcher) followContext(sc scContext) ServiceState {
	w.mu.Lock()
	w.waiting = sc
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.waiting = nil; w.mu.Unlock() }()

	known := []readerState{{name: pnpReader}}
	var stale []chan struct{}
	var storm storm
	for doubtful := false; !w.closed(); {
		names, err := sc.readers()
		if err != nil {
			return ServiceNotRunning
		}
		before := len(known)
		known = merge(known, names)
		if asked := w.takeStale(); len(asked) > 0 {
			stale = append(stale, asked...)
			forget(known, statePresent)
		}
		if last, ok := settled(known); ok {
			w.publish(viewOf(last)) // a reader that is gone announces nothing any more
		}
		if doubtful && len(known) >= before {
			w.pause() // it still lists what it says it does not know
		}
		var lost bool
		if doubtful, lost = w.await(sc, known); lost {
			return ServiceNotRunning
		}
		if storm.blows(time.Now()) {
			w.pause() // a reader that flickers gets no rest from being asked, nor do who hear of it
		}
		if _, ok := settled(known); ok {
			closeAll(stale)
			stale = nil
		}
	}
	return ServiceNotRunning
}

// settled gives the readers as they were last told, if each was told of.
func settled(known []readerState) (last []readerState, ok bool) {
	for _, s := range known[1:] {
		if s.current == stateUnaware {
			return nil, false
		}
		last = append(last, readerState{name: s.name, event: s.current})
	}
	return last, true
}

// await blocks until something changed, at once for readers whose state is not known yet. doubtful: the daemon does not know
// a reader that it listed, so the list has changed or is about to. lost: the daemon is.
func (w *watcher) await(sc scContext, known []readerState) (doubtful, lost bool) {
	err := sc.statusChange(patience(known), known)
	var code pcscError
	switch {
	case err == nil:
	case errors.As(err, &code) && code == scardTimeout:
		forget(known, stateExclusive)
		return false, false
	case errors.As(err, &code) && code == scardCancelled:
		return false, false
	case errors.As(err, &code) && (code == scardUnknownReader || code == scardReaderGone):
		return true, false
	default:
		return false, true
	}
	for _, s := range known[1:] {
		if s.event&stateUnknown != 0 {
			return true, false
		}
	}
	for i := range known {
		known[i].current = known[i].event &^ stateChanged
	}
	w.publish(viewOf(known[1:]))
	return false, false
}

// pause keeps a daemon that contradicts itself from spinning us.
func (w *watcher) pause() {
	select {
	case <-w.quit:
	case <-time.After(50 * time.Millisecond):
	}
}

// merge keeps what is known of readers that are still there.
func merge(known []readerState, names []string) []readerState {
	next := []readerState{known[0]}
	// the upper half tells the daemon how many readers we know; it answers at once if there are others
	next[0].current = uint32(len(names)) << 16
	for _, name := range names {
		state := readerState{name: name, current: stateUnaware}
		for _, k := range known[1:] {
			if k.name == name {
				state.current = k.current
			}
		}
		next = append(next, state)
	}
	return next
}

func viewOf(states []readerState) View {
	v := View{Service: ServiceRunning}
	for _, s := range states {
		r := Reader{Name: s.name, events: s.event >> 16}
		switch {
		case s.event&statePresent == 0:
			r.State = ReaderEmpty
		case s.event&stateMute != 0:
			r.State = ReaderMute
		case s.event&stateExclusive != 0:
			r.State = ReaderInUse
		default:
			r.State = ReaderPresent
		}
		v.Readers = append(v.Readers, r)
	}
	return v
}

// publish replaces the view if it differs. "In use, shared" is no difference: our own children cause it.
func (w *watcher) publish(v View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.first:
		if sameView(w.view, v) {
			return
		}
	default:
		defer close(w.first)
	}
	old := w.changed
	w.changed = make(chan struct{})
	v.Changed = w.changed
	w.view = v
	close(old)
}

func sameView(a, b View) bool {
	if a.Service != b.Service || a.Refused != b.Refused || len(a.Readers) != len(b.Readers) {
		return false
	}
	for i := range a.Readers {
		if a.Readers[i] != b.Readers[i] {
			return false
		}
	}
	return true
}
