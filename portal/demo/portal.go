package main

import (
	"context"
	"crypto/rand"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

//go:embed web
var webFiles embed.FS

// Verifier is what the portal needs of portal/verify.
type Verifier interface {
	Token(ctx context.Context, token webeid.Token, origin, nonce string) (verify.Identity, error)
}

// Settings is what a portal is made of.
type Settings struct {
	// Origin is scheme://host[:port] as browsers see it: what a card signs, what requests are compared with.
	Origin     string
	Lang       string
	PINInPage  bool
	SDK        fs.FS // nil: there is none
	Log        *slog.Logger
	Verifier   Verifier
	Challenges *challenge.Issuer
	Clock      func() time.Time // nil: time.Now
}

// Portal is the web application.
type Portal struct {
	Settings
	secure   bool // the origin is https
	texts    Texts
	pages    *template.Template
	sessions *sessions
}

// NewPortal reads the embedded texts and templates.
func NewPortal(settings Settings) (*Portal, error) {
	if settings.Clock == nil {
		settings.Clock = time.Now
	}
	texts, err := loadTexts()
	if err != nil {
		return nil, err
	}
	pages, err := template.New("").Option("missingkey=error").ParseFS(webFiles, "web/*.html")
	if err != nil {
		return nil, err
	}
	return &Portal{
		Settings: settings, secure: strings.HasPrefix(settings.Origin, "https://"),
		texts: texts, pages: pages, sessions: newSessions(settings.Clock),
	}, nil
}

// Handler is the whole portal.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.loginPage)
	mux.HandleFunc("GET /welcome", p.welcomePage)
	mux.HandleFunc("POST /api/challenge", p.challenge)
	mux.HandleFunc("POST /api/login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	mux.HandleFunc("GET /static/{name}", p.static)
	mux.HandleFunc("GET /sdk/{name}", p.sdk)
	return p.guard(mux)
}

// guard answers only requests that name our host (a rebound DNS name is another site's), and only such POSTs that a page of
// ours sent. Browsers put Origin on every POST and Sec-Fetch-Site since 2023; a POST with neither is no browser's.
func (p *Portal) guard(next http.Handler) http.Handler {
	host := p.Origin[strings.Index(p.Origin, "://")+3:]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.headers(w.Header())
		if r.Host != host {
			http.Error(w, "This portal is at "+p.Origin, http.StatusMisdirectedRequest)
			return
		}
		if r.Method == http.MethodPost && !p.sameOrigin(r) {
			p.refuse(w, r, http.StatusForbidden, "crossSite", nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Portal) sameOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") == p.Origin && (site == "" || site == "same-origin")
}

func (p *Portal) headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // not no-referrer: that would send the logout form with Origin: null
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

func (p *Portal) static(w http.ResponseWriter, r *http.Request) {
	serveFile(w, r, webFiles, "web/"+r.PathValue("name"))
}

func (p *Portal) sdk(w http.ResponseWriter, r *http.Request) {
	if p.SDK == nil {
		http.NotFound(w, r)
		return
	}
	serveFile(w, r, p.SDK, r.PathValue("name"))
}

func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	kind, known := contentTypes[path.Ext(name)]
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

// newID is a session id: at least 128 bits of randomness (OWASP ASVS 3.2.2).
func newID() string { return rand.Text() }
