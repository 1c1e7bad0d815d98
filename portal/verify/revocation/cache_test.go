package revocation

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

func signECDSA(by ca, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	return by.key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// publisher serves what its list is at the moment.
type publisher struct {
	ca
	cert      *x509.Certificate
	current   atomic.Pointer[[]byte]
	broken    atomic.Bool
	downloads atomic.Int64
	gate      chan struct{} // unless nil, each download takes one from it
}

func newPublisher(t *testing.T, gate chan struct{}) *publisher {
	p := &publisher{ca: newCA(t, nil), gate: gate}
	p.cert = serve(t, p.ca, func(w http.ResponseWriter, r *http.Request) {
		p.downloads.Add(1)
		if p.gate != nil {
			<-p.gate
		}
		if p.broken.Load() {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(*p.current.Load())
	})
	return p
}

func (p *publisher) publish(t *testing.T, number int64, from, until time.Time, revoked bool) {
	list := makeCRL(t, p.ca, func(l *x509.RevocationList) {
		l.Number, l.ThisUpdate, l.NextUpdate = big.NewInt(number), from, until
		if revoked {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: p.cert.SerialNumber, RevocationTime: from}}
		}
	})
	p.current.Store(&list)
}

// settled waits until nothing is being fetched.
func (c *Checker) settled(t *testing.T) {
	t.Helper()
	c.lists.flying.Wait()
}

func TestOneDownloadForAll(t *testing.T) {
	p := newPublisher(t, make(chan struct{}))
	now := time.Now()
	p.publish(t, 1, now, now.Add(time.Hour), false)
	checker := newChecker(t, Config{Mode: CRLOnly, Deadline: time.Minute})
	gaveUp, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- checker.Check(gaveUp, p.cert, p.ca.cert, now) }()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { assert.NoError(t, checker.Check(t.Context(), p.cert, p.ca.cert, now)) })
	}
	require.Eventually(t, func() bool { return p.downloads.Load() == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	assert.ErrorIs(t, <-first, context.Canceled, "who gives up leaves the download to the others")
	p.gate <- struct{}{}
	all.Wait()
	assert.EqualValues(t, 1, p.downloads.Load())
}

func TestCachedUntilNextUpdate(t *testing.T) {
	p := newPublisher(t, nil)
	now := time.Now().Truncate(time.Second)
	check := func(c *Checker, at time.Time) error { return c.Check(t.Context(), p.cert, p.ca.cert, at) }
	var told atomic.Int64
	checker := newChecker(t, Config{Mode: CRLOnly, Refresh: time.Hour, Skew: time.Minute, Failed: func(string, error) { told.Add(1) }})
	p.publish(t, 1, now, now.Add(24*time.Hour), false)
	require.NoError(t, check(checker, now))
	p.publish(t, 2, now, now.Add(24*time.Hour), true)
	require.NoError(t, check(checker, now.Add(59*time.Minute)))
	checker.settled(t)
	require.EqualValues(t, 1, p.downloads.Load(), "cached")

	p.broken.Store(true)
	require.NoError(t, check(checker, now.Add(61*time.Minute)), "a refresh that fails: the list still serves")
	checker.settled(t)
	require.EqualValues(t, 2, p.downloads.Load())
	assert.EqualValues(t, 1, told.Load(), "and somebody hears of it")
	require.NoError(t, check(checker, now.Add(61*time.Minute+30*time.Second)))
	checker.settled(t)
	require.EqualValues(t, 2, p.downloads.Load(), "not asked again at once")

	p.broken.Store(false)
	require.NoError(t, check(checker, now.Add(63*time.Minute)), "the old list serves while the new one comes")
	checker.settled(t)
	require.EqualValues(t, 3, p.downloads.Load())
	require.ErrorIs(t, check(checker, now.Add(63*time.Minute)), verify.ErrRevoked)

	p.publish(t, 1, now, now.Add(48*time.Hour), false)
	for _, later := range []time.Duration{3, 4, 5} {
		require.ErrorIs(t, check(checker, now.Add(later*time.Hour)), verify.ErrRevoked, "an older list does not come back")
		checker.settled(t)
	}
	p.broken.Store(true)
	assert.ErrorIs(t, check(checker, now.Add(25*time.Hour)), ErrTransport, "after nextUpdate nothing serves")
	p.broken.Store(false)
	p.publish(t, 3, now.Add(24*time.Hour), now.Add(48*time.Hour), false)
	assert.NoError(t, check(checker, now.Add(25*time.Hour)))
}

// Nobody asks, yet the list is renewed: the first login of the morning does not wait for it.
func TestRefreshedInTheBackground(t *testing.T) {
	p := newPublisher(t, nil)
	now := time.Now()
	p.publish(t, 1, now, now.Add(time.Hour), false)
	checker := newChecker(t, Config{Mode: CRLOnly, Refresh: time.Millisecond})
	require.NoError(t, checker.Check(t.Context(), p.cert, p.ca.cert, now))
	require.Eventually(t, func() bool { return p.downloads.Load() >= 3 }, 10*time.Second, time.Millisecond)
	p.broken.Store(true)
	failed := func() bool { return checker.Stats()[0].Failed > 0 }
	require.Eventually(t, failed, 10*time.Second, time.Millisecond)
	p.publish(t, 2, now, now.Add(time.Hour), true)
	p.broken.Store(false)
	renewed := func() bool { s := checker.Stats()[0]; return s.Entries == 1 && s.LastFailure != nil }
	require.Eventually(t, renewed, 10*time.Second, time.Millisecond, "a refresh that failed is tried again")
	require.ErrorIs(t, checker.Check(t.Context(), p.cert, p.ca.cert, time.Now()), verify.ErrRevoked)
	checker.Close()
	assert.ErrorIs(t, checker.Check(t.Context(), p.cert, p.ca.cert, time.Now()), ErrClosed)
}

func TestWhenAListIsRenewed(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct{ left, want time.Duration }{
		"long":           {24 * time.Hour, time.Hour},
		"shorter":        {40 * time.Minute, 30 * time.Minute},
		"nearly over":    {10 * time.Second, refreshPause},
		"over":           {-time.Hour, refreshPause},
		"used long ago":  {24 * time.Hour, 0},
		"nobody's to do": {0, 0},
	} {
		cache := newCache(time.Hour, func(string, error) {})
		k := &kept{used: now}
		from := source{now: func() time.Time { return now }, fresh: func(l *list) error { return l.fresh(now, 0) }}
		cache.landed(k, from, &flight{list: &list{thisUpdate: now.Add(-48 * time.Hour), nextUpdate: now.Add(c.left)}}, now)
		if name == "used long ago" {
			k.used = now.Add(-maxIdle - time.Second)
		}
		if name == "nobody's to do" {
			cache.close()
		}
		cache.plan(k, from)
		assert.Equal(t, c.want != 0, k.timer != nil, name)
		if k.timer != nil {
			k.timer.Stop()
			assert.Equal(t, c.want, k.refresh.Sub(now), name)
		}
	}
}

func TestGenerationsShareAnAddress(t *testing.T) {
	p := newPublisher(t, nil)
	now := time.Now()
	p.publish(t, 1, now, now.Add(time.Hour), false)
	checker := newChecker(t, Config{Mode: CRLOnly})
	require.NoError(t, checker.Check(t.Context(), p.cert, p.ca.cert, now))
	namesake := newCA(t, nil)
	assert.ErrorIs(t, checker.Check(t.Context(), p.cert, namesake.cert, now), ErrSigner, "a list counts for the key that signed it")
	assert.NoError(t, checker.Check(t.Context(), p.cert, p.ca.cert, now))
}

// Many goroutines, few lists, a clock that jumps over refreshes, failures in between: for the race detector.
func TestCacheUnderLoad(t *testing.T) {
	c := newCache(time.Minute, func(string, error) {})
	defer c.close()
	var loads atomic.Int64
	broken := errors.New("broken")
	now := time.Now()
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 300 {
				at := now.Add(time.Duration(i) * 10 * time.Second)
				from := source{
					place: place{address: fmt.Sprint((worker + i) % (maxLists + 5))},
					fresh: func(l *list) error { return l.fresh(at, 0) },
					now:   func() time.Time { return at }, silent: func() bool { return false },
					load: func(context.Context) (*list, error) {
						if loads.Add(1)%7 == 0 {
							return nil, broken
						}
						return &list{thisUpdate: at.Add(-time.Hour), nextUpdate: at.Add(time.Hour)}, nil
					},
				}
				l, err := c.get(t.Context(), from, at)
				if err != nil {
					assert.ErrorIs(t, err, broken)
				} else {
					assert.NotNil(t, l)
				}
			}
		})
	}
	all.Wait()
	c.flying.Wait()
	assert.LessOrEqual(t, len(c.lists), maxLists+16)
	assert.NotZero(t, loads.Load())
}

