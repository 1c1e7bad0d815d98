package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
)

const maxName = 200

// Identity is who logged in, from the verified certificate alone. Every text is the certificate's: escape it where it is
// shown.
type Identity struct {
	Kind Kind
	// CardKind and IssuerFamily come from the Table's row for the issuing CA; IssuerFamily is empty for CardOther.
	CardKind     CardKind
	IssuerFamily string
	// Name is the holder's: a person's CN; for others the innermost OU, else O, else CN. At most 200 characters, free of
	// control and direction-changing ones.
	Name string
	// SubjectSerial is the subject's serialNumber attribute. With IssuerFamily it is the key of an account: it outlives the
	// certificate, whose own serial number changes with each card.
	SubjectSerial string
	// IDTail is the last four characters of the holder's ID number (citizen cards): a cross-check, never an identity.
	IDTail string
	// BusinessID is the 統一編號 (business cards).
	BusinessID string
	// AgencyOID is the agency's or organisation's own OID in dotted form (agency and organisation cards).
	AgencyOID string
	// Issuer is the issuing CA's name for people: its OU, else CN, else O.
	Issuer    string
	NotBefore time.Time
	NotAfter  time.Time
	// Thumbprint is the SHA-256 of the certificate, 64 lower-case hex digits.
	Thumbprint string
	// RevocationChecked says that the issuer was asked and answered "good"; false where no Revocation is configured.
	RevocationChecked bool
	Certificate       *x509.Certificate
}

// Describe reads an identity from a certificate that nobody vouches for: to show it, never to admit it. What it cannot read
// stays empty.
func Describe(cert *x509.Certificate, table Table) Identity {
	attributes, err := attributesOf(cert, table.Attributes)
	identity := identityOf(cert, table, attributes)
	if err != nil {
		identity.Kind = KindUnknown
	}
	return identity
}

func identityOf(cert *x509.Certificate, table Table, attributes attributes) Identity {
	issuer := table.issuerOf(cert.Issuer)
	kind, known := table.SubjectTypes[attributes.subjectType]
	if !known {
		kind = kindOf(issuer.CardKind)
	}
	return Identity{
		Kind:          kind,
		CardKind:      issuer.CardKind,
		IssuerFamily:  issuer.Family,
		Name:          holderName(kind, cert.Subject),
		SubjectSerial: clean(cert.Subject.SerialNumber),
		IDTail:        attributes.idTail,
		BusinessID:    attributes.businessID,
		AgencyOID:     attributes.agencyOID,
		Issuer:        clean(first(last(cert.Issuer.OrganizationalUnit), cert.Issuer.CommonName, last(cert.Issuer.Organization))),
		NotBefore:     cert.NotBefore,
		NotAfter:      cert.NotAfter,
		Thumbprint:    Thumbprint(cert),
		Certificate:   cert,
	}
}

// kindOf is for certificates without a subject type.
func kindOf(card CardKind) Kind {
	switch card {
	case CardCitizen:
		return KindPerson
	case CardAgency:
		return KindAgency
	default:
		return KindUnknown
	}
}

// Thumbprint is the SHA-256 of the certificate, 64 lower-case hex digits.
func Thumbprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

func holderName(kind Kind, subject pkix.Name) string {
	if kind == KindPerson {
		return clean(subject.CommonName)
	}
	return clean(first(last(subject.OrganizationalUnit), last(subject.Organization), subject.CommonName))
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func last(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[len(texts)-1]
}

// clean drops control and format characters (Unicode Cc, Cf): a right-to-left override in a name would turn round what
// stands beside it. Escaping for HTML stays the template's work.
func clean(name string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(kept); len(runes) > maxName {
		kept = string(runes[:maxName]) + "…"
	}
	return strings.TrimSpace(kept)
}
