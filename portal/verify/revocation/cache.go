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
	// maxIdle is how long a list is kept fresh that nobody asks for: over a weekend.
	maxIdle = 72 * time.Hour
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
	timer   *time.Timer
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
	for _, k := range c.lists {
		if k.timer != nil {
			k.timer.Stop()
		}
	}
	c.mu.Unlock()
	c.cancel()
	c.flying.Wait()
}

// source is how a list is got.
type source struct {
	place
	load  func(context.Context) (*list, error)
	fresh func(*list) error
	// now goes on by the caller's clock. silent says that waiting for this address is no use.
	now    func() time.Time
	silent func() bool
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
	started := k.flight == nil && (serving == nil || now.After(k.refresh))
	if started {
		k.flight = c.start(k, from, now)
	}
	flight := k.flight
	c.mu.Unlock()
	if serving != nil {
		return serving, nil
	}
	if !started && from.silent() {
		return nil, ErrPaused
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
		c.landed(k, from, f, now)
		c.plan(k, from)
	})
	return f
}

// landed is called with the lock held.
func (c *cache) landed(k *kept, from source, f *flight, now time.Time) {
	serving := k.list != nil && from.fresh(k.list) == nil
	switch {
	case f.err != nil:
		k.refresh = now.Add(min(c.refresh, refreshPause))
		if serving {
			c.failed(from.address, f.err)
		}
		return
	case serving && f.list.olderThan(k.list):
		f.list = k.list
	default:
		k.list = f.list
	}
	// A list that ends sooner than its refresh would is fetched while a quarter of its time is left.
	soon := max(k.list.nextUpdate.Sub(now)*3/4, refreshPause)
	k.refresh = now.Add(min(c.refresh, soon))
}

// plan fetches a list again before a login has to wait for it; called with the lock held.
func (c *cache) plan(k *kept, from source) {
	if k.timer != nil {
		k.timer.Stop()
	}
	now := from.now()
	if c.closed || k.list == nil || now.Sub(k.used) > maxIdle {
		return
	}
	k.timer = time.AfterFunc(k.refresh.Sub(now), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed && c.lists[from.place] == k && k.flight == nil {
			k.flight = c.start(k, from, from.now())
		}
	})
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
		silent := func() bool { return c.sources.silent("CRL", address) }
		l, err := c.lists.get(ctx, source{placeOf(address, q.issuer), load, fresh, q.now, silent}, q.now())
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
	source, err := c.sources.begin("CRL", address)
	if err != nil {
		return nil, err
	}
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
	c.sources.end(ctx, source, err)
	if err != nil {
		return nil, err
	}
	c.sources.loaded(source, l)
	return l, nil
}
