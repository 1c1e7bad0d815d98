package vpcd

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ErrOccupied says that a card is in the reader already.
var ErrOccupied = errors.New("vpcd: a card is in this reader already; remove it first")

const dialTimeout = 3 * time.Second // several polls of the daemon

// Reader is one slot of vpcd: a connection is a card in it.
type Reader struct {
	address string
	netns   string

	mu   sync.Mutex
	conn net.Conn
	card Card
}

// NewReader describes a slot: address is where vpcd listens (127.0.0.1:35963 for the first slot,
// :35964 for the second), netns the network namespace to dial in, such as /proc/123/ns/net, or "".
func NewReader(address, netns string) *Reader { return &Reader{address: address, netns: netns} }

// Insert puts the card in. It does not wait until the daemon has noticed.
func (r *Reader) Insert(c Card) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		return ErrOccupied
	}
	conn, err := dialIn(r.netns, r.address)
	if err != nil {
		return fmt.Errorf("vpcd: no virtual reader at %s; see that its daemon runs: %w", r.address, err)
	}
	c.Reset()
	r.conn, r.card = conn, c
	go func() {
		_ = Serve(conn, c) // it always ends with the end of the connection
		r.drop(conn)
	}()
	return nil
}

// Remove pulls the card out, also in the middle of a command. It does not wait until the daemon has noticed.
func (r *Reader) Remove() {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	if conn != nil {
		r.drop(conn)
	}
}

// Card gives what is in the reader, or nil.
func (r *Reader) Card() Card {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.card
}

// drop ends one insertion. The comparison keeps a late end of an earlier insertion from harming this one.
func (r *Reader) drop(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != conn {
		return
	}
	_ = conn.Close() // the card is out either way
	r.card.Reset()
	r.conn, r.card = nil, nil
}
