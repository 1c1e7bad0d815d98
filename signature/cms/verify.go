package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
)

// Verify opens a signature, wants each signed attribute that Prepare writes, and checks them, the signature and the content.
// doc is the content, or its digest, or both: what was signed must be just that, also where the signature holds a content. An
// empty content is an empty slice that is not nil; the zero Document is no content: ErrDocument, lest one that was not found
// lets anything pass. Errors: ErrEncoding, ErrUnsupported, ErrAttributes, ErrSigner, ErrSignature, ErrDigest, ErrDocument.
//
// It is stricter than RFC 5652 where more than one encoding could mean the same: DER alone, one signer, known by issuer and
// serial number, no unsigned attributes, the same hash for content and attributes.
func Verify(der []byte, doc Document) (Signed, error) {
	m, err := open(der)
	if err != nil {
		return Signed{}, err
	}
	if doc.Content == nil && doc.Digest == nil {
		return Signed{}, ErrDocument
	}
	if doc.Digest != nil && subtle.ConstantTimeCompare(doc.Digest, m.Digest) != 1 {
		return Signed{}, ErrDigest
	}
	if doc.Content != nil && !m.isOver(doc.Content) {
		return Signed{}, ErrDigest
	}
	return m.Signed, nil
}

// VerifyAttached does what Verify does for a signature that holds its content, whatever that is: the caller has not seen it
// before. One that holds none is ErrDocument.
func VerifyAttached(der []byte) (Signed, error) {
	m, err := open(der)
	if err != nil {
		return Signed{}, err
	}
	if m.Content == nil {
		return Signed{}, ErrDocument
	}
	return m.Signed, nil
}

func (m *message) isOver(content []byte) bool {
	h := m.Hash.New()
	h.Write(content)
	return subtle.ConstantTimeCompare(h.Sum(nil), m.Digest) == 1
}

// message is a signature in parts.
type message struct {
	Signed
	family       family
	certificates []*x509.Certificate
	rawIssuer    []byte
	serial       []byte // DER of the INTEGER
	attributes   []byte // DER of the SET OF
	certHash     []byte // SHA-256, from signingCertificateV2
	signature    []byte
}

// open does all of Verify but for a content that is elsewhere.
func open(der []byte) (*message, error) {
	m, err := parse(der)
	if err != nil {
		return nil, err
	}
	if err := m.findSigner(); err != nil {
		return nil, err
	}
	if m.Content != nil && !m.isOver(m.Content) {
		return nil, ErrDigest
	}
	h := m.Hash.New()
	h.Write(m.attributes)
	if err := verify(m.Certificate.PublicKey, m.family, m.Hash, h.Sum(nil), m.signature); err != nil {
		return nil, err
	}
	return m, nil
}

// findSigner wants the certificate that the signer named by issuer and number, whose hash was signed for as well.
func (m *message) findSigner() error {
	for _, c := range m.certificates {
		if m.Certificate == nil && bytes.Equal(c.RawIssuer, m.rawIssuer) && bytes.Equal(serialDER(c), m.serial) {
			m.Certificate = c
		} else {
			m.Intermediate = append(m.Intermediate, c)
		}
	}
	if m.Certificate == nil || subtle.ConstantTimeCompare(thumbprint(m.Certificate), m.certHash) != 1 {
		return ErrSigner
	}
	return nil
}

func thumbprint(cert *x509.Certificate) []byte {
	sum := sha256.Sum256(cert.Raw)
	return sum[:]
}
