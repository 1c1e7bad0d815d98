package verify

import "crypto/x509"

// Reason says why a login or a document was refused, in one word that a portal can translate. Each is an error of its own for errors.Is.
type Reason string

// Error implements error.
func (r Reason) Error() string { return reasonTexts[r] }

// Reasons of *Invalid: the token is bad, and asking again with the same card changes nothing (but for a new login after
// ErrSignature). Those of certificates are documents' as well.
const (
	ErrToken         Reason = "token"         // not a token that this package reads
	ErrSignature     Reason = "signature"     // does not match origin, nonce, certificate
	ErrCertificate   Reason = "certificate"   // the certificate is malformed, or of a shape that RFC 5280 forbids
	ErrTestCard      Reason = "testCard"      // issued by a test CA, or under a test policy
	ErrUntrusted     Reason = "untrusted"     // no chain to a configured root
	ErrExpired       Reason = "expired"       // its notAfter has passed
	ErrNotYetValid   Reason = "notYetValid"   // its notBefore is to come
	ErrIssuerExpired Reason = "issuerExpired" // it is valid, but a CA above it is not any more, or not yet
	ErrCA            Reason = "ca"            // it is a CA's certificate
	ErrKeyUsage      Reason = "keyUsage"      // keyUsage lacks digitalSignature
	ErrExtKeyUsage   Reason = "extKeyUsage"   // extKeyUsage is there, without clientAuth
	ErrPolicy        Reason = "policy"        // none of the demanded certificate policies
	ErrRevoked       Reason = "revoked"       // its issuer has revoked it
	ErrIssuerRevoked Reason = "issuerRevoked" // it is not, but a CA above it is revoked
)

// Reasons of *Invalid for documents.
const (
	ErrDocument    Reason = "document"    // not a signature that this package reads
	ErrContent     Reason = "content"     // signed was another content, or there is none to compare with
	ErrOrigin      Reason = "origin"      // signed for another portal
	ErrSigningTime Reason = "signingTime" // signed too long ago, or too far in the future
	ErrNonce       Reason = "nonce"       // signed for another request
	ErrHolder      Reason = "holder"      // signed by somebody else than demanded
)

// Reasons of *Unchecked: nothing is known against the token, and the same card may log in later.
const (
	ErrCancelled  Reason = "cancelled"  // the caller gave up
	ErrRevocation Reason = "revocation" // its issuer's word on revocation could not be had
)

var reasonTexts = map[Reason]string{
	ErrToken:         "the token cannot be read; log in again with a current SDK",
	ErrSignature:     "the signature does not belong to this certificate, or to what was to be signed; begin again from the portal's page",
	ErrCertificate:   "the certificate is malformed; ask its issuer",
	ErrTestCard:      "a test certificate stands for nobody; use the real card",
	ErrUntrusted:     "the certificate's issuer is not trusted; use another card, or add the issuer to the portal's trust folder",
	ErrExpired:       "the certificate has expired; renew it at its issuer",
	ErrNotYetValid:   "the certificate is not valid yet; wait for its first day, or set the portal's clock",
	ErrIssuerExpired: "the certificate of its issuer is outside its validity; add the issuer's current one to the portal's trust folder",
	ErrCA:            "this is a certification authority's certificate; use the holder's own",
	ErrKeyUsage:      "the certificate is not meant for signatures; choose the signature certificate of the card",
	ErrExtKeyUsage:   "the certificate is not meant for this; choose one for client authentication",
	ErrPolicy:        "the certificate's policy is not accepted by this portal; use a card of the demanded assurance level",
	ErrRevoked:       "the certificate has been revoked; ask its issuer for a new card",
	ErrIssuerRevoked: "the certificate of its issuer has been revoked; ask the issuer for a new card",
	ErrDocument:      "the signature cannot be read; sign again with a current SDK",
	ErrContent:       "the content is missing or is not the one that was signed; sign the present one",
	ErrOrigin:        "the document was signed at another web site; sign it at this one",
	ErrSigningTime:   "the document was signed too long ago or too far in the future; set the computer's clock and sign again",
	ErrNonce:         "the signature belongs to another request; sign again",
	ErrHolder:        "the document was signed with somebody else's card; sign with the card that is logged in",
	ErrCancelled:     "the check was abandoned; try again",
	ErrRevocation:    "whether the certificate is revoked could not be checked; try again later",
}

// Invalid is a refusal for good: what was presented is not a valid proof. errors.Is finds Reason and what Err wraps.
type Invalid struct {
	Reason Reason
	// Err says more, in English for logs; nil when Reason says it all. It may quote the certificate.
	Err error
	// Certificate is set once the signature has been verified: the presenter holds its key, though nobody vouches for what it
	// says. A portal may show it to the presenter, as text.
	Certificate *x509.Certificate
}

// Error implements error.
func (e *Invalid) Error() string { return text("refused: ", e.Reason, e.Err) }

// Unwrap gives Reason and Err.
func (e *Invalid) Unwrap() []error { return both(e.Reason, e.Err) }

// Unchecked is a refusal for now: a check could not be made, so the login, or the document, must not go on.
type Unchecked struct {
	Reason      Reason
	Err         error
	Certificate *x509.Certificate
}

// Error implements error.
func (e *Unchecked) Error() string { return text("not checked: ", e.Reason, e.Err) }

// Unwrap gives Reason and Err.
func (e *Unchecked) Unwrap() []error { return both(e.Reason, e.Err) }

func text(what string, reason Reason, err error) string {
	if err == nil {
		return what + reason.Error()
	}
	return what + reason.Error() + " (" + err.Error() + ")"
}

func both(reason Reason, err error) []error {
	if err == nil {
		return []error{reason}
	}
	return []error{reason, err}
}
