// Package revocation asks a certificate's issuer whether it has revoked it.
//
// It fails closed: only an answer that the issuer's key vouches for, that is about this very certificate, that is fresh,
// counts as good. Where to ask stands in the certificate (authorityInfoAccess, cRLDistributionPoints): who writes a
// certificate chooses what this portal connects to. So a Checker must be given certificates from a verified chain only, as
// portal/verify does, and Config.Hosts narrows it further. OCSP follows RFC 6960 with the nonce of RFC 9654, CRLs follow RFC 5280
// section 6.3 without indirect and delta CRLs.
package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// Checker implements verify.Revocation; safe for concurrent use. It keeps CRLs in memory, so make one and share it. Several
// processes each keep their own: lists are signed, so there is nothing to agree on. Nothing goes to disk: a restart costs one
// download, and a folder of yesterday's lists is one more thing that somebody could put back.
type Checker struct {
	config  Config
	client  *http.Client
	sources *sources
	lists   *cache
	goods   goods
}

var _ verify.Revocation = (*Checker)(nil)

// New checks the configuration. Close ends what the Checker does in the background.
func New(config Config) (*Checker, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	return &Checker{
		config: config, client: newClient(config.Transport), sources: newSources(config.BreakAfter, config.BreakFor),
		lists: newCache(config.Refresh, config.Failed), goods: goods{keep: config.KeepGood, skew: config.Skew},
	}, nil
}

// Close ends downloads in the background, waits for them.
func (c *Checker) Close() { c.lists.close() }

// Stats tells of every address that was asked, sorted by kind, then address: for metrics, for a health page. At most 256 are
// remembered.
func (c *Checker) Stats() []Source { return c.sources.all() }

// Check implements verify.Revocation. It gives nil for good, *Revoked for revoked (which wraps verify.ErrRevoked), any other
// error for "could not be checked"; errors.Is tells why by this package's sentinels.
func (c *Checker) Check(ctx context.Context, cert, issuer *x509.Certificate, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Deadline)
	defer cancel()
	begun := time.Now()
	q := question{cert: cert, issuer: issuer, now: func() time.Time { return at.Add(time.Since(begun)) }}
	switch c.config.Mode {
	case CRLOnly:
		return c.askCRL(ctx, q)
	case OCSPOnly:
		return c.askOCSP(ctx, q)
	}
	first, done := context.WithTimeout(ctx, c.config.Deadline*2/3)
	failure := c.askOCSP(first, q)
	done()
	if final(failure) {
		return failure
	}
	err := c.askCRL(ctx, q)
	if final(err) {
		return err
	}
	return errors.Join(failure, err)
}

// question is one Check.
type question struct {
	cert, issuer *x509.Certificate
	now          func() time.Time // by the caller's clock
}

// final says that asking elsewhere could not change the answer.
func final(err error) bool {
	return err == nil || errors.Is(err, verify.ErrRevoked) || errors.Is(err, ErrUnknown)
}

// each asks one address after the other until one gives a final answer.
func (c *Checker) each(kind string, addresses []string, ask func(address string) error) error {
	usable := usableAddresses(addresses)
	if len(usable) == 0 {
		return fmt.Errorf("%w: %s", ErrNoAddress, kind)
	}
	if usable = slices.DeleteFunc(usable, c.config.foreign); len(usable) == 0 {
		return fmt.Errorf("%w: %s", ErrHost, kind)
	}
	var failures []error
	for _, address := range usable {
		err := ask(address)
		if final(err) {
			return err
		}
		err = fmt.Errorf("%s at %s: %w", kind, address, err)
		if !errors.Is(err, ErrPaused) {
			c.config.Failed(address, err)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
