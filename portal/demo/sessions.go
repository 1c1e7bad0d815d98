package main

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
)

const (
	idleTime    = 30 * time.Minute
	maxSessions = 10_000
)

// errSessions: the table is full.
var errSessions = errors.New("too many people are logged in; try again in a few minutes")

// sessions are the people who are logged in, by session id.
type sessions struct {
	clock func() time.Time
	mu    sync.Mutex
	table map[string]loggedIn
}

type loggedIn struct {
	identity verify.Identity
	since    time.Time
	until    time.Time
}

func newSessions(clock func() time.Time) *sessions {
	return &sessions{clock: clock, table: map[string]loggedIn{}}
}

// begin always makes a new id: one from before the login may be known to whoever planted it.
func (s *sessions) begin(identity verify.Identity) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	if len(s.table) >= maxSessions {
		for old, session := range s.table {
			if now.After(session.until) {
				delete(s.table, old)
			}
		}
	}
	if len(s.table) >= maxSessions {
		return "", errSessions
	}
	id = newID()
	s.table[id] = loggedIn{identity: identity, since: now, until: now.Add(idleTime)}
	return id, nil
}

// find prolongs a session that is in use.
func (s *sessions) find(id string) (loggedIn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.table[id]
	now := s.clock()
	if !ok || now.After(session.until) {
		delete(s.table, id)
		return loggedIn{}, false
	}
	session.until = now.Add(idleTime)
	s.table[id] = session
	return session, true
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.table, id)
}

// The names of the cookies. The first belongs to a browser that wants to log in, the second to one that has.
const (
	preLogin = "prelogin"
	session  = "session"
)

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
