package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Unsigned is a signature but for its last step, which the card takes.
type Unsigned struct {
	cert         *x509.Certificate
	intermediate []*x509.Certificate
	family       family
	hash         crypto.Hash
	content      []byte // attached
	attributes   []byte // DER of the SET OF Attribute
}

// Prepare lays out the signed attributes for that certificate: contentType, messageDigest, signingTime,
// signingCertificateV2 (RFC 5035), the origin, where given nonce and card number. intermediate certificates are sent along.
// Errors: ErrDocument, ErrFacts, ErrUnsupported for a key or hash.
func Prepare(cert *x509.Certificate, intermediate []*x509.Certificate, scheme Scheme, doc Document, facts Facts) (*Unsigned, error) {
	family, err := scheme.familyFor(cert.PublicKey)
	if err != nil {
		return nil, err
	}
	digest, err := doc.digest(scheme.Hash)
	if err != nil {
		return nil, err
	}
	attributes, err := facts.attributes(cert, digest)
	if err != nil {
		return nil, err
	}
	u := &Unsigned{cert: cert, family: family, hash: scheme.Hash, attributes: attributes, intermediate: intermediate[:min(len(intermediate), maxCertificates-1)]}
	if doc.Attached {
		u.content = doc.Content
	}
	return u, nil
}

func (d Document) digest(hash crypto.Hash) ([]byte, error) {
	switch {
	case d.Content != nil && d.Digest == nil && len(d.Content) <= MaxContent:
		h := hash.New()
		h.Write(d.Content)
		return h.Sum(nil), nil
	case d.Content == nil && !d.Attached && len(d.Digest) == hash.Size():
		return d.Digest, nil
	}
	return nil, ErrDocument
}

// IsCardNumber says whether a token's serial number can stand in a signature: 1 to 64 printable ASCII characters, no space.
func IsCardNumber(serial string) bool {
	return serial != "" && len(serial) <= MaxCardNumber && isASCII(serial)
}

// Digest is what the card signs: the hash of the signed attributes as a SET OF (RFC 5652, section 5.4).
func (u *Unsigned) Digest() []byte {
	h := u.hash.New()
	h.Write(u.attributes)
	return h.Sum(nil)
}

func (f Facts) attributes(cert *x509.Certificate, digest []byte) ([]byte, error) {
	if f.Origin == "" || len(f.Origin) > maxOrigin || !isASCII(f.Origin) || f.Time.IsZero() || f.Time.Year() < 1950 || f.Time.Year() > 9999 ||
		len(f.Nonce) > MaxNonce || (f.CardNumber != "" && !IsCardNumber(f.CardNumber)) {
		return nil, ErrFacts
	}
	list := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { addOID(b, oidData) }),
		attribute(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) }),
		attribute(oidSigningTime, func(b *cryptobyte.Builder) { addTime(b, f) }),
		attribute(oidCertificateV2, func(b *cryptobyte.Builder) { addCertificateID(b, cert) }),
		attribute(oidOrigin, func(b *cryptobyte.Builder) { addString(b, cbasn1.UTF8String, f.Origin) }),
	}
	if len(f.Nonce) > 0 {
		list = append(list, attribute(oidNonce, func(b *cryptobyte.Builder) { b.AddASN1OctetString(f.Nonce) }))
	}
	if f.CardNumber != "" {
		list = append(list, attribute(oidCardNumber, func(b *cryptobyte.Builder) { addString(b, cbasn1.UTF8String, f.CardNumber) }))
	}
	return setOf(list)
}

// setOf is DER's order: that of the encodings (X.690, section 11.6).
func setOf(list [][]byte) ([]byte, error) {
	slices.SortFunc(list, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		for _, item := range list {
			b.AddBytes(item)
		}
	})
	return b.Bytes()
}

func attribute(name oid, value func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, name)
		b.AddASN1(cbasn1.SET, value)
	})
	return b.BytesOrPanic() // the builder fails only on lengths, which are bounded before
}

// addTime writes UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5652, section 11.3).
func addTime(b *cryptobyte.Builder, f Facts) {
	if t := f.Time.UTC(); t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}

// addCertificateID writes a SigningCertificateV2 with one ESSCertIDv2; SHA-256 is its default and so is left out.
func addCertificateID(b *cryptobyte.Builder, cert *x509.Certificate) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(thumbprint(cert)) })
		})
	})
}

func addString(b *cryptobyte.Builder, tag cbasn1.Tag, s string) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

// Finish puts the card's signature in and verifies the whole: a card's word is not taken for it. An ECDSA signature comes as
// DER, as crypto.Signer gives it. Errors: those of Verify.
func (u *Unsigned) Finish(signature []byte) ([]byte, error) {
	var certificates [][]byte
	for _, c := range append([]*x509.Certificate{u.cert}, u.intermediate...) {
		certificates = append(certificates, c.Raw)
	}
	slices.SortFunc(certificates, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ContentInfo
		addOID(b, oidSignedData)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // SignedData
				b.AddASN1Int64(1) // id-data, X.509 certificates, issuer and serial number (section 5.1)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addHash(b, u.hash) })
				b.AddASN1(cbasn1.SEQUENCE, u.addContent)
				b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(certificates, nil)) })
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { u.addSigner(b, signature) })
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, ErrDocument
	}
	if _, err := open(der); err != nil {
		return nil, err
	}
	return der, nil
}

func (u *Unsigned) addContent(b *cryptobyte.Builder) {
	addOID(b, oidData)
	if u.content != nil {
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(u.content) })
	}
}

func (u *Unsigned) addSigner(b *cryptobyte.Builder, signature []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // SignerInfo
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(u.cert.RawIssuer)
			b.AddASN1BigInt(u.cert.SerialNumber)
		})
		addHash(b, u.hash)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { // IMPLICIT: the SET's content under another tag
			set := cryptobyte.String(u.attributes)
			var body cryptobyte.String
			set.ReadASN1(&body, cbasn1.SET)
			b.AddBytes(body)
		})
		addSignatureAlgorithm(b, u.family, u.hash)
		b.AddASN1OctetString(signature)
	})
}

const explicit0 = cbasn1.Tag(0xa0)
