package revocation

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// Contents of OBJECT IDENTIFIERs, compared as bytes: a CRL has hundreds of thousands.
const (
	oidOCSPBasic       = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01" // 1.3.6.1.5.5.7.48.1.1
	oidNonce           = "\x2b\x06\x01\x05\x05\x07\x30\x01\x02" // 1.3.6.1.5.5.7.48.1.2
	oidSHA1            = "\x2b\x0e\x03\x02\x1a"                 // 1.3.14.3.2.26
	oidSHA256          = "\x60\x86\x48\x01\x65\x03\x04\x02\x01" // 2.16.840.1.101.3.4.2.1
	oidCRLNumber       = "\x55\x1d\x14"                         // 2.5.29.20
	oidReasonCode      = "\x55\x1d\x15"                         // 2.5.29.21
	oidInvalidityDate  = "\x55\x1d\x18"                         // 2.5.29.24
	oidDeltaIndicator  = "\x55\x1d\x1b"                         // 2.5.29.27
	oidDistribution    = "\x55\x1d\x1c"                         // 2.5.29.28 issuingDistributionPoint
	oidCertificateFrom = "\x55\x1d\x1d"                         // 2.5.29.29 certificateIssuer
	oidAuthorityKey    = "\x55\x1d\x23"                         // 2.5.29.35
)

const maxExtensions = 32

// explicit is the tag [n] around a value, as EXPLICIT gives it.
func explicit(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }

// algorithms are the signatures that are verified. What is not here (SHA-1, MD5, DSA, PSS) is refused.
var algorithms = map[string]x509.SignatureAlgorithm{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b": x509.SHA256WithRSA,
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c": x509.SHA384WithRSA,
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d": x509.SHA512WithRSA,
	"\x2a\x86\x48\xce\x3d\x04\x03\x02":     x509.ECDSAWithSHA256,
	"\x2a\x86\x48\xce\x3d\x04\x03\x03":     x509.ECDSAWithSHA384,
	"\x2a\x86\x48\xce\x3d\x04\x03\x04":     x509.ECDSAWithSHA512,
	"\x2b\x65\x70":                         x509.PureEd25519,
}

// readAlgorithm gives the OID's content. Parameters are absent or NULL in all that we know.
func readAlgorithm(from *cryptobyte.String) (oid string, ok bool) {
	var sequence, id cryptobyte.String
	if !from.ReadASN1(&sequence, der.SEQUENCE) || !sequence.ReadASN1(&id, der.OBJECT_IDENTIFIER) {
		return "", false
	}
	if !sequence.Empty() {
		var null cryptobyte.String
		if !sequence.ReadASN1(&null, der.NULL) || !null.Empty() || !sequence.Empty() {
			return "", false
		}
	}
	return string(id), true
}

func signatureAlgorithm(oid string) (x509.SignatureAlgorithm, error) {
	algorithm, ok := algorithms[oid]
	if !ok {
		return 0, fmt.Errorf("%w: its signature algorithm (OID content %x) is unknown or too weak", ErrSigner, oid)
	}
	return algorithm, nil
}

var errExtensions = errors.New("extensions not in the form of RFC 5280 section 4.1")

// visitor takes an extension: its OID's content, whether it is critical, its value.
type visitor func(id []byte, critical bool, value cryptobyte.String) error

// readExtensions visits a SEQUENCE OF Extension; one that comes twice is refused. It allocates nothing: most entries of a
// CRL have extensions.
func readExtensions(list cryptobyte.String, visit visitor) error {
	var seen [maxExtensions][]byte
	for n := 0; !list.Empty(); n++ {
		var extension, id, value cryptobyte.String
		critical := false
		if n == maxExtensions || !list.ReadASN1(&extension, der.SEQUENCE) || !extension.ReadASN1(&id, der.OBJECT_IDENTIFIER) ||
			(extension.PeekASN1Tag(der.BOOLEAN) && !extension.ReadASN1Boolean(&critical)) ||
			!extension.ReadASN1(&value, der.OCTET_STRING) || !extension.Empty() ||
			slices.ContainsFunc(seen[:n], func(other []byte) bool { return bytes.Equal(other, id) }) {
			return fmt.Errorf("%w: %w", ErrMalformed, errExtensions)
		}
		seen[n] = id
		if err := visit(id, critical, value); err != nil {
			return err
		}
	}
	return nil
}

// readTime takes a GeneralizedTime or a UTCTime, in UTC to the second as RFC 5280 demands.
func readTime(from *cryptobyte.String, to *time.Time) bool {
	if from.PeekASN1Tag(der.UTCTime) {
		return from.ReadASN1UTCTime(to)
	}
	return from.ReadASN1GeneralizedTime(to)
}

// serialSize is RFC 5280's 20 octets (section 4.1.2.2) with one for the sign.
const serialSize = 21

// serial is a serial number, sign-extended: as a key it needs no allocation.
type serial [serialSize]byte

// serialOf takes the content of a DER INTEGER.
func serialOf(content []byte) (serial, bool) {
	var s serial
	if len(content) == 0 || len(content) > serialSize {
		return s, false
	}
	if content[0]&0x80 != 0 {
		for i := range s {
			s[i] = 0xff
		}
	}
	copy(s[serialSize-len(content):], content)
	return s, true
}

func serialOfNumber(number *big.Int) (serial, bool) {
	var b cryptobyte.Builder
	b.AddASN1BigInt(number)
	encoded, err := b.Bytes()
	var content cryptobyte.String
	if input := cryptobyte.String(encoded); err != nil || !input.ReadASN1(&content, der.INTEGER) {
		return serial{}, false
	}
	return serialOf(content)
}

// keyBits is the BIT STRING in a certificate's SubjectPublicKeyInfo, which OCSP hashes (RFC 6960 section 4.1.1).
func keyBits(cert *x509.Certificate) ([]byte, bool) {
	input := cryptobyte.String(cert.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var bits []byte
	ok := input.ReadASN1(&info, der.SEQUENCE) && info.SkipASN1(der.SEQUENCE) && info.ReadASN1BitStringAsBytes(&bits)
	return bits, ok
}
