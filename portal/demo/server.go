package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cardbridge/cardbridge/portal/demo/web"
	"github.com/cardbridge/cardbridge/portal/store"
)

const (
	// grace is for requests in flight when the portal is told to end; more than a login may take.
	grace = 30 * time.Second
	// sweepEvery is how often what has expired is forgotten.
	sweepEvery = time.Minute
)

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      40 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// monitor is for the monitoring's network: it answers whoever asks.
func monitor(registry *prometheus.Registry, data *store.Store, portal *web.Portal) http.Handler {
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for name, pool := range data.Pools() {
		registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", portal.Health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// listenAndServe says on stdout that the portal is ready.
func listenAndServe(ctx context.Context, listener net.Listener, o options, portal *web.Portal, monitor http.Handler, stdout io.Writer) error {
	servers := []*http.Server{newServer(portal.Handler(), portal.Log)}
	ended := make(chan error, 2)
	ready := map[string]string{"origin": portal.Origin, "listen": listener.Addr().String()} // with -listen :0 only we know the port
	if o.admin != "" {
		admin, err := net.Listen("tcp", o.admin)
		if err != nil {
			return fmt.Errorf("-admin-listen: %w", err)
		}
		ready["admin"] = "http://" + admin.Addr().String()
		servers = append(servers, newServer(monitor, portal.Log))
		go func() { ended <- servers[1].Serve(admin) }()
	}
	if o.tlsCert != "" {
		pair := &reloaded{cert: o.tlsCert, key: o.tlsKey}
		if _, err := pair.get(nil); err != nil {
			return err
		}
		servers[0].TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get}
		go func() { ended <- servers[0].ServeTLS(listener, "", "") }()
	} else {
		go func() { ended <- servers[0].Serve(listener) }()
	}
	line, err := json.Marshal(ready, json.Deterministic(true))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s\n", line)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	return shutDown(servers)
}

// shutDown lets logins in flight end.
func shutDown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var failed error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			failed = errors.Join(failed, server.Close())
		}
	}
	return failed
}

// housekeeping forgets what has expired, and audit lines older than keep unless that is 0.
func housekeeping(ctx context.Context, data *store.Store, keep time.Duration, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			var auditBefore time.Time
			if keep > 0 {
				auditBefore = now.Add(-keep)
			}
			if err := data.Sweep(ctx, now, auditBefore); err != nil && ctx.Err() == nil {
				log.Error("sweep", "error", err.Error())
			}
		}
	}
}

// reloaded is a certificate that is read again when its file changes, so that a renewal needs no restart.
type reloaded struct {
	cert, key string

	mu     sync.Mutex
	loaded time.Time
	pair   *tls.Certificate
}

// get implements tls.Config.GetCertificate. A new pair that cannot be read, being half written, leaves the old one.
func (r *reloaded) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.cert)
	if err == nil && r.pair != nil && info.ModTime().Equal(r.loaded) {
		return r.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(r.cert, r.key); err == nil {
			r.pair, r.loaded = &pair, info.ModTime()
		}
	}
	if r.pair == nil {
		return nil, fmt.Errorf("-tls-cert, -tls-key: %w", err)
	}
	return r.pair, nil
}
