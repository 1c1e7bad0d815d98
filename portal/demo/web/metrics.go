package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are counted by outcome: a code of texts.json, or "ok" and "proved". Nothing of a person is a label.
type metrics struct {
	requests *prometheus.HistogramVec
	logins   *prometheus.CounterVec
	bindings *prometheus.CounterVec
	logouts  prometheus.Counter
}

func newMetrics(into prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cardbridge_portal_request_seconds", Help: "Time of an answer, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25},
		}, []string{"route", "status"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardbridge_portal_logins_total", Help: "Cards presented, by outcome and card kind.",
		}, []string{"outcome", "card"}),
		bindings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardbridge_portal_bindings_total", Help: "Accounts named at a first login, by outcome.",
		}, []string{"outcome"}),
		logouts: prometheus.NewCounter(prometheus.CounterOpts{Name: "cardbridge_portal_logouts_total", Help: "Logouts by the person."}),
	}
	into.MustRegister(m.requests, m.logins, m.bindings, m.logouts)
	return m
}

// count measures next; the route is the pattern's, so that no made-up path becomes a label.
func (m *metrics) count(routes *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, seen := time.Now(), &status{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(seen, r)
		_, route := routes.Handler(r)
		if route == "" {
			route = "none"
		}
		m.requests.WithLabelValues(route, strconv.Itoa(seen.code)).Observe(time.Since(begun).Seconds())
	})
}

// status remembers the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap serves http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
