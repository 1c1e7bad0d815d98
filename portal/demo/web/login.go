package web

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/session"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// maxBody is a token of 64 KiB at most, with the nonce beside it.
const maxBody = 65 << 10

const maxPreLogin = 64

// auditTime is for a line of the trail when the visitor's own time is over.
const auditTime = 5 * time.Second

// challenge answers POST /api/challenge with {challengeNonce, expires}. The nonce belongs to the browser's pre-login cookie.
func (p *Portal) challenge(w http.ResponseWriter, r *http.Request) {
	if !p.admitAddress(w, r) {
		return
	}
	browser := p.cookie(r, preLogin)
	if browser == "" || len(browser) > maxPreLogin { // no browser got the latter from us
		browser = session.NewID()
		p.setCookie(w, preLogin, browser)
	}
	nonce, expires, err := p.challenges.Issue(r.Context(), browser)
	if err != nil {
		p.refuseChallenge(w, r, err)
		return
	}
	reply(w, http.StatusOK, struct {
		ChallengeNonce string    `json:"challengeNonce"`
		Expires        time.Time `json:"expires"`
	}{nonce, expires.UTC()})
}

// card answers POST /api/card {certificate} with what the certificate says of itself, unverified: the page shows it while
// the login is being verified, and nobody relies on it.
func (p *Portal) card(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Certificate string `json:"certificate"`
	}
	if !p.readJSON(w, r, &body) {
		return
	}
	der, err := base64.StdEncoding.DecodeString(body.Certificate)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, "badRequest", nil)
		return
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, string(verify.ErrCertificate), nil)
		return
	}
	reply(w, http.StatusOK, p.shown(cert))
}

// login answers POST /api/login {challengeNonce, token} with {next, csrf}. The order matters: the nonce is spent before
// anything that the client sent is judged, so that no token can be tried twice.
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
	if err := p.challenges.Take(r.Context(), browser, nonce); err != nil {
		p.refuseChallenge(w, r, err)
		return
	}
	identity, err := p.Verifier.Token(r.Context(), token, p.Origin, nonce)
	if err != nil {
		p.refuseToken(w, r, err)
		return
	}
	if !p.admitCard(w, r, identity) {
		return
	}
	visit := p.visit(r)
	id, begun, err := p.desk.Enter(r.Context(), identity, visit)
	if err != nil {
		p.refuseEntry(w, r, identity, err)
		return
	}
	// The pre-login cookie stays: another tab of this browser may be about to log in. It is no session, and each nonce is
	// spent by its first use.
	p.setCookie(w, sessionCookie, id)
	outcome := audit.OK
	if begun.State == session.Proved {
		outcome = audit.Proved
	}
	p.metrics.logins.WithLabelValues(outcome, string(identity.CardKind)).Inc()
	p.Log.Info("login", "outcome", outcome, "thumbprint", identity.Thumbprint, "cardKind", identity.CardKind,
		"revocationChecked", identity.RevocationChecked, "request", visit.Request)
	reply(w, http.StatusOK, struct {
		Next string `json:"next"`
		CSRF string `json:"csrf"`
	}{home[begun.State], p.csrf(id)})
}

// home is where a session of each state belongs.
var home = map[session.State]string{session.Proved: "/account", session.Person: "/welcome", session.Agency: "/agency"}

// admitCard has answered the request when it gives false.
func (p *Portal) admitCard(w http.ResponseWriter, r *http.Request, identity verify.Identity) bool {
	card := identity.Thumbprint
	if identity.SubjectSerial != "" {
		card = account.CardKey{Family: identity.IssuerFamily, Serial: identity.SubjectSerial}.String()
	}
	ok, err := p.within(r.Context(), "login "+card, p.Limits.Card, cardWindow)
	switch {
	case err != nil:
		p.unavailable(w, r, err)
	case !ok:
		w.Header().Set("Retry-After", "600")
		p.recordLogin(r, "tooManyOfCard", identity.CardKind, identity.Thumbprint)
		p.refuse(w, r, http.StatusTooManyRequests, "tooManyOfCard", describe(identity))
	}
	return ok && err == nil
}

// readLogin has answered the request when it gives false.
func (p *Portal) readLogin(w http.ResponseWriter, r *http.Request) (nonce string, token webeid.Token, ok bool) {
	var body struct {
		ChallengeNonce string         `json:"challengeNonce"`
		Token          jsontext.Value `json:"token"`
	}
	if !p.readJSON(w, r, &body) {
		return "", webeid.Token{}, false
	}
	token, err := webeid.DecodeToken(body.Token)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, string(verify.ErrToken), nil)
		return "", webeid.Token{}, false
	}
	return body.ChallengeNonce, token, true
}

