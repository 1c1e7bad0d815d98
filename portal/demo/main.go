// Command demo is the reference portal of CardBridge.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// clockSkew is how far the clocks of this machine and of the card's issuer may be apart.
const clockSkew = 2 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	listen, origin, trust, sdk, lang, revocation string
	pinInPage                                    bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; plain http, so put a TLS proxy before any other than loopback")
	flags.StringVar(&o.origin, "origin", "", "origin exactly as browsers see it, scheme://host[:port] (default: from the listen address)")
	flags.StringVar(&o.trust, "trust", "", "folder of CA certificates, *.pem; a self-signed one is a root (default: trust nobody)")
	flags.StringVar(&o.sdk, "sdk", "", "folder of the SDK, served below /sdk/")
	flags.StringVar(&o.lang, "lang", "zh-TW", "language of a visitor who has not chosen: zh-TW or en")
	flags.StringVar(&o.revocation, "revocation", string(revocation.OCSPThenCRL),
		"whom to ask whether a certificate is revoked: ocsp-then-crl, crl, ocsp; none asks nobody, so that revoked cards log in")
	flags.BoolVar(&o.pinInPage, "pin-in-page", false, "show the portal's own PIN field; needs IT's grant pinFromPage for this origin")
	if err := flags.Parse(args); err != nil {
		return options{}, flag.ErrHelp
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q; see -help", flags.Arg(0))
	}
	if o.lang != "zh-TW" && o.lang != "en" {
		return options{}, fmt.Errorf("-lang %q; use zh-TW or en", o.lang)
	}
	if _, err := revocation.ParseMode(o.revocation); err != nil {
		return options{}, fmt.Errorf("-revocation: %w", err)
	}
	return o, nil
}

// run serves until ctx ends, which is no error. It prints one line of JSON to stdout when it accepts connections.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("%w; choose another -listen", err)
	}
	defer listener.Close()
	if o.origin == "" {
		o.origin = originOf(listener.Addr())
	}
	var asked verify.Revocation // nil: nobody is
	if o.revocation == string(revocation.None) {
		log.Warn("revocation is not checked; revoked cards log in")
	} else {
		checker, err := newChecker(o, log)
		if err != nil {
			return err
		}
		defer checker.Close()
		asked = checker
	}
	portal, err := build(o, asked, log)
	if err != nil {
		return err
	}
	return serve(ctx, listener, portal, stdout)
}

// serve says on stdout that the portal is ready.
func serve(ctx context.Context, listener net.Listener, portal *Portal, stdout io.Writer) error {
	server := &http.Server{
		Handler:           portal.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(portal.Log.Handler(), slog.LevelWarn),
	}
	ready, err := json.Marshal(map[string]string{"origin": portal.Origin})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "%s\n", ready)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// originOf is for a browser on this machine: a wildcard address has no name of its own.
func originOf(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	if tcp.Port == 80 {
		if tcp.IP.To4() == nil && !tcp.IP.IsUnspecified() {
			host = "[" + host + "]"
		}
		return "http://" + host
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// newChecker is for every -revocation but none. What goes to the log names addresses or issuers, never a holder.
func newChecker(o options, log *slog.Logger) (*revocation.Checker, error) {
	return revocation.New(revocation.Config{
		Mode: revocation.Mode(o.revocation), Skew: clockSkew,
		Failed: func(address string, err error) {
			log.Warn("revocation source without a usable answer", "address", address, "error", err.Error())
		},
	})
}

func build(o options, asked verify.Revocation, log *slog.Logger) (*Portal, error) {
	if err := webeid.CheckOrigin(o.origin); err != nil {
		return nil, fmt.Errorf("-origin: %w", err)
	}
	verifier, err := newVerifier(o, asked, log)
	if err != nil {
		return nil, err
	}
	var sdk fs.FS
	if o.sdk != "" {
		if _, err := os.Stat(o.sdk); err != nil {
			return nil, fmt.Errorf("-sdk: %w", err)
		}
		sdk = os.DirFS(o.sdk)
	} else {
		log.Warn("no -sdk; the page cannot reach the card")
	}
	return NewPortal(Settings{
		Origin: o.origin, Lang: o.lang, PINInPage: o.pinInPage, SDK: sdk, Log: log,
		Verifier: verifier, Challenges: challenge.NewIssuer(challenge.NewMemory(), nil),
	})
}

func newVerifier(o options, asked verify.Revocation, log *slog.Logger) (*verify.Verifier, error) {
	config := verify.Config{Skew: clockSkew, Revocation: asked}
	if o.trust != "" {
		roots, intermediates, err := verify.LoadTrust(o.trust)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		config.Roots, config.Intermediates = roots, intermediates
	}
	if len(config.Roots) == 0 {
		log.Warn("no root is trusted; every login will be refused", "trust", o.trust)
	}
	return verify.New(config)
}
