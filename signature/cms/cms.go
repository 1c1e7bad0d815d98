// Package cms is a signature over a document that also says who asked for it: CMS SignedData (RFC 5652).
//
// Taiwan's cards have one key for logins and for signatures, so what is signed here can be no login: a signature covers the
// signed attributes (section 5.4), among them the origin of the page that asked, never bytes of the page's own choosing.
package cms

import (
	"crypto"
	"crypto/x509"
	"errors"
	"time"
)

// Document is what a page wants signed.
type Document struct {
	// Content is the document itself; nil where only its digest is known. What is attached is at most MaxContent bytes.
	Content []byte
	// Digest is the content's under the hash of the signature's algorithm; nil: made from Content.
	Digest []byte
	// Attached puts Content into the result.
	Attached bool
}

// Facts are what the signed attributes say beside the content's digest.
type Facts struct {
	Origin     string    // of the page that asked (RFC 6454, section 6.2)
	Time       time.Time // signingTime (RFC 5652, section 11.3), whole seconds
	Nonce      []byte    // pkcs-9-at-randomNonce (RFC 2985, section 5.3.4); nil: none
	CardNumber string    // Taiwan's attribute 2.16.886.1.100.2.204; "": none
}

// Signed is what a verified signature says. The certificate's issuer is not checked here.
type Signed struct {
	Facts
	Certificate  *x509.Certificate
	Intermediate []*x509.Certificate // what else was sent along
	Hash         crypto.Hash
	Digest       []byte // of the content
	Content      []byte // nil where the signature is detached
}

// Limits of what is built and of what is read.
const (
	MaxContent      = 512 << 10 // bytes, attached
	MaxSignature    = MaxContent + 128<<10
	MaxNonce        = 64
	MaxCardNumber   = 64
	maxOrigin       = 300
	maxCertificates = 8
)

// What can be wrong with a document, or with a signature. Their texts hold none of its bytes.
var (
	ErrDocument    = errors.New("cms: the document is neither a content of at most 512 KiB nor a digest of the algorithm's length")
	ErrFacts       = errors.New("cms: the origin, time, nonce or card number cannot stand in a signature")
	ErrEncoding    = errors.New("cms: not the DER of a CMS SignedData with one signer")
	ErrUnsupported = errors.New("cms: an algorithm, version or type that is not supported")
	ErrAttributes  = errors.New("cms: a signed attribute is missing, stands twice or is malformed")
	ErrSigner      = errors.New("cms: the signer's certificate is missing or is not the one that was signed for")
	ErrDigest      = errors.New("cms: the content is not the one that was signed")
	ErrSignature   = errors.New("cms: the signature does not verify")
)