// readJSON has answered the request when it gives false.
func (p *Portal) readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		p.refuse(w, r, http.StatusUnsupportedMediaType, "notJSON", nil)
		return false
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		p.refuse(w, r, http.StatusRequestEntityTooLarge, "tooLarge", nil)
		return false
	}
	if err == nil {
		err = json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	}
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, "badRequest", nil)
		return false
	}
	return true
}

// logout answers the forms of the pages behind the login.
func (p *Portal) logout(w http.ResponseWriter, r *http.Request) {
	if !p.ourForm(w, r) {
		return
	}
	visit := p.visit(r)
	found, err := p.visitor(r)
	if err != nil && !errors.Is(err, session.ErrNone) {
		p.failPage(w, r, err)
		return
	}
	if err == nil {
		event := audit.Event{At: p.Clock(), Action: audit.Logout, Outcome: audit.OK, CardKind: string(found.Card.CardKind),
			Card: account.CardKey{Family: found.Card.Family, Serial: found.Card.Serial}.String(), Thumbprint: found.Card.Thumbprint,
			Agency: found.AgencyOID, Address: visit.Address, Request: visit.Request}
		if found.State == session.Person {
			event.Person = account.Hash(found.Person).String()
		}
		if err := p.Store.End(r.Context(), found.Key, event); err != nil {
			p.failPage(w, r, err)
			return
		}
		p.metrics.logouts.Inc()
	}
	p.setCookie(w, sessionCookie, "")
	to := "/?out=1"
	if found.State == session.Proved {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (p *Portal) refuseChallenge(w http.ResponseWriter, r *http.Request, err error) {
	status, code := http.StatusUnauthorized, ""
	switch {
	case errors.Is(err, challenge.ErrUnknown):
		code = "challengeUnknown"
	case errors.Is(err, challenge.ErrExpired):
		code = "challengeExpired"
	case errors.Is(err, challenge.ErrUsed):
		code = "challengeUsed"
	case errors.Is(err, challenge.ErrOtherSession):
		code = "challengeOtherSession"
	case errors.Is(err, challenge.ErrSession):
		code = "noCookie"
	case errors.Is(err, challenge.ErrFull):
		status, code = http.StatusServiceUnavailable, "tooBusy"
	default:
		p.unavailable(w, r, err)
		return
	}
	p.metrics.logins.WithLabelValues(code, "").Inc()
	p.refuse(w, r, status, code, nil)
}

// refuseToken answers what the verifier said. The challenge was taken, so no client fills the trail for nothing.
func (p *Portal) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	status, code := http.StatusInternalServerError, "internal"
	var certificate *presented
	if invalid, ok := errors.AsType[*verify.Invalid](err); ok {
		status, code, certificate = http.StatusUnauthorized, string(invalid.Reason), p.shown(invalid.Certificate)
	} else if unchecked, ok := errors.AsType[*verify.Unchecked](err); ok {
		status, code, certificate = http.StatusServiceUnavailable, string(unchecked.Reason), p.shown(unchecked.Certificate)
	}
	kind, thumbprint := verify.CardKind(""), ""
	if certificate != nil {
		kind, thumbprint = certificate.CardKind, certificate.thumbprint
	}
	p.recordLogin(r, code, kind, thumbprint)
	p.refuse(w, r, status, code, certificate)
}

// refuseEntry answers what the desk said; it has written its own refusals to the trail.
func (p *Portal) refuseEntry(w http.ResponseWriter, r *http.Request, identity verify.Identity, err error) {
	refused, ok := errors.AsType[*account.Refused](err)
	if !ok {
		p.unavailable(w, r, err)
		return
	}
	p.metrics.logins.WithLabelValues(string(refused.Reason), string(identity.CardKind)).Inc()
	p.refuse(w, r, http.StatusForbidden, string(refused.Reason), describe(identity))
}

// recordLogin counts a refusal, and writes it to the trail; a trail that fails must not hide the refusal itself.
func (p *Portal) recordLogin(r *http.Request, code string, kind verify.CardKind, thumbprint string) {
	p.metrics.logins.WithLabelValues(code, string(kind)).Inc()
	visit := p.visit(r)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTime) // also where the visitor has gone
	defer cancel()
	err := p.Store.Record(ctx, audit.Event{At: p.Clock(), Action: audit.Login, Outcome: code, CardKind: string(kind),
		Thumbprint: thumbprint, Address: visit.Address, Request: visit.Request})
	if err != nil {
		p.Log.Error("audit", "error", err.Error(), "request", visit.Request)
	}
}
