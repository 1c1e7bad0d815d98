// Package policy decides which portal may ask for what.
//
// It alone mints a Grant; the zero Grant permits nothing. The document is written by administrators and read at each
// session; a document that cannot be used fails closed.
package policy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// The operations that a portal can be granted.
const (
	Certificates = "certificates"
	Authenticate = "authenticate"
	Sign         = "sign"
	// SignRaw lets a portal have anything signed, a login elsewhere too: no origin has it unless IT says so.
	SignRaw = "signRaw"
)

var operations = []string{Authenticate, Certificates, Sign, SignRaw}

// BuiltIn is the Source of a policy that no file gave.
const BuiltIn = "built-in"

// Policy is the document of one session.
type Policy struct {
	source   string
	invalid  *Fault
	doc      document
	registry map[string]string // members that the registry decides -> where
	portals  []string          // where each portal of the registry stands; none: the document's hold
}

// Grant is the leave of one origin to do one operation. Only Policy.Admit makes one that permits anything.
type Grant struct {
	origin, operation string
	pinFromPage       bool
	cardKinds         []string
	issuers           []string
	padOnly           bool
}

// Origin is the portal, as the browser named it.
func (g Grant) Origin() string { return g.origin }

// Permits tells whether the grant is for that operation.
func (g Grant) Permits(operation string) bool { return operation != "" && g.operation == operation }

// PINFromPage tells whether the portal's own form may hold the PIN field.
func (g Grant) PINFromPage() bool { return g.pinFromPage }

// CardKinds are the kinds that IT allows at this portal; empty: all.
func (g Grant) CardKinds() []string { return slices.Clone(g.cardKinds) }

// Issuers are those that IT allows at this portal, as a certificate's issuer is shown; empty: all. It spares people a wrong card:
// anybody can write a name into a certificate, whose genuineness is the portal's to verify.
func (g Grant) Issuers() []string { return slices.Clone(g.issuers) }

// PadOnly tells that the PIN may be typed at a reader's own keys alone.
func (g Grant) PadOnly() bool { return g.padOnly }

// The reasons of a refusal.
var (
	ErrOrigin    = errors.New("policy: this origin is not in portals; IT adds it to the policy file")
	ErrOperation = errors.New("policy: this portal is not granted the operation; IT adds it to the portal's operations")
	ErrInvalid   = errors.New("policy: the policy file is not valid, so nothing is permitted; IT corrects it")
)

// Admit gives the Grant of an origin for an operation, or one of ErrOrigin, ErrOperation, ErrInvalid.
func (p *Policy) Admit(origin, operation string) (Grant, error) {
	entry, err := p.find(origin)
	if err != nil {
		return Grant{}, err
	}
	if !slices.Contains(entry.Operations, operation) {
		return Grant{}, ErrOperation
	}
	return Grant{
		origin: origin, operation: operation, pinFromPage: entry.PINFromPage, cardKinds: entry.CardKinds,
		issuers: entry.Issuers, padOnly: entry.PINSource == SourcePad,
	}, nil
}

// Operations lists what an origin is granted, for status.
func (p *Policy) Operations(origin string) (operations []string, pinFromPage bool, err error) {
	entry, err := p.find(origin)
	if err != nil {
		return nil, false, err
	}
	return slices.Clone(entry.Operations), entry.PINFromPage, nil
}

// WebEID tells whether the extension answers Web eID's page messages at an origin: no unless IT says so, since two extensions
// that answer one message cannot be reconciled.
func (p *Policy) WebEID(origin string) bool {
	entry, err := p.find(origin)
	return err == nil && entry.WebEID
}

func (p *Policy) find(origin string) (portal, error) {
	if p.invalid != nil {
		return portal{}, ErrInvalid
	}
	for _, entry := range p.doc.Portals {
		if entry.Origin == origin {
			return entry, nil
		}
	}
	if entry, ok := devPortal(origin); ok {
		return entry, nil
	}
	return portal{}, ErrOrigin
}

// Modules are the PKCS#11 modules that the document names; empty: the known places.
func (p *Policy) Modules() []string { return slices.Clone(p.doc.Modules) }

// Extensions are the ids that register lists beside the released ones.
func (p *Policy) Extensions() []string { return slices.Clone(p.doc.Extensions) }

// UnlockURL is the page where a locked card of that kind is unlocked, or "".
func (p *Policy) UnlockURL(kind string) string {
	if link := p.doc.Unlock[kind]; link != "" || p.invalid != nil {
		return link
	}
	return unlock[kind]
}

// Deadlines are those that the document names.
func (p *Policy) Deadlines() Deadlines { return p.doc.Deadlines }

// Source is BuiltIn or the file's path; Registry where a value there is the reason that nothing is permitted.
func (p *Policy) Source() string { return p.source }

// SourceOf is what decides a member that is named: the registry's value, of a list its key, else Source.
func (p *Policy) SourceOf(member string) string { return cmp.Or(p.registry[member], p.source) }

// FromRegistry are the members that the registry decides, in order.
func (p *Policy) FromRegistry() []string { return slices.Sorted(maps.Keys(p.registry)) }

// Err says why the document cannot be used, for the log and for IT; nil if it can.
func (p *Policy) Err() error {
	if p.invalid == nil {
		return nil
	}
	return fmt.Errorf("policy: %s: %w", p.source, p.invalid)
}

// Fault is what Err says, for who shows it; nil if the document can be used.
func (p *Policy) Fault() *Fault { return p.invalid }

var builtIn = document{
	Portals: []portal{{Origin: "https://ecpa.dgpa.gov.tw", Operations: []string{Authenticate, Certificates}}},
}

// unlock are the CAs' own pages; a document's entries replace single ones.
var unlock = map[string]string{
	"citizen": "https://moica.nat.gov.tw/",
	"agency":  "https://gcaweb.nat.gov.tw/",
}
