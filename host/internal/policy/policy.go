// Package policy decides which portal may ask for what.
//
// It alone mints a Grant; the zero Grant permits nothing. The document is written by administrators and read at each
// session; a document that cannot be used fails closed.
package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/protocol"
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

// maxBytes is far more than a thousand portals need.
const maxBytes = 1 << 20

// Policy is the document of one session.
type Policy struct {
	source  string
	invalid error
	doc     document
}

type document struct {
	Portals    []portal          `json:"portals,omitzero"`
	Modules    []string          `json:"modules,omitzero"`    // absolute paths; they replace the known ones
	Extensions []string          `json:"extensions,omitzero"` // ids that register lists beside the released ones
	Unlock     map[string]string `json:"unlock,omitzero"`     // card kind -> https page of the CA
	Deadlines  Deadlines         `json:"deadlines,omitzero"`
}

// Deadlines are how long a module may take for each step, in milliseconds; 0: the host's own.
type Deadlines struct {
	Scan    int `json:"scan,omitzero"`
	Prepare int `json:"prepare,omitzero"`
	Login   int `json:"login,omitzero"`
	Sign    int `json:"sign,omitzero"`
	Reset   int `json:"reset,omitzero"`
}

// The limits of a deadline: below them a working card fails, above them the window's own time is over first.
const (
	minDeadline = 100
	maxDeadline = 120_000
)

type portal struct {
	Origin      string   `json:"origin"`
	Operations  []string `json:"operations"`
	PINFromPage bool     `json:"pinFromPage,omitzero"`
	CardKinds   []string `json:"cardKinds,omitzero"`
	WebEID      bool     `json:"webEID,omitzero"` // pages may speak the messages of Web eID's page library
}

// Grant is the leave of one origin to do one operation. Only Policy.Admit makes one that permits anything.
type Grant struct {
	origin, operation string
	pinFromPage       bool
	cardKinds         []string
}

// Origin is the portal, as the browser named it.
func (g Grant) Origin() string { return g.origin }

// Permits tells whether the grant is for that operation.
func (g Grant) Permits(operation string) bool { return operation != "" && g.operation == operation }

// PINFromPage tells whether the portal's own form may hold the PIN field.
func (g Grant) PINFromPage() bool { return g.pinFromPage }

// CardKinds are the kinds that IT allows at this portal; empty: all.
func (g Grant) CardKinds() []string { return slices.Clone(g.cardKinds) }

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
	return Grant{origin: origin, operation: operation, pinFromPage: entry.PINFromPage, cardKinds: entry.CardKinds}, nil
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
func (p *Policy) UnlockURL(kind string) string { return p.doc.Unlock[kind] }

// Deadlines are those that the document names.
func (p *Policy) Deadlines() Deadlines { return p.doc.Deadlines }

// Source is BuiltIn or the file's path.
func (p *Policy) Source() string { return p.source }

// Err says why the document cannot be used, for the log and for IT; nil if it can.
func (p *Policy) Err() error { return p.invalid }

// Load reads the document at path. None there: the built-in policy. One that cannot be used: a Policy that permits nothing,
// with Err set. Load never falls back from a bad document to the built-in one.
func Load(path string) *Policy {
	// a link that leads nowhere is a document that cannot be used, not the absence of one
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return &Policy{source: BuiltIn, doc: builtIn}
	}
	p := &Policy{source: path}
	f, err := os.Open(path)
	if err != nil {
		p.invalid = fmt.Errorf("policy: %w", err)
		return p
	}
	defer f.Close()
	if p.invalid = ownedByAdministrator(f); p.invalid == nil {
		p.doc, p.invalid = decode(f)
	}
	if p.invalid != nil {
		p.invalid = fmt.Errorf("%s: %w", path, p.invalid)
		p.doc = document{}
	}
	return p
}

var builtIn = document{
	Portals: []portal{{Origin: "https://ecpa.dgpa.gov.tw", Operations: []string{Authenticate, Certificates}}},
	Unlock:  unlock,
}

// unlock are the CAs' own pages; a document's entries replace single ones.
var unlock = map[string]string{
	"citizen": "https://moica.nat.gov.tw/",
	"agency":  "https://gcaweb.nat.gov.tw/",
}

func decode(r io.Reader) (document, error) {
	var doc document
	raw, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return doc, err
	}
	if len(raw) > maxBytes {
		return doc, fmt.Errorf("larger than %d bytes", maxBytes)
	}
	if err := json.Unmarshal(raw, &doc, json.RejectUnknownMembers(true)); err != nil {
		return doc, err // written by IT, read by IT: the decoder's words may be shown
	}
	for kind, link := range unlock {
		if doc.Unlock[kind] == "" {
			if doc.Unlock == nil {
				doc.Unlock = map[string]string{}
			}
			doc.Unlock[kind] = link
		}
	}
	return doc, doc.check()
}

func (d *document) check() error {
	seen := map[string]bool{}
	for i, p := range d.Portals {
		if err := checkOrigin(p.Origin); err != nil {
			return fmt.Errorf("portals[%d].origin: %w", i, err)
		}
		if seen[p.Origin] {
			return fmt.Errorf("portals[%d].origin: %s stands twice", i, p.Origin)
		}
		seen[p.Origin] = true
		for _, kind := range p.CardKinds {
			if !slices.Contains(protocol.Kinds, kind) {
				return fmt.Errorf("portals[%d].cardKinds: %q is none of %s", i, kind, strings.Join(protocol.Kinds, ", "))
			}
		}
		for _, op := range p.Operations {
			if !slices.Contains(operations, op) {
				return fmt.Errorf("portals[%d].operations: %q is none of %s", i, op, strings.Join(operations, ", "))
			}
		}
	}
	for i, m := range d.Modules {
		if !filepath.IsAbs(m) || filepath.Clean(m) != m {
			return fmt.Errorf("modules[%d]: %q is not an absolute path", i, m)
		}
	}
	for name, ms := range map[string]int{"scan": d.Deadlines.Scan, "prepare": d.Deadlines.Prepare, "login": d.Deadlines.Login, "sign": d.Deadlines.Sign, "reset": d.Deadlines.Reset} {
		if ms != 0 && (ms < minDeadline || ms > maxDeadline) {
			return fmt.Errorf("deadlines.%s: %d is not between %d and %d milliseconds", name, ms, minDeadline, maxDeadline)
		}
	}
	for kind, link := range d.Unlock {
		if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return fmt.Errorf("unlock.%s: %q is not an https address", kind, link)
		}
	}
	return nil
}

// checkOrigin wants the serialisation that browsers use (RFC 6454, section 6.2), since Admit compares bytes: lower case,
// no default port, nothing behind host and port. http only on loopback, which no network can reach.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != s || s != strings.ToLower(s) {
		return fmt.Errorf("%q is not an origin (https://host or https://host:port, lower case, nothing behind)", s)
	}
	loopback := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	switch {
	case u.Scheme == "https" && u.Port() != "443":
		return nil
	case u.Scheme == "http" && loopback && u.Port() != "80":
		return nil
	}
	return fmt.Errorf("%q: https without the default port, or http on loopback", s)
}
