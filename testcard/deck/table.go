package deck

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"

	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// recipe says how a card differs from a citizen's with one RSA login certificate in slot 9A.
type recipe struct {
	person       pki.Person
	office       pki.Office
	organisation bool
	variant      pki.Variant
	slots        []byte         // of signature certificates; nil is 9A
	curve        elliptic.Curve // nil is RSA-2048
	pin          string
	rogue        bool // issued by authorities that only look like ours
	yubiKey      bool
	dumb         bool
}

func (r recipe) signatureSlots() []byte {
	if r.slots == nil {
		return []byte{piv.Slot9A}
	}
	return r.slots
}

// The holders: placeholders, nobody's data.
var (
	wang   = pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}
	chen   = pki.Person{Name: "陳大文", SerialNumber: "0000000000000002", IDTail: "4321"}
	agency = pki.Office{Name: "範例機關", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29999}}
	unit   = pki.Office{Name: "範例機關", Unit: "範例單位", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29999, 1}, OIDAsString: true}
	school = pki.Office{Name: "範例學校", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 90001, 29999}}
)

// table is the whole deck. Cards of one person share the person, as a renewed card does.
var table = map[string]recipe{
	"citizen":      {person: wang},
	"citizen2":     {person: chen},
	"citizen-p256": {person: wang, curve: elliptic.P256()},
	"citizen-p384": {person: wang, curve: elliptic.P384()},
	"citizen-two":  {person: wang, slots: []byte{piv.Slot9A, piv.Slot9C}},
	"citizen-old":  {person: wang, variant: pki.Variant{Issuer: pki.CitizenOld}},
	"always":       {person: wang, slots: []byte{piv.Slot9C}},
	"letters":      {person: wang, pin: PINLetters},
	"yubikey":      {person: wang, yubiKey: true},

	"agency":       {office: agency},
	"agency-unit":  {office: unit},
	"organisation": {office: school, organisation: true},

	"test":        {person: wang, variant: pki.Variant{Issuer: pki.Test}},
	"test-agency": {office: agency, variant: pki.Variant{Issuer: pki.Test}},
	"untrusted":   {person: wang, rogue: true},

	"expired": {person: wang, variant: pki.Variant{Validity: pki.Expired}},
	"notyet":  {person: wang, variant: pki.Variant{Validity: pki.NotYet}},
	"revoked": {person: wang, variant: pki.Variant{Revoked: true}},

	"emailonly":  {person: wang, variant: pki.Variant{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}},
	"clientauth": {person: wang, variant: pki.Variant{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}},
	"wrongusage": {person: wang, variant: pki.Variant{KeyUsage: x509.KeyUsageKeyEncipherment}},

	"dumb": {dumb: true},
}
