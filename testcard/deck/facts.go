package deck

import (
	"encoding/asn1"
	"fmt"
)

// Kind is what sort of card it is, whoever issued it.
type Kind string

// The kinds.
const (
	Citizen      Kind = "citizen"
	Agency       Kind = "agency"
	Organisation Kind = "organisation"
	Business     Kind = "business"
	Unknown      Kind = "unknown" // no module reads it
)

// Facts are what is known of a card and its holder before it is made. What does not apply is empty.
type Facts struct {
	Name   string
	Kind   Kind
	Holder string // the person, or the office
	Unit   string // of the office
	// SerialNumber is the subject's: 16 digits.
	SerialNumber string
	// IDNumber is the person's, made up with a right check digit. IDTail is its last four characters as the certificate shows them.
	IDNumber, IDTail string
	OID              asn1.ObjectIdentifier // the office's number
	BusinessID       string                // the company's number
	PIN              string
	Locked           bool // no PIN try left when it is made; Renew gives it three
}

// Describe gives the facts without making the card, at once. The error is ErrName.
func Describe(name string) (Facts, error) {
	r, ok := table[name]
	if !ok {
		return Facts{}, fmt.Errorf("%w: %q", ErrName, name)
	}
	return r.facts(name), nil
}

func (r recipe) facts(name string) Facts {
	f := Facts{Name: name, PIN: PIN, Locked: r.locked}
	if r.pin != "" {
		f.PIN = r.pin
	}
	switch {
	case r.dumb:
		f.Kind = Unknown
	case r.company.Name != "":
		f.Kind, f.Holder, f.BusinessID = Business, r.company.Name, r.company.BusinessID
	case r.office.Name != "":
		f.Kind, f.Holder, f.Unit, f.OID = Agency, r.office.Name, r.office.Unit, r.office.OID
		if r.organisation {
			f.Kind = Organisation
		}
	default:
		f.Kind, f.Holder, f.SerialNumber = Citizen, r.person.Name, r.person.SerialNumber
		f.IDNumber, f.IDTail = r.person.idNumber, r.person.IDTail
	}
	return f
}
