package token

import "sync"

// Spare is a signer process that comes up while the cards are still read: its start takes as long as reading a card. It has
// at most loaded the module's file; it knows of no token and has called nothing. It belongs to one operation, whose Close ends
// what Prepare has not taken.
type Spare struct {
	s  *Service
	mu sync.Mutex
	// ready is closed when child stands; nil: not begun
	ready  chan struct{}
	child  *child
	module string // loaded already; "": none
	closed bool
}

// Spare makes one; nothing is started before a scan has given its orders.
func (s *Service) Spare() *Spare { return &Spare{s: s} }

// begin starts the signer, once. module is the only one that a card can come from, or "".
func (p *Spare) begin(module string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready != nil || p.closed {
		return
	}
	ready := make(chan struct{})
	p.ready, p.module = ready, module
	go func() {
		defer close(ready)
		c, err := p.s.start(RoleSigner)
		if err != nil {
			return // Prepare tries it again and tells
		}
		if c.send(loadOrder{Module: module}) != nil {
			c.end()
			return
		}
		p.child = c
	}()
}

// take gives the signer if it may serve that module, nil if there is none.
func (p *Spare) take(module string) *child {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready == nil {
		return nil
	}
	<-p.ready
	c := p.child
	p.ready, p.child = nil, nil
	if c != nil && p.module != "" && p.module != module {
		c.end() // a process holds one vendor's code
		return nil
	}
	return c
}

// Close ends the signer if it was not taken. The spare can be closed more than once.
func (p *Spare) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	if c := p.take(""); c != nil {
		c.end()
	}
}
