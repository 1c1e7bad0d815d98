package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/cardbridge/cardbridge/portal/session"
)

// The names of the cookies. The first belongs to a browser that wants to log in, the second to one whose card was proved.
const (
	preLogin      = "prelogin"
	sessionCookie = "session"
)

// prolongEvery keeps a busy visitor from writing to the database at each click.
const prolongEvery = time.Minute

// cookieName adds the prefix that keeps a neighbouring host or a plain-http page from planting the cookie (RFC 6265bis
// section 4.1.3.2); it is possible on https only.
func (p *Portal) cookieName(name string) string {
	if p.secure {
		return "__Host-" + name
	}
	return name
}

func (p *Portal) setCookie(w http.ResponseWriter, name, value string) {
	cookie := &http.Cookie{
		Name: p.cookieName(name), Value: value, Path: "/",
		HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

func (p *Portal) cookie(r *http.Request, name string) string {
	cookie, err := r.Cookie(p.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// visitor gives the session of the request, and prolongs it. session.ErrNone if there is none; what the store says.
func (p *Portal) visitor(r *http.Request) (session.Session, error) {
	id := p.cookie(r, sessionCookie)
	if id == "" {
		return session.Session{}, session.ErrNone
	}
	now := p.Clock()
	found, err := p.Store.Find(r.Context(), session.KeyOf(id), now)
	if err != nil || found.State == session.Proved {
		return found, err
	}
	until := now.Add(session.Idle)
	if end := found.Since.Add(session.Life); end.Before(until) {
		until = end
	}
	if until.Sub(found.Expires) < prolongEvery {
		return found, nil
	}
	return found, p.Store.Prolong(r.Context(), found.Key, until)
}

// csrf is what a form of this session carries. It is made from the session's id, so that no process needs to remember it.
func (p *Portal) csrf(id string) string {
	mac := hmac.New(sha256.New, p.CSRFKey)
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// fromOurForm compares the form's token in constant time.
func (p *Portal) fromOurForm(r *http.Request) bool {
	id := p.cookie(r, sessionCookie)
	return id != "" && hmac.Equal([]byte(p.csrf(id)), []byte(r.PostFormValue("csrf")))
}
