package main

import (
	"bytes"
	"net/http"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// taipei is Taiwan's time: no summer time since 1979, so it needs no time zone database.
var taipei = time.FixedZone("Asia/Taipei", 8*60*60)

// page is what the templates see.
type page struct {
	Lang, Other string
	T           map[string]string
	PINInPage   bool
	LoggedOut   bool
	Script      map[string]string // texts of login.js, as JSON
	Holder      *holder
}

type holder struct {
	verify.Identity
	KindText, CardText, Until, Since string
}

func (p *Portal) loginPage(w http.ResponseWriter, r *http.Request) {
	view := p.newPage(w, r)
	view.PINInPage = p.PINInPage
	view.LoggedOut = r.URL.Query().Has("out")
	p.render(w, "login.html", view)
}

func (p *Portal) welcomePage(w http.ResponseWriter, r *http.Request) {
	found, ok := p.sessions.find(p.cookie(r, session))
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	view := p.newPage(w, r)
	view.Holder = &holder{
		Identity: found.identity,
		KindText: view.T["kind."+string(found.identity.Kind)],
		CardText: view.T["card."+string(found.identity.CardKind)],
		Until:    found.identity.NotAfter.In(taipei).Format(view.T["dateFormat"]),
		Since:    found.since.In(taipei).Format(view.T["timeFormat"]),
	}
	p.render(w, "welcome.html", view)
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
	return page{Lang: lang, Other: other, T: p.texts.page(lang), Script: p.texts.script(lang)}
}

// render buffers, so that a broken template gives an error and never half a page.
func (p *Portal) render(w http.ResponseWriter, name string, view page) {
	var out bytes.Buffer
	if err := p.pages.ExecuteTemplate(&out, name, view); err != nil {
		p.Log.Error("template", "error", err.Error())
		http.Error(w, view.T["brokenPage"], http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}
