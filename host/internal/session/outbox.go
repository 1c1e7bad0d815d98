package session

import (
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// outbox takes frames to the extension. A browser that reads no more must not keep anybody who has a card to reset: what it does
// not take in time is the end of the connection.
type outbox struct {
	w       *frame.Writer
	frames  chan []byte
	stop    chan struct{}
	done    chan struct{} // the writer has ended
	failure error         // why, once done is closed
}

const (
	// waitingFrames is more than all requests in flight have to say at once.
	waitingFrames = 128
	// outPatience is how long a browser may read nothing while more waits than that.
	outPatience = 20 * time.Second
	// farewell is how long the last answers may take to leave.
	farewell = time.Second
)

// errNotRead says that the extension has not read for too long, or not at all any more.
var errNotRead = errors.New("session: the extension does not read its answers")

func newOutbox(w *frame.Writer) *outbox {
	o := &outbox{w: w, frames: make(chan []byte, waitingFrames), stop: make(chan struct{}), done: make(chan struct{})}
	go o.run()
	return o
}

func (o *outbox) run() {
	defer close(o.done)
	for o.failure == nil {
		select {
		case b := <-o.frames:
			o.failure = o.w.Write(b)
			continue
		default:
		}
		select {
		case b := <-o.frames:
			o.failure = o.w.Write(b)
		case <-o.stop:
			return
		}
	}
}

// send hands a frame over; it waits only where very many wait already.
func (o *outbox) send(b []byte, gone <-chan struct{}) error {
	select {
	case <-o.done:
		return errors.Join(errNotRead, o.failure)
	default:
	}
	select {
	case o.frames <- b:
		return nil
	default:
	}
	select {
	case o.frames <- b:
		return nil
	case <-o.done:
		return errors.Join(errNotRead, o.failure)
	case <-gone:
		return errPortClosed
	case <-time.After(outPatience):
		return errNotRead
	}
}

// close lets what was sent leave.
func (o *outbox) close() {
	close(o.stop)
	select {
	case <-o.done:
	case <-time.After(farewell):
	}
}
