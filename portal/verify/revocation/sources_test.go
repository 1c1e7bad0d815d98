package revocation

import (
	"context"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// watched is a Checker with a world, a clock of the test's own for its sources, and a count of OCSP questions.
type watched struct {
	*world
	*Checker
	clock atomic.Int64 // seconds
	ocsp  atomic.Int64
}

func watch(t *testing.T, config Config) *watched {
	w := &watched{world: newWorld(t, pki.Options{ECC: true})}
	config.Attempts = 1
	w.Checker = newChecker(t, config)
	w.sources.clock = func() time.Time { return time.Unix(w.clock.Load(), 0) }
	w.instead = func(_ http.ResponseWriter, r *http.Request, _ int64) bool {
		if strings.HasPrefix(r.URL.Path, "/ocsp/") {
			w.ocsp.Add(1)
		}
		return false
	}
	return w
}

func (w *watched) source(kind string) Source {
	w.t.Helper()
	for _, s := range w.Stats() {
		if s.Kind == kind {
			return s
		}
	}
	require.Fail(w.t, "no source of kind "+kind)
	return Source{}
}

// A responder that does not answer costs three logins its timeout; the next ones go straight to the CRL.
func TestADeadResponderIsLeftAlone(t *testing.T) {
	for _, mode := range []pki.Mode{pki.Broken, pki.TryLater, pki.Silent} {
		w := watch(t, Config{Timeout: 100 * time.Millisecond})
		cert := w.citizen(pki.Variant{})
		ask := func(n int, want error) {
			for range n {
				require.ErrorIs(t, w.Check(t.Context(), cert, w.Certificate(pki.Citizen), time.Now()), want)
			}
		}
		w.modes(mode, pki.Good)
		ask(5, nil)
		require.EqualValues(t, 3, w.ocsp.Load(), string(mode))
		s := w.source("OCSP")
		assert.Equal(t, w.URL()+"/ocsp/citizen", s.Address)
		assert.Equal(t, [3]uint64{3, 3, 2}, [3]uint64{s.Asked, s.Failed, s.Skipped})
		assert.Equal(t, 3, s.Silent)
		assert.Equal(t, time.Unix(30, 0), s.PausedUntil)
		assert.Zero(t, s.LastGood)
		assert.Error(t, s.LastFailure)
		crl := w.source("CRL")
		assert.EqualValues(t, 1, crl.Asked)
		assert.WithinDuration(t, time.Now().Add(-time.Minute), crl.ThisUpdate, 10*time.Second)

		w.clock.Store(30)
		ask(3, nil)
		require.EqualValues(t, 4, w.ocsp.Load(), "one tries, then it rests again")
		w.modes(pki.Revoked, pki.Good)
		w.clock.Store(59)
		ask(1, nil)
		w.clock.Store(60)
		ask(2, verify.ErrRevoked)
		require.EqualValues(t, 6, w.ocsp.Load(), "back in use")
		assert.Zero(t, w.source("OCSP").PausedUntil)
		assert.Equal(t, time.Unix(60, 0), w.source("OCSP").LastGood)
	}
}

func TestOneQuestionTriesADeadResponder(t *testing.T) {
	w := watch(t, Config{Mode: OCSPOnly, BreakAfter: 1, Timeout: time.Minute, Deadline: time.Minute})
	cert := w.citizen(pki.Variant{})
	check := func() error { return w.Check(t.Context(), cert, w.Certificate(pki.Citizen), time.Now()) }
	w.modes(pki.Broken, pki.Broken)
	require.ErrorIs(t, check(), ErrTransport)
	w.modes(pki.Good, pki.Broken)
	require.ErrorIs(t, check(), ErrPaused)
	w.clock.Store(31)
	arrived, gate := make(chan struct{}), make(chan struct{})
	w.instead = func(http.ResponseWriter, *http.Request, int64) bool { close(arrived); <-gate; return false }
	trial := make(chan error, 1)
	go func() { trial <- check() }()
	<-arrived
	require.ErrorIs(t, check(), ErrPaused, "others do not wait for it")
	close(gate)
	require.NoError(t, <-trial)
	w.instead = nil
	assert.NoError(t, check())
}

func TestADeadCRLIsLeftAlone(t *testing.T) {
	w := watch(t, Config{Mode: CRLOnly, BreakAfter: 2, CRLTimeout: time.Minute})
	cert := w.citizen(pki.Variant{})
	check := func() error { return w.Check(t.Context(), cert, w.Certificate(pki.Citizen), time.Now()) }
	w.modes(pki.Good, pki.Broken)
	for range 2 {
		require.ErrorIs(t, check(), ErrTransport)
	}
	before := w.asked.Load()
	for range 3 {
		require.ErrorIs(t, check(), ErrPaused)
	}
	require.Equal(t, before, w.asked.Load())
	assert.EqualValues(t, 3, w.source("CRL").Skipped)

	w.modes(pki.Good, pki.Good)
	w.clock.Store(31)
	arrived, gate := make(chan struct{}), make(chan struct{})
	w.instead = func(http.ResponseWriter, *http.Request, int64) bool { close(arrived); <-gate; return false }
	trial := make(chan error, 1)
	go func() { trial <- check() }()
	<-arrived
	require.ErrorIs(t, check(), ErrPaused, "others do not wait for the download that may never end")
	close(gate)
	require.NoError(t, <-trial)
	assert.NoError(t, check())
}

// Only silence counts: neither what is wrong with one certificate's answer nor a person who goes away.
func TestWhatDoesNotCount(t *testing.T) {
	w := watch(t, Config{Mode: OCSPOnly, BreakAfter: 1})
	cert := w.citizen(pki.Variant{})
	for _, mode := range []pki.Mode{pki.WrongSigner, pki.WrongNonce, pki.Stale, pki.Unknown, pki.NotDelegated, pki.Revoked} {
		w.modes(mode, pki.Good)
		require.Error(t, w.Check(t.Context(), cert, w.Certificate(pki.Citizen), time.Now()))
		require.Zero(t, w.source("OCSP").Silent, string(mode))
	}
	w.modes(pki.Silent, pki.Good)
	arrived := make(chan struct{})
	w.instead = func(http.ResponseWriter, *http.Request, int64) bool { close(arrived); return false }
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- w.Check(ctx, cert, w.Certificate(pki.Citizen), time.Now()) }()
	<-arrived
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	assert.Zero(t, w.source("OCSP").Silent)
	assert.EqualValues(t, 4, w.source("OCSP").Failed, "revoked, unknown are answers")
}

