package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
)

// Verify opens a signature, wants each signed attribute that Prepare writes, and checks them, the signature and the content.
// doc is the content, or its digest, of a detached signature; of an attached one it may be the zero Document, else it must be
// the same. Errors: ErrEncoding, ErrUnsupported, ErrAttributes, ErrSigner, ErrSignature, ErrDigest, ErrDocument.
//
// It is stricter than RFC 5652 where more than one encoding could mean the same: DER alone, one signer, known by issuer and
// serial number, no unsigned attributes, the same hash for content and attributes.
func Verify(der []byte, doc Document) (Signed, error) {
	m, err := open(der)
	if err != nil {
		return Signed{}, err
	}
	content := doc.Content
	if content == nil && doc.Digest == nil {
		if content = m.Content; content == nil {
			return Signed{}, ErrDocument
		}
	}
	digest := doc.Digest
	if digest == nil {
		h := m.Hash.New()
		h.Write(content)
		digest = h.Sum(nil)
	}
	if subtle.ConstantTimeCompare(digest, m.Digest) != 1 || (m.Content != nil && content != nil && !bytes.Equal(content, m.Content)) {
		return Signed{}, ErrDigest
	}
	return m.Signed, nil
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
	if m.Content != nil {
		h := m.Hash.New()
		h.Write(m.Content)
		if !bytes.Equal(h.Sum(nil), m.Digest) {
			return nil, ErrDigest
		}
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
