package revocation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	maxAddresses = 4 // of one kind in one certificate
	maxAddress   = 2048
	maxRedirects = 3
)

var errRedirect = errors.New("redirected to another host, away from https or from POST to GET; ask the issuer")

// newClient follows redirects within one host only: an address that the issuer signed must not become one that it did not.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		before := via[len(via)-1]
		if len(via) > maxRedirects || next.URL.Host != via[0].URL.Host || next.Method != via[0].Method ||
			(next.URL.Scheme != "https" && (next.URL.Scheme != "http" || before.URL.Scheme == "https")) {
			return errRedirect
		}
		return nil
	}}
}

// usableAddresses leaves out ldap and whatever else is not for us.
func usableAddresses(addresses []string) []string {
	var usable []string
	for _, address := range addresses {
		parsed, err := url.Parse(address)
		if err != nil || len(address) > maxAddress || len(usable) == maxAddresses {
			continue
		}
		if (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "" && parsed.User == nil {
			usable = append(usable, address)
		}
	}
	return usable
}

// fetch gives the body of a 200 answer; ctx bounds the time, also that of a body which comes drop by drop.
func (c *Checker) fetch(request *http.Request, limit int64) ([]byte, error) {
	response, err := c.client.Do(request)
	if errors.Is(err, errRedirect) {
		return nil, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	if err != nil {
		return nil, passing{fmt.Errorf("%w: %w", ErrTransport, err)}
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusOK:
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooManyRequests:
		return nil, passing{fmt.Errorf("%w: HTTP status %d", ErrTransport, code)}
	default:
		return nil, fmt.Errorf("%w: HTTP status %d", ErrTransport, code)
	}
	if response.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes, allowed are %d", ErrTooLarge, response.ContentLength, limit)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, passing{fmt.Errorf("%w: %w", ErrTransport, err)}
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: allowed are %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}

// retry tries again while the trouble is a passing one, within ctx.
func (c *Checker) retry(ctx context.Context, timeout time.Duration, try func(context.Context) error) error {
	pause := c.config.Pause
	for attempt := 1; ; attempt++ {
		limited, cancel := context.WithTimeout(ctx, timeout)
		err := try(limited)
		cancel()
		if err == nil || attempt == c.config.Attempts || !isPassing(err) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause *= 2
	}
}