func TestSourcesAreBounded(t *testing.T) {
	s := newSources(1, time.Minute)
	var all sync.WaitGroup
	for i := range 2 * maxSources {
		all.Go(func() {
			source, err := s.begin("CRL", big.NewInt(int64(i)).String())
			assert.NoError(t, err)
			s.end(t.Context(), source, nil)
			s.silent("CRL", "1")
		})
	}
	all.Wait()
	assert.Len(t, s.all(), maxSources)
}

// By default each login asks; where the operator allows it, our own good answer serves for as long as that says.
func TestKeepGood(t *testing.T) {
	for keep, asked := range map[time.Duration]int64{0: 3, time.Minute: 1} {
		w := watch(t, Config{Mode: OCSPOnly, KeepGood: keep, Skew: 10 * time.Second})
		cert, other, issuer, now := w.citizen(pki.Variant{}), w.citizen(pki.Variant{}), w.Certificate(pki.Citizen), time.Now()
		for range 3 {
			require.NoError(t, w.Check(t.Context(), cert, issuer, now))
		}
		require.Equal(t, asked, w.ocsp.Load())
		require.NoError(t, w.Check(t.Context(), other, issuer, now))
		require.Equal(t, asked+1, w.ocsp.Load(), "a certificate's answer is its own")
		require.NoError(t, w.Revoke(cert))
		if keep == 0 {
			require.ErrorIs(t, w.Check(t.Context(), cert, issuer, now), verify.ErrRevoked, "out at once")
			continue
		}
		require.NoError(t, w.Check(t.Context(), cert, issuer, now.Add(50*time.Second)))
		require.ErrorIs(t, w.Check(t.Context(), cert, w.Certificate(pki.CitizenOld), now), ErrSigner, "nor does another key's CA vouch")
		require.ErrorIs(t, w.Check(t.Context(), cert, issuer, now.Add(71*time.Second)), verify.ErrRevoked)
		require.ErrorIs(t, w.Check(t.Context(), cert, issuer, now.Add(-20*time.Second)), ErrStale, "a clock set back prolongs nothing, it is asked again")
	}
}

func TestGoodsAreBounded(t *testing.T) {
	issuer := newCA(t, nil)
	g := &goods{keep: time.Minute}
	now := time.Now()
	ask := func(i int64, at time.Time) question {
		cert := *issuer.cert
		cert.Raw = big.NewInt(i).Bytes()
		return question{cert: &cert, issuer: issuer.cert, now: func() time.Time { return at }}
	}
	for i := range int64(maxGoods + 10) {
		g.put(ask(i, now), now.Add(time.Hour))
	}
	assert.Len(t, g.until, maxGoods)
	assert.True(t, g.has(ask(1, now)))
	later := now.Add(2 * time.Minute)
	g.put(ask(-5, later), later.Add(time.Second))
	assert.Len(t, g.until, 1, "those that ended make room")
	assert.True(t, g.has(ask(-5, later)))
	assert.False(t, g.has(ask(-5, later.Add(time.Second))), "no longer than its nextUpdate")
}
