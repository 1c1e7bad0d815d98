package revocation

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
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
	// Refresh is how soon a cached CRL is fetched again, in the background, while it still serves, which it does until its
	// nextUpdate: 1 hour, sooner if the list ends sooner. A list that nobody asked for in three days is left to lapse.
	Refresh time.Duration
	// KeepGood is how long a good OCSP answer serves for the same certificate, its nextUpdate at most: 0, so that each login
	// asks and a card that was revoked is out at once; 10 minutes at most. It is also how long a revoked card may still log in.
	KeepGood time.Duration
	// BreakAfter is how many questions in a row may go without any answer before an address is left alone: 3. BreakFor is for
	// how long: 30 seconds; then one question tries it, the others still go past. So a dead responder costs a few logins its
	// Timeout, the rest go straight to the CRL.
	BreakAfter int
	BreakFor   time.Duration
	// Hosts are the only ones that are asked, such as "ocsp.example.gov.tw", or ".example.gov.tw" for all below it. Empty: any
	// host that a certificate of a verified chain names.
	Hosts []string
	// Transport is http.DefaultTransport, whose proxy comes from the environment.
	Transport http.RoundTripper
	// Failed, unless nil, is told which address did not give a usable answer, also when another one did. It is called from
	// several goroutines and must return at once.
	Failed func(address string, err error)
}

// complete fills in the defaults and checks the bounds.
func (c *Config) complete() error {
	if c.Mode == "" {
		c.Mode = OCSPThenCRL
	}
	if _, err := ParseMode(string(c.Mode)); err != nil {
		return err
	}
	if c.Mode == None {
		return errors.New("revocation mode none needs no Checker; leave verify.Config.Revocation nil")
	}
	if err := c.completeTimes(); err != nil {
		return err
	}
	if c.Attempts == 0 {
		c.Attempts = 2
	}
	if c.BreakAfter == 0 {
		c.BreakAfter = 3
	}
	if c.MaxCRL == 0 {
		c.MaxCRL = 64 << 20
	}
	if c.Attempts < 1 || c.Attempts > 10 || c.BreakAfter < 1 || c.BreakAfter > 1000 || c.MaxCRL < 0 || c.MaxCRL > 1<<30 {
		return errors.New("revocation: use 1 to 10 Attempts, a BreakAfter of 1 to 1000, a MaxCRL of 1 GiB at most")
	}
	for _, host := range c.Hosts {
		if host == "" || host == "." || strings.ContainsAny(host, "/:*@ ") || host != strings.ToLower(host) {
			return fmt.Errorf("revocation host %q; write a name in lower case without scheme or port, with a dot in front for all below it", host)
		}
	}
	if c.Failed == nil {
		c.Failed = func(string, error) {}
	}
	return nil
}

func (c *Config) completeTimes() error {
	for _, value := range []struct {
		name string
		it   *time.Duration
		zero time.Duration
		max  time.Duration
	}{
		{"Skew", &c.Skew, 2 * time.Minute, 15 * time.Minute},
		{"MaxAge", &c.MaxAge, time.Hour, 7 * 24 * time.Hour},
		{"Timeout", &c.Timeout, 3 * time.Second, time.Minute},
		{"CRLTimeout", &c.CRLTimeout, time.Minute, time.Hour},
		{"Deadline", &c.Deadline, 10 * time.Second, 10 * time.Minute},
		{"Pause", &c.Pause, 100 * time.Millisecond, time.Minute},
		{"Refresh", &c.Refresh, time.Hour, 7 * 24 * time.Hour},
		{"KeepGood", &c.KeepGood, 0, 10 * time.Minute},
		{"BreakFor", &c.BreakFor, 30 * time.Second, time.Hour},
	} {
		if *value.it == 0 {
			*value.it = value.zero
		}
		if *value.it < 0 || *value.it > value.max {
			return fmt.Errorf("revocation %s of %v; use more than 0, %v at most", value.name, *value.it, value.max)
		}
	}
	return nil
}

// foreign says that an address is of a host that Hosts does not list.
func (c *Config) foreign(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return true
	}
	name := strings.ToLower(parsed.Hostname())
	return len(c.Hosts) > 0 && !slices.ContainsFunc(c.Hosts, func(host string) bool {
		return name == host || (host[0] == '.' && strings.HasSuffix(name, host))
	})
}
