package pki

import "fmt"

// Mode is how OCSP or the CRLs answer.
type Mode string

// The modes. Good is the truth; each of the others is one way to go wrong. Those after Silent are
// about OCSP alone and count as Good for a CRL.
const (
	Good        Mode = "good"        // the truth: only revoked certificates are revoked
	Revoked     Mode = "revoked"     // every certificate of a holder is; the authorities stay
	Stale       Mode = "stale"       // true, but nextUpdate passed yesterday
	WrongSigner Mode = "wrongsigner" // signed by a stranger under the right name
	Broken      Mode = "error"       // HTTP 500
	Silent      Mode = "silent"      // the connection stays open without an answer

	Unknown      Mode = "unknown"      // certificate status "unknown"
	NotDelegated Mode = "notdelegated" // signed by a certificate of the issuer that may not sign OCSP
	WrongNonce   Mode = "wrongnonce"   // with another nonce than asked for
	TryLater     Mode = "trylater"     // response status tryLater, unsigned
)

// Modes lists all modes.
var Modes = []Mode{Good, Revoked, Stale, WrongSigner, Broken, Silent, Unknown, NotDelegated, WrongNonce, TryLater}

// SetOCSP changes how OCSP requests are answered from now on.
func (p *PKI) SetOCSP(m Mode) error { return p.set(&p.ocspMode, m) }

// SetCRL changes how CRLs are made from now on.
func (p *PKI) SetCRL(m Mode) error { return p.set(&p.crlMode, m) }

func (p *PKI) set(where *Mode, m Mode) error {
	for _, known := range Modes {
		if m == known {
			p.mu.Lock()
			defer p.mu.Unlock()
			*where = m
			return nil
		}
	}
	return fmt.Errorf("pki: there is no mode %q; take one of %v", m, Modes)
}

// State gives the two modes.
func (p *PKI) State() (ocsp, crl Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ocspMode, p.crlMode
}
