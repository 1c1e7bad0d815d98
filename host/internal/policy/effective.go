package policy

import (
	"maps"
	"slices"

	"github.com/cardbridge/cardbridge/protocol"
)

// Development is the source of what only builds for development grant.
const Development = "development build"

// Value is one value with what gave it: BuiltIn, Development, the document's path, a place in the registry.
type Value[T any] struct {
	Value  T      `json:"value"`
	Source string `json:"source"`
}

// EffectivePortal is what an origin is granted.
type EffectivePortal struct {
	Origin      string   `json:"origin"`
	Operations  []string `json:"operations"`
	PINFromPage bool     `json:"pinFromPage"`
	CardKinds   []string `json:"cardKinds"` // all that it takes
	Issuers     []string `json:"issuers"`   // none: all
	PINSource   string   `json:"pinSource"`
	WebEID      bool     `json:"webEID"`
	Source      string   `json:"source"`
}

// Effective is a policy as it works: each value, and where it comes from. What a document does not name and other rooms decide
// (modules, deadlines) has no entry.
type Effective struct {
	Portals    []EffectivePortal
	Modules    []Value[string]
	Extensions []Value[string]
	Unlock     map[string]Value[string]
	Install    map[string]Value[string] // those that there are
	HelpDesk   map[string]Value[string] // those that there are
	Language   *Value[string]           // none: nobody of IT decided
	Deadlines  Deadlines
	Log        Log
	Audit      Value[bool]
}

// Effective is what holds in this session. A document that cannot be used grants no portal anything.
func (p *Policy) Effective() Effective {
	e := Effective{Deadlines: p.doc.Deadlines, Log: p.doc.Log, Audit: Value[bool]{p.Audit(), BuiltIn}, Unlock: map[string]Value[string]{}}
	if p.doc.Audit != nil {
		e.Audit.Source = p.SourceOf("audit")
	}
	if p.doc.Language != "" {
		e.Language = &Value[string]{p.doc.Language, p.SourceOf("language")}
	}
	i, h := p.doc.Install, p.doc.HelpDesk
	e.Install = p.named("install", map[string]string{"module": i.Module, "reader": i.Reader, "pcsc": i.PCSC})
	e.HelpDesk = p.named("helpDesk", map[string]string{"text": h.Text, "phone": h.Phone, "url": h.URL, "email": h.Email})
	if p.invalid != nil {
		return e
	}
	for i, granted := range p.doc.Portals {
		source := p.source
		if i < len(p.portals) {
			source = p.portals[i]
		}
		e.Portals = append(e.Portals, granted.effective(source))
	}
	for _, granted := range devGrants() {
		e.Portals = append(e.Portals, granted.effective(Development))
	}
	e.Modules, e.Extensions = p.values("modules", p.doc.Modules), p.values("extensions", p.doc.Extensions)
	for _, kind := range slices.Sorted(maps.Keys(unlock)) {
		e.Unlock[kind] = Value[string]{unlock[kind], BuiltIn}
	}
	for kind, link := range p.doc.Unlock {
		e.Unlock[kind] = Value[string]{link, p.SourceOf("unlock." + kind)}
	}
	return e
}

func (p *Policy) values(member string, list []string) (values []Value[string]) {
	for _, s := range list {
		values = append(values, Value[string]{s, p.SourceOf(member)})
	}
	return values
}

// named keeps what is named of a member's own.
func (p *Policy) named(member string, all map[string]string) map[string]Value[string] {
	values := map[string]Value[string]{}
	for name, text := range all {
		if text != "" {
			values[name] = Value[string]{text, p.SourceOf(member + "." + name)}
		}
	}
	return values
}

func (p portal) effective(source string) EffectivePortal {
	e := EffectivePortal{Origin: p.Origin, Operations: p.Operations, PINFromPage: p.PINFromPage, CardKinds: p.CardKinds, Issuers: p.Issuers, PINSource: p.PINSource, WebEID: p.WebEID, Source: source}
	if e.Issuers == nil {
		e.Issuers = []string{}
	}
	if e.PINSource == "" {
		e.PINSource = SourceAny
	}
	if e.Operations == nil {
		e.Operations = []string{}
	}
	if len(e.CardKinds) == 0 {
		e.CardKinds = protocol.Kinds
	}
	return e
}
