package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardbridge/cardbridge/portal/demo/web"
	"github.com/cardbridge/cardbridge/portal/secret"
	"github.com/cardbridge/cardbridge/portal/store"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// clockSkew is how far the clocks of this machine and of the card's issuer may be apart.
const clockSkew = 2 * time.Minute

type options struct {
	database
	listen, admin, origin, trust, issuers, sdk, lang, revocation, links string
	tlsCert, tlsKey                                                     string
	proxies                                                             []netip.Prefix
	limits                                                              web.Limits
	revocationHosts                                                     []string
	keepGood                                                            time.Duration
	askAboutCAs                                                         bool
	auditDays                                                           int
	pinInPage                                                           bool
}

func parseServe(args []string, s streams) (options, error) {
	o := options{limits: web.DefaultLimits()}
	flags := newFlags("serve", "serve the portal", s.err)
	o.database.flags(flags, s.environment)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on")
	flags.StringVar(&o.admin, "admin-listen", "", "address of /healthz and /metrics, for the monitoring's network alone (default: none)")
	flags.StringVar(&o.origin, "origin", "", "origin exactly as browsers see it, scheme://host[:port] (default: from the listen address)")
	flags.StringVar(&o.trust, "trust", "", "folder of CA certificates (.pem, .crt, .cer, .der); a self-signed one is a root (default: trust nobody)")
	issuersFlag(flags, &o.issuers)
	flags.StringVar(&o.sdk, "sdk", "", "folder of the SDK, served below /sdk/")
	flags.StringVar(&o.lang, "lang", "zh-TW", "language of a visitor who has not chosen: zh-TW or en")
	flags.StringVar(&o.links, "links", "", "JSON file of help desk, unlock pages, installers, other ways to log in (default: built in)")
	flags.StringVar(&o.revocation, "revocation", string(revocation.OCSPThenCRL),
		"whom to ask whether a certificate is revoked: ocsp-then-crl, crl, ocsp; none asks nobody, so that revoked cards log in")
	flags.Func("revocation-host", "host that may be asked, or .example.gov.tw for all below it; may be repeated (default: whatever certificates of trusted issuers name)",
		func(host string) error { o.revocationHosts = append(o.revocationHosts, host); return nil })
	flags.DurationVar(&o.keepGood, "ocsp-keep", 0, "how long a good OCSP answer serves again, so also how long a card revoked meanwhile still logs in; up to 10m")
	flags.BoolVar(&o.askAboutCAs, "ca-revocation", false, "ask also whether the issuing CAs are revoked, by their issuers' CRLs")
	flags.BoolVar(&o.pinInPage, "pin-in-page", false, "show the portal's own PIN field; needs IT's grant pinFromPage for this origin")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "PEM file of the certificate chain; read again when it changes (default: plain http, for loopback or a proxy)")
	flags.StringVar(&o.tlsKey, "tls-key", "", "PEM file of its key")
	flags.Func("trusted-proxy", "address or prefix of a proxy whose X-Forwarded-For is believed; may be repeated", o.addProxy)
	flags.IntVar(&o.limits.Address, "limit-address", o.limits.Address, "challenges a minute for one address; 0: no limit")
	flags.IntVar(&o.limits.Card, "limit-card", o.limits.Card, "logins in ten minutes with one card; 0: no limit")
	flags.IntVar(&o.auditDays, "audit-days", 0, "days that the audit trail is kept; 0: for ever")
	if err := parse(flags, args, 0); err != nil {
		return options{}, err
	}
	return o, o.check()
}

func (o *options) addProxy(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		var at netip.Addr
		if at, err = netip.ParseAddr(text); err == nil {
			prefix = netip.PrefixFrom(at, at.BitLen())
		}
	}
	o.proxies = append(o.proxies, prefix)
	return err
}

func (o *options) check() error {
	switch {
	case o.lang != "zh-TW" && o.lang != "en":
		return fmt.Errorf("-lang %q; use zh-TW or en", o.lang)
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return errors.New("-tls-cert and -tls-key go together")
	case o.limits.Address < 0 || o.limits.Card < 0 || o.auditDays < 0:
		return errors.New("-limit-address, -limit-card and -audit-days are 0 or more")
	}
	if _, err := revocation.ParseMode(o.revocation); err != nil {
		return fmt.Errorf("-revocation: %w", err)
	}
	return nil
}

// spareHeap is never touched, so it takes no memory, but the collector counts it: it lets some 40 MiB of garbage gather before
// it runs, whatever else is alive. Without it the portal's few MiB would be collected twenty times a second under load; a
// percentage (GOGC) high enough against that would multiply a large CRL.
const spareHeap = 32 << 20

// serve serves until ctx ends, which is no error. It prints one line of JSON to stdout when it accepts connections.
func serve(ctx context.Context, args []string, s streams) error {
	o, err := parseServe(args, s)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(make([]byte, spareHeap))
	log := slog.New(slog.NewJSONHandler(s.err, nil))
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("%w; choose another -listen", err)
	}
	defer listener.Close()
	if err := o.settleOrigin(listener.Addr()); err != nil {
		return err
	}
	data, keys, err := o.open(ctx, true)
	if err != nil && ctx.Err() != nil {
		return nil // told to end before it began
	}
	if err != nil {
		return err
	}
	defer data.Close()
	registry := prometheus.NewRegistry()
	table, err := issuerTable(o.issuers)
	if err != nil {
		return err
	}
	verifier, closeVerifier, err := newVerifier(o, table, registry, log)
	if err != nil {
		return err
	}
	defer closeVerifier()
	portal, err := o.portal(data, keys, verifier, table, registry, log)
	if err != nil {
		return err
	}
	go housekeeping(ctx, data, time.Duration(o.auditDays)*24*time.Hour, log)
	return listenAndServe(ctx, listener, o, portal, monitor(registry, data, portal), s.out)
}

