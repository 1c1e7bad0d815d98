package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// Object identifiers of Taiwan's government certificates, under 2.16.886.1.100.
var (
	oidSubjectDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	oidSubjectType                = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 1}
	oidCardRank                   = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 2}
	oidIDTail                     = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 51}
	oidBusinessID                 = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 101}
	oidOrganisation               = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 102}
	oidNaturalPerson              = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 1, 1}
	oidAgency                     = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 2, 1, 1}
	oidCompany                    = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 2, 2, 1, 1}
)

// Certificate policies.
var (
	anyPolicy   = []uint64{2, 5, 29, 32, 0}
	classThree  = []uint64{2, 16, 886, 101, 0, 3, 3}
	classOfTest = []uint64{2, 16, 886, 101, 0, 3, 0}
)

// Person is the holder of a natural person's certificate.
type Person struct {
	Name         string // 王小明
	SerialNumber string // 16 digits that the authority gave; "" leaves the field out
	IDTail       string // the last four characters of the ID number; "" leaves the attribute out
}

// Office is the holder of an agency's or an organisation's certificate.
type Office struct {
	Name string // 範例機關
	Unit string // "" for the office itself
	// OID is the office's number, such as 2.16.886.101.20003.29999.
	OID asn1.ObjectIdentifier
	// OIDAsString writes it as a string: both forms are met.
	OIDAsString bool
}

// Company is the holder of a business certificate.
type Company struct {
	Name       string // 範例股份有限公司
	BusinessID string // eight digits
}

// Validity chooses a certificate's dates.
type Validity int

// The dates, as seen from now.
const (
	Valid   Validity = iota // a year ago to four years ahead
	Expired                 // six years ago to yesterday
	NotYet                  // from the day after tomorrow
)

// Variant is how a certificate differs from an ordinary signature certificate; its zero value does not.
type Variant struct {
	Issuer     Authority // "" is the holder's usual authority
	Encryption bool      // keyEncipherment and dataEncipherment, for decrypting
	// KeyUsage replaces digitalSignature, or what Encryption says.
	KeyUsage x509.KeyUsage
	// ExtKeyUsage is absent by default, as on the real cards.
	ExtKeyUsage []x509.ExtKeyUsage
	Validity    Validity
	Revoked     bool
}

// Citizen certifies a natural person's key.
func (p *PKI) Citizen(h Person, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	name := pkix.Name{Country: []string{"TW"}, CommonName: h.Name, SerialNumber: h.SerialNumber}
	directory := []attribute{{oidSubjectType, oidNaturalPerson}, {oidCardRank, printable("primary")}}
	if h.IDTail != "" {
		directory = append(directory, attribute{oidIDTail, printable(h.IDTail)})
	}
	return p.issue(Citizen, name, directory, public, v)
}

// Agency certifies an agency's key.
func (p *PKI) Agency(h Office, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	return p.issueOffice(Agency, h, public, v)
}

// Organisation certifies the key of a school, an association or the like.
func (p *PKI) Organisation(h Office, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	return p.issueOffice(Organisation, h, public, v)
}

// Business certifies a company's key.
func (p *PKI) Business(h Company, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	name := pkix.Name{Country: []string{"TW"}, Organization: []string{h.Name}}
	return p.issue(Business, name, []attribute{{oidSubjectType, oidCompany}, {oidBusinessID, printable(h.BusinessID)}}, public, v)
}

func (p *PKI) issueOffice(usual Authority, h Office, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	name := pkix.Name{Country: []string{"TW"}, Organization: []string{h.Name}}
	if h.Unit != "" {
		name.OrganizationalUnit = []string{h.Unit}
	}
	var number any = h.OID
	if h.OIDAsString {
		number = printable(h.OID.String())
	}
	return p.issue(usual, name, []attribute{{oidSubjectType, oidAgency}, {oidOrganisation, number}}, public, v)
}

func (p *PKI) issue(usual Authority, subject pkix.Name, directory []attribute, public crypto.PublicKey, v Variant) (*x509.Certificate, error) {
	if v.Issuer == "" {
		v.Issuer = usual
	}
	a, ok := p.authorities[v.Issuer]
	if !ok {
		return nil, fmt.Errorf("pki: there is no authority %q; take one of %v", v.Issuer, Authorities)
	}
	extension, err := subjectDirectory(directory)
	if err != nil {
		return nil, fmt.Errorf("pki: encode the subject directory attributes: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serialNumber(), Subject: subject,
		KeyUsage: keyUsage(v), ExtKeyUsage: v.ExtKeyUsage,
		Policies:           policies(classThree),
		ExtraExtensions:    []pkix.Extension{extension},
		SignatureAlgorithm: signatureAlgorithm(a.key),
	}
	if v.Issuer == Test {
		t.Policies = policies(classOfTest)
	}
	t.NotBefore, t.NotAfter = dates(v.Validity)
	p.locate(t, v.Issuer)
	c, err := create(t, a.certificate, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("pki: issue a certificate for %s: %w", subject, err)
	}
	p.mu.Lock()
	p.issued[key(a.name, c.SerialNumber)] = c
	p.mu.Unlock()
	if v.Revoked {
		return c, p.Revoke(c)
	}
	return c, nil
}

func keyUsage(v Variant) x509.KeyUsage {
	switch {
	case v.KeyUsage != 0:
		return v.KeyUsage
	case v.Encryption:
		return x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	}
	return x509.KeyUsageDigitalSignature
}

func dates(v Validity) (notBefore, notAfter time.Time) {
	now := time.Now()
	switch v {
	case Expired:
		return now.AddDate(-6, 0, 0), now.AddDate(0, 0, -1)
	case NotYet:
		return now.AddDate(0, 0, 2), now.AddDate(5, 0, 0)
	}
	return now.AddDate(-1, 0, 0), now.AddDate(4, 0, 0)
}

func policies(ids ...[]uint64) []x509.OID {
	var out []x509.OID
	for _, id := range ids {
		o, err := x509.OIDFromInts(id)
		if err != nil {
			panic(err) // the identifiers above are constants
		}
		out = append(out, o)
	}
	return out
}

// attribute is one of RFC 5280's subject directory attributes with a single value.
type attribute struct {
	id    asn1.ObjectIdentifier
	value any
}

func printable(s string) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte(s)}
}

// subjectDirectory encodes the extension of RFC 5280, 4.2.1.8.
func subjectDirectory(attributes []attribute) (pkix.Extension, error) {
	type encoded struct {
		ID     asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	var all []encoded
	for _, a := range attributes {
		der, err := asn1.Marshal(a.value)
		if err != nil {
			return pkix.Extension{}, err
		}
		all = append(all, encoded{a.id, []asn1.RawValue{{FullBytes: der}}})
	}
	der, err := asn1.Marshal(all)
	return pkix.Extension{Id: oidSubjectDirectoryAttributes, Value: der}, err
}
