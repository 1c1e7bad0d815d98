package web

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/session"
)

func TestAnAddressMayAskSoOften(t *testing.T) {
	s := newSite(t, "", func(settings *Settings) {
		settings.Limits = Limits{Address: 3}
		settings.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	ask := func(from string) answer {
		return s.browser(t).post("/api/challenge", "", map[string]string{"X-Forwarded-For": from})
	}
	for range 3 {
		assert.Equal(t, http.StatusOK, ask("192.0.2.1").StatusCode)
	}
	refused := ask("192.0.2.1")
	assert.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	assert.Equal(t, "tooManyFromAddress", refused.code(t))
	assert.Equal(t, "60", refused.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, ask("192.0.2.2").StatusCode, "others go on")
	s.shift.Store(int64(time.Minute))
	assert.Equal(t, http.StatusOK, ask("192.0.2.1").StatusCode)
}

func TestACardMayLogInSoOften(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, func(settings *Settings) { settings.Limits = Limits{Card: 2} })
	for range 2 {
		require.Equal(t, http.StatusOK, s.browser(t).login(newCitizen(t, moica, "王小明", nil)).StatusCode)
	}
	refused := s.browser(t).login(newCitizen(t, moica, "王小明", nil))
	assert.Equal(t, "tooManyOfCard", refused.code(t), "a renewed certificate is the same card")
	assert.Equal(t, http.StatusOK, s.browser(t).login(newHolder(t, moica, "林小美", linSerial, "6786", nil)).StatusCode)
	assert.Equal(t, []string{"login ok", "login ok", "login tooManyOfCard", "login proved"}, s.outcomes(t))
}

// One challenge, one login, however many answers come at once.
func TestReplaysAtOnce(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	nonce := b.challenge()
	body := loginBody(t, nonce, newCitizen(t, moica, "王小明", nil).sign(t, s.origin, nonce))
	var all sync.WaitGroup
	codes := make(chan string, 1000)
	for range cap(codes) {
		all.Go(func() {
			got := b.post("/api/login", body, nil)
			if got.StatusCode == http.StatusOK {
				codes <- "in"
				return
			}
			codes <- got.code(t)
		})
	}
	all.Wait()
	close(codes)
	counts := map[string]int{}
	for code := range codes {
		counts[code]++
	}
	assert.Equal(t, map[string]int{"in": 1, "challengeUsed": 999}, counts)
	assert.Equal(t, []string{"login ok"}, s.outcomes(t))
}

// A database that is gone is the server's trouble: said so on every page, and to the load balancer.
func TestWithoutDatabase(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	require.Equal(t, http.StatusOK, b.login(newCitizen(t, moica, "王小明", nil)).StatusCode)
	token := b.get("/welcome").csrf(t)
	require.Equal(t, "ok\n", b.get("/healthz").body)
	s.portal.Store = broken{s.portal.Store}
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/healthz").StatusCode)
	page := b.get("/welcome")
	assert.Equal(t, http.StatusServiceUnavailable, page.StatusCode)
	assert.Contains(t, page.body, "資料庫暫時沒有回應")
	assert.NotContains(t, page.body, "gone away", "the driver's words are for the log")
	assert.Contains(t, s.log.String(), "gone away")
	assert.NotEmpty(t, token)
	assert.Equal(t, http.StatusOK, b.get("/").StatusCode, "the login page stands")
}

func TestHealthIsAskedByAddress(t *testing.T) {
	s := newSite(t, "", nil)
	request, err := http.NewRequest(http.MethodGet, s.origin+"/healthz", nil)
	require.NoError(t, err)
	request.Host = "10.1.2.3"
	assert.Equal(t, http.StatusOK, s.browser(t).do(request).StatusCode)
}

func TestMetricsNameNobody(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	b.login(newCitizen(t, moica, "王小明", nil))
	b.login(newCitizen(t, moica, "王小明", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }))
	b.get("/made/up/path")
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
	for _, family := range families {
		for _, secret := range []string{"王小明", subjectSerial, "made"} {
			assert.NotContains(t, family.String(), secret)
		}
	}
	assert.InDelta(t, 1, testutil.ToFloat64(s.portal.metrics.logins.WithLabelValues("ok", "citizen")), 0)
	assert.InDelta(t, 1, testutil.ToFloat64(s.portal.metrics.logins.WithLabelValues("expired", "citizen")), 0)
}

type broken struct{ Store }

func (broken) Count(context.Context, string, time.Duration, time.Time) (int, error) {
	return 0, errGone
}

func (broken) Find(context.Context, session.Key, time.Time) (session.Session, error) {
	return session.Session{}, errGone
}

var errGone = errors.New("the server has gone away")