// settleOrigin refuses plain http on an address that other machines reach, unless a proxy in front of it was named: cookies
// and sessions would cross the network in clear.
func (o *options) settleOrigin(listens net.Addr) error {
	tcp := listens.(*net.TCPAddr)
	if o.origin == "" {
		o.origin = originOf(tcp, o.tlsCert != "")
	}
	if err := webeid.CheckOrigin(o.origin); err != nil {
		return fmt.Errorf("-origin: %w", err)
	}
	at, err := url.Parse(o.origin)
	if err != nil {
		return fmt.Errorf("-origin: %w", err)
	}
	if o.tlsCert != "" && at.Scheme != "https" {
		return fmt.Errorf("-origin %s with TLS; browsers see https://", o.origin)
	}
	if at.Scheme != "https" && !isLoopback(at.Hostname()) {
		return fmt.Errorf("-origin %s: only a portal on this machine's loopback may go without https; browsers would send its cookies in clear", o.origin)
	}
	if o.tlsCert == "" && !tcp.IP.IsLoopback() && len(o.proxies) == 0 {
		return errors.New("-listen on an address that other machines reach needs -tls-cert, or a TLS proxy named by -trusted-proxy")
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// originOf is for a browser on this machine: a wildcard address has no name of its own.
func originOf(at *net.TCPAddr, secure bool) string {
	scheme, port := "http", 80
	if secure {
		scheme, port = "https", 443
	}
	host := at.IP.String()
	if at.IP.IsUnspecified() {
		host = "localhost"
	}
	if at.Port != port {
		return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(at.Port))
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host
}

func (o *options) portal(data *store.Store, keys secret.Secret, verifier web.Verifier, table verify.Table, registry prometheus.Registerer, log *slog.Logger) (*web.Portal, error) {
	settings := web.Settings{
		Origin: o.origin, Lang: o.lang, PINInPage: o.pinInPage, Log: log, Verifier: verifier, Table: table, Store: data, Hasher: hasherOf(keys),
		CSRFKey: keys.Key("csrf"), Limits: o.limits, Proxies: o.proxies, Metrics: registry,
	}
	if o.links != "" {
		links, err := web.LoadLinks(o.links)
		if err != nil {
			return nil, fmt.Errorf("-links: %w", err)
		}
		settings.Links = links
	}
	if o.sdk == "" {
		log.Warn("no -sdk; the page cannot reach the card")
	} else {
		if _, err := os.Stat(o.sdk); err != nil {
			return nil, fmt.Errorf("-sdk: %w", err)
		}
		settings.SDK = os.DirFS(o.sdk)
	}
	return web.New(settings)
}

// newVerifier gives the verifier with what ends its background work. What goes to the log names addresses or issuers, never
// a holder.
func newVerifier(o options, table verify.Table, registry prometheus.Registerer, log *slog.Logger) (verifier *verify.Verifier, closeAll func(), err error) {
	config := verify.Config{Skew: clockSkew, Table: table}
	if o.trust == "" {
		log.Warn("no -trust; every login will be refused")
	} else {
		if config.Roots, config.Intermediates, err = verify.LoadTrust(o.trust); err != nil {
			return nil, nil, err
		}
		if len(config.Roots) == 0 { // a mistyped folder would refuse everybody
			return nil, nil, fmt.Errorf("-trust %s: no self-signed CA certificate there, so nobody could log in; put the roots there", o.trust)
		}
	}
	checkers, err := newCheckers(o, &config, log)
	if err != nil {
		return nil, nil, err
	}
	registry.MustRegister(sources(checkers))
	closeAll = func() {
		for _, checker := range checkers {
			checker.Close()
		}
	}
	verifier, err = verify.New(config)
	if err != nil {
		closeAll()
	}
	return verifier, closeAll, err
}

// newCheckers puts into the configuration whom it asks: about holders, about CAs.
func newCheckers(o options, config *verify.Config, log *slog.Logger) (made []*revocation.Checker, err error) {
	add := func(mode revocation.Mode) verify.Revocation {
		if err != nil {
			return nil
		}
		var checker *revocation.Checker
		checker, err = revocation.New(revocation.Config{
			Mode: mode, Skew: clockSkew, KeepGood: o.keepGood, Hosts: o.revocationHosts,
			Failed: func(address string, err error) {
				log.Warn("revocation source without a usable answer", "address", address, "error", err.Error())
			},
		})
		if err != nil {
			return nil
		}
		made = append(made, checker)
		return checker
	}
	if o.revocation == string(revocation.None) {
		log.Warn("revocation is not checked; revoked cards log in")
	} else {
		config.Revocation = add(revocation.Mode(o.revocation))
	}
	if o.askAboutCAs {
		config.CARevocation = add(revocation.CRLOnly)
	}
	return made, err
}
