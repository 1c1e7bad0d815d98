package main

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// maxBody is a token of 64 KiB at most, with the nonce beside it.
const maxBody = 65 << 10

// challenge answers POST /api/challenge with {challengeNonce, expires}. The nonce belongs to the browser's pre-login cookie.
func (p *Portal) challenge(w http.ResponseWriter, r *http.Request) {
	browser := p.cookie(r, preLogin)
	if browser == "" {
		browser = newID()
		p.setCookie(w, preLogin, browser)
	}
	nonce, expires, err := p.Challenges.Issue(r.Context(), browser)
	if err != nil {
		p.refuseChallenge(w, r, err)
		return
	}
	reply(w, http.StatusOK, struct {
		ChallengeNonce string    `json:"challengeNonce"`
		Expires        time.Time `json:"expires"`
	}{nonce, expires.UTC()})
}

// login answers POST /api/login {challengeNonce, token} with {next}. The order matters: the nonce is spent before anything
// that the client sent is judged, so that no token can be tried twice.
func (p *Portal) login(w http.ResponseWriter, r *http.Request) {
	nonce, token, ok := p.readLogin(w, r)
	if !ok {
		return
	}
	browser := p.cookie(r, preLogin)
	if browser == "" {
		p.refuse(w, r, http.StatusUnauthorized, "noCookie", nil)
		return
	}
	if err := p.Challenges.Take(r.Context(), browser, nonce); err != nil {
		p.refuseChallenge(w, r, err)
		return
	}
	identity, err := p.Verifier.Token(r.Context(), token, p.Origin, nonce)
	if err != nil {
		p.refuseToken(w, r, err)
		return
	}
	p.sessions.end(p.cookie(r, session))
	id, err := p.sessions.begin(identity)
	if err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, "tooBusy", nil)
		return
	}
	// The pre-login cookie stays: another tab of this browser may be about to log in. It is no session, and each nonce is
	// spent by its first use.
	p.setCookie(w, session, id)
	p.Log.Info("login", "outcome", "ok", "thumbprint", identity.Thumbprint, "cardKind", identity.CardKind,
		"revocationChecked", identity.RevocationChecked)
	reply(w, http.StatusOK, struct {
		Next string `json:"next"`
	}{"/welcome"})
}

// readLogin has answered the request when it gives false.
func (p *Portal) readLogin(w http.ResponseWriter, r *http.Request) (nonce string, token webeid.Token, ok bool) {
	refuse := func(status int, code string) (string, webeid.Token, bool) {
		p.refuse(w, r, status, code, nil)
		return "", webeid.Token{}, false
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "notJSON")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refuse(http.StatusRequestEntityTooLarge, "tooLarge")
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "badRequest")
	}
	var body struct {
		ChallengeNonce string         `json:"challengeNonce"`
		Token          jsontext.Value `json:"token"`
	}
	if err := json.Unmarshal(data, &body, json.RejectUnknownMembers(true)); err != nil {
		return refuse(http.StatusBadRequest, "badRequest")
	}
	token, err = webeid.DecodeToken(body.Token)
	if err != nil {
		return refuse(http.StatusBadRequest, string(verify.ErrToken))
	}
	return body.ChallengeNonce, token, true
}

// logout answers the form of the welcome page.
func (p *Portal) logout(w http.ResponseWriter, r *http.Request) {
	if found, ok := p.sessions.find(p.cookie(r, session)); ok {
		p.Log.Info("logout", "thumbprint", found.identity.Thumbprint)
	}
	p.sessions.end(p.cookie(r, session))
	p.setCookie(w, session, "")
	http.Redirect(w, r, "/?out=1", http.StatusSeeOther)
}

func (p *Portal) refuseChallenge(w http.ResponseWriter, r *http.Request, err error) {
	for _, known := range []struct {
		err  error
		code string
	}{
		{challenge.ErrUnknown, "challengeUnknown"},
		{challenge.ErrExpired, "challengeExpired"},
		{challenge.ErrUsed, "challengeUsed"},
		{challenge.ErrOtherSession, "challengeOtherSession"},
		{challenge.ErrSession, "noCookie"},
	} {
		if errors.Is(err, known.err) {
			p.refuse(w, r, http.StatusUnauthorized, known.code, nil)
			return
		}
	}
	p.Log.Error("challenge store", "error", err.Error())
	p.refuse(w, r, http.StatusServiceUnavailable, "tooBusy", nil)
}

func (p *Portal) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	if invalid, ok := errors.AsType[*verify.Invalid](err); ok {
		p.refuse(w, r, http.StatusUnauthorized, string(invalid.Reason), shown(invalid.Certificate))
		return
	}
	if unchecked, ok := errors.AsType[*verify.Unchecked](err); ok {
		p.refuse(w, r, http.StatusServiceUnavailable, string(unchecked.Reason), shown(unchecked.Certificate))
		return
	}
	p.Log.Error("verifier", "error", err.Error())
	p.refuse(w, r, http.StatusInternalServerError, "internal", nil)
}
