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
	person       holder
	office       pki.Office
	company      pki.Company
	organisation bool
	variant      pki.Variant
	slots        []byte         // of signature certificates; nil is 9A, empty is none
	curve        elliptic.Curve // nil is RSA-2048
	pin          string
	locked       bool // no PIN try left when it is made
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

// holder is a person with the whole ID number, of which a certificate shows the last four characters only.
type holder struct {
	pki.Person
	idNumber string
}

func person(name, serialNumber, idNumber string) holder {
	return holder{pki.Person{Name: name, SerialNumber: serialNumber, IDTail: idNumber[len(idNumber)-4:]}, idNumber}
}

// without takes a field out of a certificate that has it on every real card.
func (h holder) without(tail, serialNumber bool) holder {
	if tail {
		h.IDTail = ""
	}
	if serialNumber {
		h.SerialNumber = ""
	}
	return h
}

// The holders: placeholders, nobody's data. ID numbers are made up with a right check digit; what a personnel file says of
// them stands in tests/people.
var (
	wang      = person("王小明", "0000000000000001", "A123456789")
	wangAgain = person("王小明", "0000000000000011", "A123456789") // the card was issued anew: another number
	chen      = person("陳大文", "0000000000000002", "B100144321")
	namesake  = person("陳大文", "0000000000000003", "C123456781")
	lin       = person("林小美", "0000000000000004", "F223456786")
	huang     = person("黃大華", "0000000000000005", "E123456783")
	wu        = person("吳小英", "0000000000000006", "D223456784")
	liu       = person("劉大同", "0000000000000007", "G123456785")
	zhao      = person("趙小安", "0000000000000008", "H223456788")
	xu        = person("許小芳", "0000000000000009", "T223456787")
	zheng     = person("鄭大中", "0000000000000010", "Q123456782")

	agency  = pki.Office{Name: "範例機關", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29999}}
	unit    = pki.Office{Name: "範例機關", Unit: "範例單位", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29999, 1}, OIDAsString: true}
	newborn = pki.Office{Name: "範例新設機關", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 29998}}
	school  = pki.Office{Name: "範例學校", OID: asn1.ObjectIdentifier{2, 16, 886, 101, 90001, 29999}}
	company = pki.Company{Name: "範例股份有限公司", BusinessID: "00000000"}
)

// table is the whole deck. Cards of one person share the person, as a renewed card does.
var table = map[string]recipe{
	"citizen":      {person: wang},
	"citizen2":     {person: chen},
	"citizen-p256": {person: wang, curve: elliptic.P256()}, // a renewed card: new key and certificate, same subject
	"citizen-p384": {person: wang, curve: elliptic.P384()},
	"citizen-two":  {person: wang, slots: []byte{piv.Slot9A, piv.Slot9C}},
	"citizen-old":  {person: wang, variant: pki.Variant{Issuer: pki.CitizenOld}},
	"always":       {person: wang, slots: []byte{piv.Slot9C}},
	"letters":      {person: wang, pin: PINLetters},
	"yubikey":      {person: wang, yubiKey: true},
	"locked":       {person: wang, locked: true},

	"reissued":   {person: wangAgain},
	"namesake":   {person: namesake},
	"newcomer":   {person: lin},
	"noaccount":  {person: huang},
	"left":       {person: wu},
	"left-bound": {person: liu},
	"outsider":   {person: zhao},
	"notail":     {person: xu.without(true, false)},
	"noserial":   {person: zheng.without(false, true)},

	"agency":         {office: agency},
	"agency-unit":    {office: unit},
	"agency-unknown": {office: newborn},
	"organisation":   {office: school, organisation: true},
	"business":       {company: company},

	"test":        {person: wang, variant: pki.Variant{Issuer: pki.Test}},
	"test-agency": {office: agency, variant: pki.Variant{Issuer: pki.Test}},
	"untrusted":   {person: wang, rogue: true},

	"expired": {person: wang, variant: pki.Variant{Validity: pki.Expired}},
	"notyet":  {person: wang, variant: pki.Variant{Validity: pki.NotYet}},
	"revoked": {person: wang, variant: pki.Variant{Revoked: true}},

	"emailonly":  {person: wang, variant: pki.Variant{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}},
	"clientauth": {person: wang, variant: pki.Variant{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}},
	"wrongusage": {person: wang, variant: pki.Variant{KeyUsage: x509.KeyUsageKeyEncipherment}},
	"encryption": {person: wang, slots: []byte{}},

	"dumb": {dumb: true},
}
