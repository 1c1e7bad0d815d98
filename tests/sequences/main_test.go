// Package sequences plays random days at the card reader against a model of the cards' tries.
//
// The host is the built one on the real PC/SC daemon with the real OpenSC module; what happened is asked of the cards.
// A failure names its seed and number: go test ./tests/sequences -seed S -only N plays that sequence alone.
package sequences

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

var (
	seed  = flag.Uint64("seed", 20261128, "what the sequences are drawn from; 0: a new one")
	count = flag.Int("sequences", 480, "how many are played")
	only  = flag.Int("only", -1, "play this one alone")
	rigs  = flag.Int("rigs", 6, "how many rigs play side by side")
)

var world struct{ dir, binary string }

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (code int, err error) {
	if world.dir, err = os.MkdirTemp("", "sequences"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(world.dir)
	if world.binary, err = hosttest.Build(world.dir, filepath.Join(world.dir, "policy.json")); err != nil {
		return 1, err
	}
	// the rigs mostly wait for the daemon's poll: more of them than processors
	if err := flag.Set("test.parallel", fmt.Sprint(*rigs)); err != nil {
		return 1, err
	}
	code = m.Run()
	if left := hosttest.Processes(world.binary, 0); len(left) > 0 {
		return 1, fmt.Errorf("processes were left: %v", left)
	}
	return code, nil
}

// tally is what all sequences did.
type tally struct {
	sync.Mutex
	steps map[string]int
	pins  int
}

func (a *tally) step(name string) {
	a.Lock()
	defer a.Unlock()
	a.steps[name]++
}

func (a *tally) pin() {
	a.Lock()
	defer a.Unlock()
	a.pins++
}

// TestSequences: no try is burnt that the person did not spend, no host is stuck, nothing is left, no card stays verified.
func TestSequences(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	p, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	defer p.Close()
	first, last := 0, *count
	if *only >= 0 {
		first, last = *only, *only+1
	}
	fmt.Printf("sequences: seed %d\n", *seed)
	began, done := time.Now(), &tally{steps: map[string]int{}}
	var next, played atomic.Int64
	next.Store(int64(first))
	t.Run("rigs", func(t *testing.T) {
		for i := range min(*rigs, last-first) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, p, done)
				for n := int(next.Add(1)) - 1; n < last; n = int(next.Add(1)) - 1 {
					d.play(n)
					played.Add(1)
				}
			})
		}
	})
	require.EqualValues(t, last-first, played.Load())
	steps := 0
	for name, n := range done.steps {
		require.Positive(t, n, name)
		steps += n
	}
	fmt.Printf("sequences: %d at the frames, %d steps, %d PINs, seed %d, %s: %v\n", played.Load(), steps, done.pins, *seed,
		time.Since(began).Round(time.Second), done.steps)
	if *only < 0 && *count >= 480 {
		require.Len(t, done.steps, len(actions()), "some action was never drawn")
	}
}

// newDesk is a computer with a reader, a rig of its own, two cards.
func newDesk(t *testing.T, p *pki.PKI, done *tally) *desk {
	home, err := os.MkdirTemp(world.dir, "home")
	require.NoError(t, err)
	r, err := rig.Start("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	d := &desk{T: t, rig: r, home: home, done: done}
	pack := deck.New(p)
	for i, name := range []string{"letters", "citizen2"} {
		c, err := pack.Card(name)
		require.NoError(t, err)
		d.cards[i] = &card{Card: c}
	}
	d.startHost()
	return d
}
