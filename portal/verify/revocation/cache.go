package revocation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	maxLists     = 64 // CRLs that are kept
	maxDownloads = 4  // at once: each may take MaxCRL of memory while it is read
	// refreshPause is how long a refresh that failed is left alone while the list still serves.
	refreshPause = time.Minute
)

// place is where a list comes from. Generations of one CA may share an address; each has a key of its own.
type place struct {
	address string
	issuer  [sha256.Size]byte // of its name with its key
}

func placeOf(address string, issuer *x509.Certificate) place {
	hash := sha256.New()
	hash.Write(issuer.RawSubject)
	hash.Write(issuer.RawSubjectPublicKeyInfo)
	p := place{address: address}
	hash.Sum(p.issuer[:0])
	return p
}

// cache keeps verified lists until their nextUpdate. One download serves all who wait for it, and outlives them.
type cache struct {
	refresh   time.Duration
	failed    func(address string, err error) // for downloads that nobody waits for
	ctx       context.Context
	cancel    context.CancelFunc
	flying    sync.WaitGroup
	downloads chan struct{}

	mu     sync.Mutex
	closed bool
	lists  map[place]*kept
}

type kept struct {
	list    *list     // nil before the first
	refresh time.Time // when to fetch again; by the callers' clock
	used    time.Time
	flight  *flight // nil when none is under way
}

type flight struct {
	done chan struct{}
	list *list
	err  error
}

func newCache(refresh time.Duration, failed func(string, error)) *cache {
	ctx, cancel := context.WithCancel(context.Background())
	return &cache{
		refresh: refresh, failed: failed, ctx: ctx, cancel: cancel,
		downloads: make(chan struct{}, maxDownloads), lists: map[place]*kept{},
	}
}

func (c *cache) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.flying.Wait()
}

// source is how a list is got.
type source struct {
	place
	load  func(context.Context) (*list, error)
	fresh func(*list) error
}

// get gives a list, a fresh one if it can be had. It is loaded in the background, once for all who ask; the caller's ctx only
// ends its own wait.
func (c *cache) get(ctx context.Context, from source, now time.Time) (*list, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	k := c.lists[from.place]
	if k == nil {
		c.makeRoom()
		k = &kept{}
		c.lists[from.place] = k
	}
	k.used = now
	serving := k.list
	if serving != nil && from.fresh(serving) != nil {
		serving = nil
	}
	if k.flight == nil && (serving == nil || now.After(k.refresh)) {
		k.flight = c.start(k, from, now)
	}
	flight := k.flight
	c.mu.Unlock()
	if serving != nil {
		return serving, nil
	}
	select {
	case <-flight.done:
		return flight.list, flight.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: still waiting for it: %w", ErrTransport, ctx.Err())
	}
}

// start is called with the lock held.
func (c *cache) start(k *kept, from source, now time.Time) *flight {
	f := &flight{done: make(chan struct{})}
	c.flying.Go(func() {
		defer close(f.done)
		select {
		case c.downloads <- struct{}{}:
			f.list, f.err = from.load(c.ctx)
			<-c.downloads
		case <-c.ctx.Done():
			f.err = ErrClosed
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		k.flight = nil
		serving := k.list != nil && from.fresh(k.list) == nil
		switch {
		case f.err != nil:
			k.refresh = now.Add(min(c.refresh, refreshPause))
			if serving {
				c.failed(from.address, f.err)
			}
		case serving && f.list.olderThan(k.list):
			f.list, k.refresh = k.list, now.Add(c.refresh)
		default:
			k.list, k.refresh = f.list, now.Add(c.refresh)
		}
	})
	return f
}

// makeRoom forgets the list that was asked for longest ago.
func (c *cache) makeRoom() {
	for len(c.lists) >= maxLists {
		var oldest place
		var found *kept
		for at, k := range c.lists {
			if k.flight == nil && (found == nil || k.used.Before(found.used)) {
				oldest, found = at, k
			}
		}
		if found == nil {
			return // all are being fetched, and end soon
		}
		delete(c.lists, oldest)
	}
}

func (c *Checker) askCRL(ctx context.Context, q question) error {
	return c.each("CRL", q.cert.CRLDistributionPoints, func(address string) error {
		fresh := func(l *list) error { return l.fresh(q.now(), c.config.Skew) }
		load := func(ctx context.Context) (*list, error) { return c.download(ctx, address, q.issuer) }
		l, err := c.lists.get(ctx, source{placeOf(address, q.issuer), load, fresh}, q.now())
		if err != nil {
			return err
		}
		if err := fresh(l); err != nil {
			return err
		}
		return l.about(q.cert)
	})
}

func (c *Checker) download(ctx context.Context, address string, issuer *x509.Certificate) (l *list, err error) {
	err = c.retry(ctx, c.config.CRLTimeout, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		data, err := c.fetch(request, c.config.MaxCRL)
		if err != nil {
			return err
		}
		l, err = parseCRL(data, issuer)
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}
