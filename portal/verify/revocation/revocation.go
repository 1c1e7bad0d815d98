// Package revocation asks a certificate's issuer whether it has revoked it.
//
// It fails closed: only an answer that the issuer's key vouches for, that is about this very certificate, that is fresh,
// counts as good. Where to ask stands in the certificate (authorityInfoAccess, cRLDistributionPoints), so a Checker must be
// given certificates from a verified chain only. OCSP follows RFC 6960 with the nonce of RFC 9654, CRLs follow RFC 5280
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

// Mode is which sources are asked.
type Mode string

// The modes. The zero Mode is OCSPThenCRL.
const (
	// OCSPThenCRL asks the CRL where OCSP could not be had. A signed "unknown" is an answer: no CRL overrules it, though RFC
	// 6960 section 2.2 would let it, since a certificate that its issuer does not know is the more dangerous case.
	OCSPThenCRL Mode = "ocsp-then-crl"
	CRLOnly     Mode = "crl"
	OCSPOnly    Mode = "ocsp"
	// None asks nobody: there is no Checker for it, verify.Config.Revocation stays nil.
	None Mode = "none"
)

// ParseMode reads a mode from a flag or a file.
func ParseMode(text string) (Mode, error) {
	modes := []Mode{OCSPThenCRL, CRLOnly, OCSPOnly, None}
	if mode := Mode(text); slices.Contains(modes, mode) {
		return mode, nil
	}
	return "", fmt.Errorf("revocation mode %q; use one of %v", text, modes)
}

// Config is how a Checker asks. Each zero value means the default that stands beside it.
type Config struct {
	Mode Mode
	// SHA256 makes the CertID of an OCSP request with SHA-256; otherwise it is SHA-1, which every responder understands (it
	// only names the certificate, nothing rests on its strength).
	SHA256 bool
	// AllowMissingNonce takes an OCSP answer that does not repeat our nonce, as responders with prepared answers give (RFC
	// 5019): whoever sits between may then replay it until its nextUpdate. A wrong nonce is never taken.
	AllowMissingNonce bool
	// Skew is how far the clocks of portal and issuer may be apart: 2 minutes; 15 minutes at most.
	Skew time.Duration
	// MaxAge is how old an OCSP answer without nextUpdate may be: 1 hour.
	MaxAge time.Duration
	// Timeout is for one OCSP question: 3 seconds. CRLTimeout is for one download of a CRL: 1 minute; the download goes on
	// for others when the login that started it has given up.
	Timeout, CRLTimeout time.Duration
	// Deadline is for one Check with all its tries: 10 seconds. In OCSPThenCRL two thirds of it at most go to OCSP.
	Deadline time.Duration
	// Attempts is how often one address is asked when the network, or the responder by its own word, has a passing trouble:
	// 2; 10 at most. Pause comes before the second one, doubled each time: 100 milliseconds.
	Attempts int
	Pause    time.Duration
	// MaxCRL is the size of a CRL: 64 MiB.
	MaxCRL int64
	// Refresh is how soon a cached CRL is fetched again while it still serves, which it does until its nextUpdate: 1 hour.
	Refresh time.Duration
	// Transport is http.DefaultTransport, whose proxy comes from the environment.
	Transport http.RoundTripper
	// Failed, unless nil, is told which address did not give a usable answer, also when another one did. It is called from
	// several goroutines and must return at once.
	Failed func(address string, err error)
}

// Checker implements verify.Revocation; safe for concurrent use. It keeps CRLs in memory, so make one and share it.
type Checker struct {
	config Config
	client *http.Client
	lists  *cache
}

var _ verify.Revocation = (*Checker)(nil)

// New checks the configuration. Close ends what the Checker does in the background.
func New(config Config) (*Checker, error) {
	if config.Mode == "" {
		config.Mode = OCSPThenCRL
	}
	if _, err := ParseMode(string(config.Mode)); err != nil {
		return nil, err
	}
	if config.Mode == None {
		return nil, errors.New("revocation mode none needs no Checker; leave verify.Config.Revocation nil")
	}
	for _, value := range []struct {
		name string
		it   *time.Duration
		zero time.Duration
		max  time.Duration
	}{
		{"Skew", &config.Skew, 2 * time.Minute, 15 * time.Minute},
		{"MaxAge", &config.MaxAge, time.Hour, 7 * 24 * time.Hour},
		{"Timeout", &config.Timeout, 3 * time.Second, time.Minute},
		{"CRLTimeout", &config.CRLTimeout, time.Minute, time.Hour},
		{"Deadline", &config.Deadline, 10 * time.Second, 10 * time.Minute},
		{"Pause", &config.Pause, 100 * time.Millisecond, time.Minute},
		{"Refresh", &config.Refresh, time.Hour, 7 * 24 * time.Hour},
	} {
		if *value.it == 0 {
			*value.it = value.zero
		}
		if *value.it < 0 || *value.it > value.max {
			return nil, fmt.Errorf("revocation %s of %v; use more than 0, %v at most", value.name, *value.it, value.max)
		}
	}
	if config.Attempts == 0 {
		config.Attempts = 2
	}
	if config.MaxCRL == 0 {
		config.MaxCRL = 64 << 20
	}
	if config.Attempts < 1 || config.Attempts > 10 || config.MaxCRL < 0 || config.MaxCRL > 1<<30 {
		return nil, errors.New("revocation: use 1 to 10 Attempts with a MaxCRL of 1 GiB at most")
	}
	if config.Failed == nil {
		config.Failed = func(string, error) {}
	}
	return &Checker{config: config, client: newClient(config.Transport), lists: newCache(config.Refresh, config.Failed)}, nil
}

// Close ends downloads in the background, waits for them.
func (c *Checker) Close() { c.lists.close() }

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
	var failures []error
	for _, address := range usable {
		err := ask(address)
		if final(err) {
			return err
		}
		err = fmt.Errorf("%s at %s: %w", kind, address, err)
		c.config.Failed(address, err)
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
