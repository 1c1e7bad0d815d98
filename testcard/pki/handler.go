package pki

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxRequest = 16 << 10 // bytes of an OCSP request

// Handler answers for the PKI: POST and GET /ocsp/<authority> (RFC 6960, appendix A),
// GET /crl/<authority>.crl and GET /ca/<authority>.crt.
func (p *PKI) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /ocsp/{authority}", func(w http.ResponseWriter, r *http.Request) {
		der, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, "request too long; ask for fewer certificates", http.StatusRequestEntityTooLarge)
			return
		}
		p.serveOCSP(w, r, der)
	})
	m.HandleFunc("GET /ocsp/{authority}/{request...}", func(w http.ResponseWriter, r *http.Request) {
		// The mux has undone the percent-encoding; base64 itself may hold slashes.
		der, err := base64.StdEncoding.DecodeString(r.PathValue("request"))
		if err != nil || len(der) > maxRequest {
			http.Error(w, "not base64; encode the request as RFC 6960, A.1, says", http.StatusBadRequest)
			return
		}
		p.serveOCSP(w, r, der)
	})
	m.HandleFunc("GET /crl/{file}", func(w http.ResponseWriter, r *http.Request) {
		_, mode := p.State()
		if spoil(w, r, mode) {
			return
		}
		name, _ := strings.CutSuffix(r.PathValue("file"), ".crl")
		der, err := p.CRL(Authority(name))
		reply(w, "application/pkix-crl", der, err)
	})
	m.HandleFunc("GET /ca/{file}", func(w http.ResponseWriter, r *http.Request) {
		name, _ := strings.CutSuffix(r.PathValue("file"), ".crt")
		c := p.Certificate(Authority(name))
		if c == nil {
			http.NotFound(w, r)
			return
		}
		reply(w, "application/pkix-cert", c.Raw, nil)
	})
	return m
}

func (p *PKI) serveOCSP(w http.ResponseWriter, r *http.Request, der []byte) {
	mode, _ := p.State()
	if spoil(w, r, mode) {
		return
	}
	out, err := p.OCSP(Authority(r.PathValue("authority")), der)
	reply(w, "application/ocsp-response", out, err)
}

// spoil carries out the modes that are about HTTP.
func spoil(w http.ResponseWriter, r *http.Request, m Mode) bool {
	switch m {
	case Broken:
		http.Error(w, "broken on purpose; set the mode to good", http.StatusInternalServerError)
	case Silent:
		<-r.Context().Done() // until the client, or Close, ends it
	default:
		return false
	}
	return true
}

func reply(w http.ResponseWriter, kind string, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store") // modes change within a test
	_, _ = w.Write(body)                        // a client that left needs no answer
}

// Listen makes a PKI together with a server for it on a free port of the loopback interface;
// Options.BaseURL is set. Close ends the server.
func Listen(o Options) (*PKI, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("pki: no port on the loopback interface; bring it up: %w", err)
	}
	o.BaseURL = (&url.URL{Scheme: "http", Host: l.Addr().String()}).String()
	p, err := New(o)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &http.Server{
		Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		_ = s.Serve(l) // ends with Close
		close(done)
	}()
	p.stop = func() error {
		cancel()
		err := s.Close()
		<-done
		return err
	}
	return p, nil
}

// URL is where the PKI answers: Options.BaseURL.
func (p *PKI) URL() string { return p.options.BaseURL }

// Close ends the server that Listen started.
func (p *PKI) Close() error {
	if p.stop == nil {
		return nil
	}
	return p.stop()
}
