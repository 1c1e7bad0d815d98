package web

import (
	"context"
	"net/http"
	"time"
)

// Limits bound what one source may ask for. They are counted in the database, so that all processes count together. 0 is no
// limit.
type Limits struct {
	// Address is how many challenges one address (IPv6: one /64) may ask for in a minute. An agency's whole staff may stand
	// behind one address, all of them at half past eight.
	Address int
	// Card is how many logins one card may make in ten minutes.
	Card int
}

// DefaultLimits suit an agency of some thousand people behind one address.
func DefaultLimits() Limits { return Limits{Address: 600, Card: 20} }

const (
	addressWindow = time.Minute
	cardWindow    = 10 * time.Minute
)

// within counts one more for the bucket.
func (p *Portal) within(ctx context.Context, bucket string, limit int, window time.Duration) (bool, error) {
	if limit == 0 {
		return true, nil
	}
	count, err := p.Store.Count(ctx, bucket, window, p.Clock())
	return count <= limit, err
}

// admitAddress has answered the request when it gives false.
func (p *Portal) admitAddress(w http.ResponseWriter, r *http.Request) bool {
	ok, err := p.within(r.Context(), "challenge "+network(p.address(r)), p.Limits.Address, addressWindow)
	switch {
	case err != nil:
		p.unavailable(w, r, err)
		return false
	case !ok:
		w.Header().Set("Retry-After", "60")
		p.metrics.logins.WithLabelValues("tooManyFromAddress", "").Inc()
		p.refuse(w, r, http.StatusTooManyRequests, "tooManyFromAddress", nil)
		return false
	}
	return true
}
