package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

const (
	maxForm  = 4 << 10
	maxTyped = 512 // bytes; the desk's own limits are below
)

// accountPage asks the holder of a proved card for an account.
func (p *Portal) accountPage(w http.ResponseWriter, r *http.Request) {
	if found, ok := p.demand(w, r, session.Proved); ok {
		p.showAccount(w, r, found, "")
	}
}

// accountBack is 【上一步】: the same page with what was typed. It came by POST, so that no ID number stands in an address.
func (p *Portal) accountBack(w http.ResponseWriter, r *http.Request) {
	if !p.ourForm(w, r) {
		return
	}
	if found, ok := p.demand(w, r, session.Proved); ok {
		p.showAccount(w, r, found, typedIn(r))
	}
}

func (p *Portal) showAccount(w http.ResponseWriter, r *http.Request, found session.Session, typed string) {
	view := p.newPage(w, r)
	view.Holder = p.holderOf(found, view)
	view.Typed = typed
	p.render(w, http.StatusOK, "account.html", view)
}

// accountNext is 【下一步】: it binds the card, or says why not.
func (p *Portal) accountNext(w http.ResponseWriter, r *http.Request) {
	if !p.ourForm(w, r) {
		return
	}
	found, ok := p.demand(w, r, session.Proved)
	if !ok {
		return
	}
	typed := typedIn(r)
	visit := p.visit(r)
	id, begun, err := p.desk.Bind(r.Context(), found, typed, visit)
	if refused, ok := errors.AsType[*account.Refused](err); ok {
		p.refuseAccount(w, r, found, typed, refused)
		return
	}
	if errors.Is(err, session.ErrNone) {
		http.Redirect(w, r, "/?ended=1", http.StatusSeeOther)
		return
	}
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	outcome := audit.OK
	if begun.Replaced {
		outcome = audit.Rebound
	}
	p.metrics.bindings.WithLabelValues(outcome).Inc()
	p.Log.Info("bound", "outcome", outcome, "thumbprint", begun.Card.Thumbprint, "request", visit.Request)
	p.setCookie(w, sessionCookie, id)
	http.Redirect(w, r, home[begun.State], http.StatusSeeOther)
}

// again are the refusals that another account mends.
var again = map[account.Reason]bool{account.ErrMalformed: true, account.ErrNotInFile: true, account.ErrOtherHolder: true}

// refuseAccount is a page of its own, as the seed has it, with 【上一步】.
func (p *Portal) refuseAccount(w http.ResponseWriter, r *http.Request, found session.Session, typed string, refused *account.Refused) {
	p.metrics.bindings.WithLabelValues(string(refused.Reason)).Inc()
	p.Log.Warn("refused", "path", r.URL.Path, "outcome", string(refused.Reason), "thumbprint", found.Card.Thumbprint, "request", p.visit(r).Request)
	view := p.newPage(w, r)
	view.Typed = typed
	view.Problem = &problem{Code: string(refused.Reason), Request: p.visit(r).Request, Again: again[refused.Reason]}
	view.Problem.Refusal = p.refusal(view.Problem.Code, view.Lang)
	switch refused.Reason {
	case account.ErrNotInFile, account.ErrOtherHolder:
		view.Problem.Left = strconv.Itoa(refused.Left)
		if view.Problem.Again = refused.Left > 0; !view.Problem.Again { // nothing to go back to: say when it goes on
			view.Problem.Hint = p.refusal(string(account.ErrTooManyTries), view.Lang).Hint
		}
	}
	p.render(w, http.StatusUnprocessableEntity, "problem.html", view)
}

func typedIn(r *http.Request) string {
	typed := r.PostFormValue("account")
	if len(typed) > maxTyped {
		return "" // nobody's account
	}
	return typed
}

// ourForm has answered the request when it gives false: too large, or without this session's token.
func (p *Portal) ourForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.problemPage(w, r, http.StatusBadRequest, "badForm")
		return false
	}
	if !p.fromOurForm(r) {
		if p.cookie(r, sessionCookie) == "" {
			http.Redirect(w, r, "/?ended=1", http.StatusSeeOther)
			return false
		}
		p.problemPage(w, r, http.StatusForbidden, "crossSite")
		return false
	}
	return true
}

// demand gives the session if it has that state; else it has sent the visitor where that session belongs.
func (p *Portal) demand(w http.ResponseWriter, r *http.Request, state session.State) (session.Session, bool) {
	found, err := p.visitor(r)
	switch {
	case errors.Is(err, session.ErrNone):
		to := "/"
		if p.cookie(r, sessionCookie) != "" {
			p.setCookie(w, sessionCookie, "")
			to = "/?ended=1"
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return session.Session{}, false
	case err != nil:
		p.failPage(w, r, err)
		return session.Session{}, false
	case found.State != state:
		http.Redirect(w, r, home[found.State], http.StatusSeeOther)
		return session.Session{}, false
	}
	return found, true
}
