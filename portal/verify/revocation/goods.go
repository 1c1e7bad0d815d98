package revocation

import (
	"crypto/sha256"
	"sync"
	"time"
)

const maxGoods = 10_000

// goods are good OCSP answers that still serve, where Config.KeepGood allows it.
type goods struct {
	keep, skew time.Duration

	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

func (g *goods) key(q question) [sha256.Size]byte {
	hash := sha256.New()
	hash.Write(q.issuer.RawSubjectPublicKeyInfo)
	hash.Write(q.cert.Raw)
	return [sha256.Size]byte(hash.Sum(nil))
}

// has also refuses an answer from the future: a clock that was set back must not prolong it.
func (g *goods) has(q question) bool {
	if g.keep == 0 {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	until, now := g.until[g.key(q)], q.now()
	return now.Before(until) && !until.After(now.Add(g.keep+g.skew))
}

func (g *goods) put(q question, nextUpdate time.Time) {
	if g.keep == 0 {
		return
	}
	now := q.now()
	until := now.Add(g.keep)
	if nextUpdate.Before(until) {
		until = nextUpdate
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.until == nil {
		g.until = map[[sha256.Size]byte]time.Time{}
	}
	if len(g.until) >= maxGoods {
		for key, end := range g.until {
			if !now.Before(end) {
				delete(g.until, key)
			}
		}
	}
	if len(g.until) < maxGoods {
		g.until[g.key(q)] = until
	}
}
