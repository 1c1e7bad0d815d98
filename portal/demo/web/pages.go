package web

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/session"
)

// taipei is Taiwan's time: no summer time since 1979, so it needs no time zone database.
var taipei = time.FixedZone("Asia/Taipei", 8*60*60)

// page is what the templates see.
type page struct {
	Lang, Other string
	Here        string // where the other language is shown
	T           map[string]string
	Links       Links
	CSRF        string
	PINInPage   bool
	LoggedOut   bool
	Ended       bool
	Script      scriptData
	Holder      *holder
	Agency      account.Agency
	Typed       string
	Problem     *problem
}

// scriptData goes to login.js as JSON.
type scriptData struct {
	Texts   map[string]string `json:"texts"`
	Install []InstallLink     `json:"install"`
}

// holder is a session's card in words.
type holder struct {
	session.Card
	KindText, CardText, Until, Since string
	Replaced                         bool
}

// problem is a refusal as a page.
type problem struct {
	Refusal
	Code, Request string
	Left          string // tries that are left today; "": not said
	Again         bool   // 【上一步】 leads back to the account
}

func (p *Portal) loginPage(w http.ResponseWriter, r *http.Request) {
	view := p.newPage(w, r)
	view.PINInPage = p.PINInPage
	view.LoggedOut = r.URL.Query().Has("out")
	view.Ended = r.URL.Query().Has("ended")
	view.Script = scriptData{p.texts.script(view.Lang), p.Links.Install}
	p.render(w, http.StatusOK, "login.html", view)
}

func (p *Portal) welcomePage(w http.ResponseWriter, r *http.Request) {
	found, ok := p.demand(w, r, session.Person)
	if !ok {
		return
	}
	view := p.newPage(w, r)
	view.Holder = p.holderOf(found, view)
	p.render(w, http.StatusOK, "welcome.html", view)
}

// agencyPage is the agency's login page: the agency code file names it, not the card.
func (p *Portal) agencyPage(w http.ResponseWriter, r *http.Request) {
	found, ok := p.demand(w, r, session.Agency)
	if !ok {
		return
	}
	agency, err := p.Store.Agency(r.Context(), found.AgencyOID)
	if errors.Is(err, account.ErrNoAgency) { // taken from the file since
		p.problemPage(w, r, http.StatusForbidden, string(account.ErrUnknownAgency))
		return
	}
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	view := p.newPage(w, r)
	view.Holder = p.holderOf(found, view)
	view.Agency = agency
	p.render(w, http.StatusOK, "agency.html", view)
}

func (p *Portal) holderOf(found session.Session, view page) *holder {
	return &holder{
		Card:     found.Card,
		KindText: view.T["kind."+string(found.Card.Kind)],
		CardText: view.T["card."+string(found.Card.CardKind)],
		Until:    found.Card.NotAfter.In(taipei).Format(view.T["dateFormat"]),
		Since:    found.Since.In(taipei).Format(view.T["timeFormat"]),
		Replaced: found.Replaced,
	}
}

// newPage settles the language: ?lang=, else the cookie that an earlier ?lang= set, else the portal's own.
func (p *Portal) newPage(w http.ResponseWriter, r *http.Request) page {
	lang := p.Lang
	if cookie, err := r.Cookie("lang"); err == nil && isLanguage(cookie.Value) {
		lang = cookie.Value
	}
	if asked := r.URL.Query().Get("lang"); isLanguage(asked) {
		lang = asked
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 60 * 60,
			HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteStrictMode})
	}
	other := "en"
	if lang == "en" {
		other = "zh-TW"
	}
	view := page{Lang: lang, Other: other, Here: here(r), T: p.texts.page(lang), Links: p.Links}
	if id := p.cookie(r, sessionCookie); id != "" {
		view.CSRF = p.csrf(id)
	}
	return view
}

// pagePaths are the pages; a path of somebody's making is no link of ours.
var pagePaths = []string{"/", "/account", "/welcome", "/agency"}

// here is the page itself, or, for an answer to a form, the page that has the form.
func here(r *http.Request) string {
	switch {
	case r.Method == http.MethodGet && slices.Contains(pagePaths, r.URL.Path):
		return r.URL.Path
	case r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/account"):
		return "/account"
	default:
		return "/"
	}
}

// problemPage is a refusal where a person, not a script, waits for the answer.
func (p *Portal) problemPage(w http.ResponseWriter, r *http.Request, status int, code string) {
	view := p.newPage(w, r)
	view.Problem = &problem{Refusal: p.refusal(code, view.Lang), Code: code, Request: p.visit(r).Request}
	p.Log.Warn("refused", "path", r.URL.Path, "outcome", code, "request", view.Problem.Request)
	p.render(w, status, "problem.html", view)
}

// failPage is for a store that fails.
func (p *Portal) failPage(w http.ResponseWriter, r *http.Request, err error) {
	p.Log.Error("store", "path", r.URL.Path, "error", err.Error(), "request", p.visit(r).Request)
	p.problemPage(w, r, http.StatusServiceUnavailable, "unavailable")
}

// render buffers, so that a broken template gives an error and never half a page.
func (p *Portal) render(w http.ResponseWriter, status int, name string, view page) {
	var out bytes.Buffer
	if err := p.pages.ExecuteTemplate(&out, name, view); err != nil {
		p.Log.Error("template", "error", err.Error())
		http.Error(w, view.T["brokenPage"], http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
