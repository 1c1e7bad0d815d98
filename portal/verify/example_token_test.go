package verify_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// site is a portal that had a login of its own before it took cards.
type site struct {
	origin   string // as browsers spell it; never the client's word
	nonces   *challenge.Issuer
	verifier *verify.Verifier
	checker  *revocation.Checker
	welcome  func(w http.ResponseWriter, r *http.Request, holder verify.Identity) // starts the site's session
}

func newSite(origin, trust string) (*site, error) {
	roots, intermediates, err := verify.LoadTrust(trust) // the CAs' certificates
	if err != nil {
		return nil, err
	}
	checker, err := revocation.New(revocation.Config{}) // OCSP, then CRL; "cannot be known" refuses the login
	if err != nil {
		return nil, err
	}
	verifier, err := verify.New(verify.Config{Roots: roots, Intermediates: intermediates, Revocation: checker, CARevocation: checker})
	if err != nil {
		return nil, err
	}
	// Memory is for one process; several share a database through challenge.Store.
	return &site{origin: origin, nonces: challenge.NewIssuer(challenge.NewMemory(), nil), verifier: verifier, checker: checker}, nil
}

func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/challenge", s.challenge)
	mux.HandleFunc("POST /api/login", s.login)
	return mux
}

// challenge gives a nonce that belongs to this browser.
func (s *site) challenge(w http.ResponseWriter, r *http.Request) {
	session := rand.Text()
	nonce, expires, err := s.nonces.Issue(r.Context(), session)
	if err != nil {
		http.Error(w, "try again in a few minutes", http.StatusServiceUnavailable)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "__Host-prelogin", Value: session, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Cache-Control", "no-store")
	_ = json.MarshalWrite(w, map[string]any{"challengeNonce": nonce, "expires": expires})
}

// login spends the nonce before it judges anything else, so that no token can be tried twice.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Nonce string         `json:"challengeNonce"`
		Token jsontext.Value `json:"token"`
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	cookie, missing := r.Cookie("__Host-prelogin")
	if err != nil || missing != nil || r.Header.Get("Origin") != s.origin || json.Unmarshal(data, &body, json.RejectUnknownMembers(true)) != nil {
		http.Error(w, "not a login from our page", http.StatusBadRequest)
		return
	}
	if err := s.nonces.Take(r.Context(), cookie.Value, body.Nonce); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	token, err := webeid.DecodeToken(body.Token)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	holder, err := s.verifier.Token(r.Context(), token, s.origin, body.Nonce)
	invalid, refused := errors.AsType[*verify.Invalid](err)
	switch {
	case refused: // Reason is one word to translate: expired, revoked, testCard ...
		http.Error(w, string(invalid.Reason), http.StatusForbidden)
	case err != nil: // *verify.Unchecked: nothing is known against the card
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		s.welcome(w, r, holder)
	}
}

// A whole card login for a site of one process. An account's key is IssuerFamily with SubjectSerial.
func ExampleVerifier_Token() {
	trust, card, clean := exampleCard()
	defer clean()
	s, err := newSite("https://portal.example.gov.tw", trust)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.checker.Close()
	s.welcome = func(w http.ResponseWriter, _ *http.Request, holder verify.Identity) {
		fmt.Fprintf(w, "%s, %s/%s, a %s's %s card", holder.Name, holder.IssuerFamily, holder.SubjectSerial, holder.Kind, holder.CardKind)
	}
	fmt.Println(card.loginAt(s))
	// Output: 200 王小明, moica/0000000000000001, a person's citizen card
}
