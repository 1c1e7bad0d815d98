package verify

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

var oidDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}

const (
	maxAttributesDER = 4 << 10
	maxAttributes    = 32
	maxValue         = 64 // characters of a string value
)

var errAttributes = errors.New("subjectDirectoryAttributes not in the form of RFC 5280 section 4.2.1.8")

// attributes are what the CA wrote about the holder; empty where the certificate is silent.
type attributes struct {
	subjectType string // OID
	idTail      string
	businessID  string
	agencyOID   string
}

// attributesOf reads the extension: SEQUENCE OF { type OID, values SET OF ANY }. Attributes of other types are skipped;
// one of ours that is malformed, empty, repeated or has several values is an error, since which value counts would be
// the attacker's choice.
func attributesOf(cert *x509.Certificate, oids AttributeOIDs) (attributes, error) {
	for _, extension := range cert.Extensions {
		if extension.Id.Equal(oidDirectoryAttributes) {
			return parseAttributes(extension.Value, oids)
		}
	}
	return attributes{}, nil
}

func parseAttributes(extension []byte, oids AttributeOIDs) (attributes, error) {
	var found attributes
	input := cryptobyte.String(extension)
	var list cryptobyte.String
	if len(extension) > maxAttributesDER || !input.ReadASN1(&list, der.SEQUENCE) || !input.Empty() || list.Empty() {
		return attributes{}, errAttributes
	}
	for n := 0; !list.Empty(); n++ {
		var attribute, values cryptobyte.String
		var kind asn1.ObjectIdentifier
		if n == maxAttributes || !list.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&kind) ||
			!attribute.ReadASN1(&values, der.SET) || !attribute.Empty() {
			return attributes{}, errAttributes
		}
		if err := found.take(oids, kind.String(), values); err != nil {
			return attributes{}, fmt.Errorf("%w: attribute %s", err, kind)
		}
	}
	return found, nil
}

func (a *attributes) take(oids AttributeOIDs, kind string, values cryptobyte.String) error {
	var to *string
	var read func(cryptobyte.String) (string, bool)
	switch kind {
	case oids.SubjectType:
		to, read = &a.subjectType, readOID
	case oids.AgencyOID:
		to, read = &a.agencyOID, readOID
	case oids.IDTail:
		to, read = &a.idTail, readString
	case oids.BusinessID:
		to, read = &a.businessID, readString
	default:
		return nil
	}
	value, ok := read(values)
	if !ok || *to != "" {
		return errAttributes
	}
	*to = value
	return nil
}

// readOID takes one OBJECT IDENTIFIER, or one string that spells an OID: both are on cards.
func readOID(values cryptobyte.String) (string, bool) {
	if values.PeekASN1Tag(der.OBJECT_IDENTIFIER) {
		var oid asn1.ObjectIdentifier
		ok := values.ReadASN1ObjectIdentifier(&oid) && values.Empty()
		return oid.String(), ok
	}
	text, ok := readString(values)
	if !ok {
		return "", false
	}
	_, err := parseOID(text)
	return text, err == nil
}

// readString takes one UTF8String, PrintableString, IA5String or NumericString of printable ASCII: all the values that we
// use are numbers or Latin letters, so anything else is an error or an attack on whoever shows it.
func readString(values cryptobyte.String) (string, bool) {
	var body cryptobyte.String
	var tag der.Tag
	if !values.ReadAnyASN1(&body, &tag) || !values.Empty() || body.Empty() || utf8.RuneCount(body) > maxValue {
		return "", false
	}
	switch tag {
	case der.UTF8String, der.PrintableString, der.IA5String, der.Tag(18):
	default:
		return "", false
	}
	for _, c := range body {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	return string(body), true
}
