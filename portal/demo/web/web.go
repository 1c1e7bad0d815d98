// Package web is the reference portal's web application.
package web

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/session"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

//go:embed assets
var assets embed.FS

// requestTime ends what a request waits for: issuers' answers, the database. A login may have to ask two sources in turn.
const requestTime = 25 * time.Second

// Verifier is what the portal needs of portal/verify.
type Verifier interface {
	Token(ctx context.Context, token webeid.Token, origin, nonce string) (verify.Identity, error)
}

// Store is what the portal needs of portal/store.
type Store interface {
	account.Store
	session.Store
	challenge.Store
}

// Settings is what a portal is made of.
type Settings struct {
	// Origin is scheme://host[:port] as browsers see it: what a card signs, what requests are compared with.
	Origin    string
	Lang      string
	PINInPage bool
	SDK       fs.FS // nil: there is none
	Log       *slog.Logger
	Verifier  Verifier
	Store     Store
	Hasher    account.Hasher // the one with which the personnel file was imported
	CSRFKey   []byte         // 32 bytes, the same in every process
	Table     verify.Table   // the verifier's; the zero Table is verify.DefaultTable
	Links     Links          // the zero Links are DefaultLinks
	Limits    Limits         // the zero Limits are none
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	Metrics prometheus.Registerer // nil: none
	Clock   func() time.Time      // nil: time.Now
}

// Portal is the web application.
type Portal struct {
	Settings
	secure     bool // the origin is https
	texts      Texts
	pages      *template.Template
	desk       *account.Desk
	challenges *challenge.Issuer
	metrics    *metrics
}

// New reads the embedded texts and templates.
func New(settings Settings) (*Portal, error) {
	if settings.Clock == nil {
		settings.Clock = time.Now
	}
	if settings.Links.isZero() {
		settings.Links = DefaultLinks()
	}
	if len(settings.Table.Issuers) == 0 {
		settings.Table = verify.DefaultTable()
	}
	if settings.Metrics == nil {
		settings.Metrics = prometheus.NewRegistry()
	}
	texts, err := loadTexts()
	if err != nil {
		return nil, err
	}
	pages, err := template.New("").Option("missingkey=error").ParseFS(assets, "assets/*.html")
	if err != nil {
		return nil, err
	}
	return &Portal{
		Settings: settings, secure: strings.HasPrefix(settings.Origin, "https://"), texts: texts, pages: pages,
		desk:       account.NewDesk(settings.Store, settings.Hasher, settings.Clock),
		challenges: challenge.NewIssuer(settings.Store, settings.Clock),
		metrics:    newMetrics(settings.Metrics),
	}, nil
}

// Handler is the whole portal.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.loginPage)
	mux.HandleFunc("POST /api/challenge", p.challenge)
	mux.HandleFunc("POST /api/card", p.card)
	mux.HandleFunc("POST /api/login", p.login)
	mux.HandleFunc("GET /account", p.accountPage)
	mux.HandleFunc("POST /account", p.accountNext)
	mux.HandleFunc("POST /account/back", p.accountBack)
	mux.HandleFunc("GET /welcome", p.welcomePage)
	mux.HandleFunc("GET /agency", p.agencyPage)
	mux.HandleFunc("POST /logout", p.logout)
	mux.HandleFunc("GET /static/{name}", p.static)
	mux.HandleFunc("GET /sdk/{name}", p.sdk)
	mux.HandleFunc("GET /examples/{$}", p.examples)
	mux.HandleFunc("GET /examples/{name}", p.examples)
	mux.HandleFunc("GET /", p.notFound)
	outer := http.NewServeMux()
	outer.HandleFunc("GET /healthz", p.Health) // a load balancer asks by address, not by name
	outer.Handle("/", p.guard(mux))
	return p.metrics.count(mux, outer)
}

// guard answers only requests that name our host (a rebound DNS name is another site's), and only such POSTs that a page of
// ours sent. Browsers put Origin on every POST and Sec-Fetch-Site since 2023; a POST with neither is no browser's.
func (p *Portal) guard(next http.Handler) http.Handler {
	host := p.Origin[strings.Index(p.Origin, "://")+3:]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.headers(w.Header())
		if r.Host != host {
			http.Error(w, "本網站的網址是 "+p.Origin+"。This portal is at "+p.Origin, http.StatusMisdirectedRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTime)
		defer cancel()
		id := uuid.NewString()
		w.Header().Set("X-Request-Id", id)
		r = r.WithContext(context.WithValue(ctx, requestID{}, id))
		if r.Method == http.MethodPost && !p.sameOrigin(r) {
			p.refuse(w, r, http.StatusForbidden, "crossSite", nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type requestID struct{}

// visit is where a request comes from, with the session that a login would end.
func (p *Portal) visit(r *http.Request) account.Visit {
	id, _ := r.Context().Value(requestID{}).(string)
	return account.Visit{Old: session.KeyOf(p.cookie(r, sessionCookie)), Address: p.address(r).String(), Request: id}
}

func (p *Portal) sameOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") == p.Origin && (site == "" || site == "same-origin")
}

func (p *Portal) headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // not no-referrer: that would send the forms with Origin: null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if p.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// contentTypes are ours to say: the machine's own table (the registry on Windows) may call a script plain text, which a
// browser then refuses.
var contentTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// exampleTypes: the SDK's examples are whole pages; the portal's own are templates, which nobody fetches.
var exampleTypes = map[string]string{".html": "text/html; charset=utf-8", ".js": contentTypes[".js"], ".css": contentTypes[".css"]}

func (p *Portal) notFound(w http.ResponseWriter, r *http.Request) {
	p.problemPage(w, r, http.StatusNotFound, "notFound")
}

func (p *Portal) static(w http.ResponseWriter, r *http.Request) {
	serveFile(w, r, assets, "assets/"+r.PathValue("name"), contentTypes)
}

func (p *Portal) sdk(w http.ResponseWriter, r *http.Request) {
	if p.SDK == nil {
		http.NotFound(w, r)
		return
	}
	serveFile(w, r, p.SDK, r.PathValue("name"), contentTypes)
}

// examples are pages that show each call of the SDK; a folder of the SDK without them serves none.
func (p *Portal) examples(w http.ResponseWriter, r *http.Request) {
	if p.SDK == nil {
		http.NotFound(w, r)
		return
	}
	serveFile(w, r, p.SDK, "examples/"+cmp.Or(r.PathValue("name"), "index.html"), exampleTypes)
}

func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string, types map[string]string) {
	kind, known := types[path.Ext(name)]
	if !known || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(data)
}

// Health answers 200 while the database takes what is written, 503 otherwise (its disk may be full): a load balancer then sends
// people elsewhere.
func (p *Portal) Health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	if _, err := p.Store.Count(ctx, "health", time.Minute, p.Clock()); err != nil {
		p.Log.Error("health", "error", err.Error())
		http.Error(w, "database does not take what is written", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