func TestMakeRoomForgetsTheLeastUsed(t *testing.T) {
	c := newCache(time.Minute, func(string, error) {})
	now := time.Now()
	get := func(n int, at time.Time) {
		from := source{
			place: place{address: fmt.Sprint(n)}, fresh: func(*list) error { return nil },
			load: func(context.Context) (*list, error) { return &list{}, nil },
			now:  func() time.Time { return at }, silent: func() bool { return false },
		}
		_, err := c.get(t.Context(), from, at)
		require.NoError(t, err)
		c.flying.Wait()
	}
	for n := range maxLists {
		get(n, now.Add(time.Duration(n)*time.Millisecond))
	}
	get(0, now.Add(time.Second))
	get(maxLists, now.Add(2*time.Second))
	assert.Len(t, c.lists, maxLists)
	assert.Contains(t, c.lists, place{address: "0"})
	assert.NotContains(t, c.lists, place{address: "1"})
	c.close()
	_, err := c.get(t.Context(), source{}, now)
	assert.ErrorIs(t, err, ErrClosed)
}

func TestCloseEndsDownloads(t *testing.T) {
	p := newPublisher(t, make(chan struct{}))
	p.publish(t, 1, time.Now(), time.Now().Add(time.Hour), false)
	checker := newChecker(t, Config{Mode: CRLOnly, Deadline: time.Minute})
	done := make(chan error, 1)
	go func() { done <- checker.Check(t.Context(), p.cert, p.ca.cert, time.Now()) }()
	require.Eventually(t, func() bool { return p.downloads.Load() == 1 }, 10*time.Second, time.Millisecond)
	checker.Close()
	assert.Error(t, <-done)
	close(p.gate)
}
