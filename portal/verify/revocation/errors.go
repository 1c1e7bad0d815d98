package revocation

import (
	"errors"
	"fmt"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// Why a certificate could not be checked.
var (
	ErrNoAddress = errors.New("the certificate names no http or https address to ask; ask its issuer, or choose another revocation mode")
	ErrTransport = errors.New("no answer; check the portal's network, its proxy, the issuer's service")
	ErrTooLarge  = errors.New("the answer is larger than allowed; raise the limit if the issuer's lists have grown")
	ErrMalformed = errors.New("the answer is not in the form of RFC 6960 or RFC 5280; ask the issuer")
	ErrSigner    = errors.New("the answer is not signed by the issuer or by a responder that it authorised; ask the issuer")
	ErrNonce     = errors.New("the answer does not repeat the nonce, so it may be an old one; allow missing nonces if this responder never repeats them")
	ErrOther     = errors.New("the answer is about another certificate; ask the issuer")
	ErrStale     = errors.New("the answer is not valid at this time; check the portal's clock, ask the issuer")
	ErrUnknown   = errors.New("the issuer's responder does not know the certificate; ask the issuer")
	ErrScope     = errors.New("the CRL is of a kind that is not read or not for this certificate; ask the issuer, or use OCSP")
	ErrHost      = errors.New("the certificate names only hosts that this portal may not ask; add them to the allowed hosts if they are the issuer's")
	ErrPaused    = errors.New("the address gave no answer several times in a row and is left alone for a while; check the issuer's service")
	ErrClosed    = errors.New("the checker was closed; make a new one")
)

// Revoked is the issuer's word that the certificate is revoked, or suspended.
type Revoked struct {
	By string // "OCSP" or "CRL"
	At time.Time
	// Code is the CRLReason of RFC 5280 section 5.3.1: 0 is unspecified, 6 certificateHold.
	Code int
}

// Error implements error.
func (r *Revoked) Error() string {
	return fmt.Sprintf("revoked on %s, reason %d, says the %s", r.At.UTC().Format(time.RFC3339), r.Code, r.By)
}

// RevokedAt implements verify.RevokedLater.
func (r *Revoked) RevokedAt() time.Time { return r.At }

// Compromised implements verify.RevokedLater: keyCompromise, cACompromise, aACompromise.
func (r *Revoked) Compromised() bool { return r.Code == 1 || r.Code == 2 || r.Code == 10 }

// Unwrap makes errors.Is find verify.ErrRevoked.
func (r *Revoked) Unwrap() error { return verify.ErrRevoked }

// Refused is an OCSP answer without a word on any certificate (RFC 6960 section 4.2.1).
type Refused struct{ Status int }

// Error implements error.
func (r *Refused) Error() string {
	names := map[int]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}
	return fmt.Sprintf("the responder declined with status %d %s; try again later, else ask the issuer", r.Status, names[r.Status])
}

// passing marks a trouble that may be over at the next try.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }

func isPassing(err error) bool {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused.Status == 2 || refused.Status == 3
	}
	_, ok := errors.AsType[passing](err)
	return ok
}
