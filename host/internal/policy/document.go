package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/cardbridge/cardbridge/protocol"
)

// documentVersion is the version of the schema, manifests/policy.schema.json, which a test keeps equal to the types here.
const documentVersion = 1

type document struct {
	Version    *int              `json:"version,omitzero"`  // none: documentVersion
	Language   string            `json:"language,omitzero"` // of the window; none: the page's, the browser's
	Portals    []portal          `json:"portals,omitzero"`
	Modules    []string          `json:"modules,omitzero"`    // absolute paths in the order in which they are asked; they replace the known ones
	Extensions []string          `json:"extensions,omitzero"` // ids that register lists beside the released ones
	Unlock     map[string]string `json:"unlock,omitzero"`     // card kind -> https page of the CA
	Install    Install           `json:"install,omitzero"`
	HelpDesk   HelpDesk          `json:"helpDesk,omitzero"`
	Deadlines  Deadlines         `json:"deadlines,omitzero"`
	Log        Log               `json:"log,omitzero"`
	Audit      *bool             `json:"audit,omitzero"` // none: yes
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
	Issuers     []string `json:"issuers,omitzero"`   // as a certificate's issuer is shown; none: all
	PINSource   string   `json:"pinSource,omitzero"` // none: SourceAny
	WebEID      bool     `json:"webEID,omitzero"`    // pages may speak the messages of Web eID's page library
}

func (d *document) check() *Fault {
	if d.Version != nil && *d.Version != documentVersion {
		return fault("version", "/version", strconv.Itoa(*d.Version), strconv.Itoa(documentVersion))
	}
	for _, part := range []func() *Fault{
		d.checkLanguage, d.checkPortals, d.checkModules, d.checkExtensions, d.checkUnlock, d.checkInstall, d.checkHelpDesk, d.checkDeadlines, d.checkLog,
	} {
		if f := part(); f != nil {
			return f
		}
	}
	return nil
}

func (d *document) checkPortals() *Fault {
	seen := map[string]bool{}
	for i, p := range d.Portals {
		place := fmt.Sprintf("/portals/%d", i)
		if !validOrigin(p.Origin) {
			return fault("origin", place+"/origin", quote(p.Origin), "")
		}
		if seen[p.Origin] {
			return fault("originTwice", place+"/origin", quote(p.Origin), "")
		}
		seen[p.Origin] = true
		for j, op := range p.Operations {
			if !slices.Contains(operations, op) {
				return fault("operation", fmt.Sprintf("%s/operations/%d", place, j), quote(op), strings.Join(operations, ", "))
			}
		}
		for j, kind := range p.CardKinds {
			if !slices.Contains(protocol.Kinds, kind) {
				return fault("cardKind", fmt.Sprintf("%s/cardKinds/%d", place, j), quote(kind), strings.Join(protocol.Kinds, ", "))
			}
		}
		if f := p.checkCard(place); f != nil {
			return f
		}
	}
	return nil
}

func (d *document) checkModules() *Fault {
	for i, m := range d.Modules {
		if !validPath(m) {
			return fault("module", fmt.Sprintf("/modules/%d", i), quote(m), "")
		}
	}
	return nil
}

func (d *document) checkExtensions() *Fault {
	for i, id := range d.Extensions {
		if !validID(id) {
			return fault("extension", fmt.Sprintf("/extensions/%d", i), quote(id), "")
		}
	}
	return nil
}

func (d *document) checkUnlock() *Fault {
	for _, kind := range slices.Sorted(maps.Keys(d.Unlock)) {
		place, link := "/unlock/"+pointerToken(kind), d.Unlock[kind]
		if !slices.Contains(protocol.Kinds, kind) {
			return fault("cardKind", place, quote(kind), strings.Join(protocol.Kinds, ", "))
		}
		if !validLink(link) {
			return fault("unlock", place, quote(link), "")
		}
	}
	return nil
}

func (d *document) checkDeadlines() *Fault {
	all := reflect.ValueOf(d.Deadlines)
	for i := range all.NumField() {
		name, _, _ := strings.Cut(all.Type().Field(i).Tag.Get("json"), ",")
		if ms := all.Field(i).Int(); ms != 0 && (ms < minDeadline || ms > maxDeadline) {
			return fault("deadline", "/deadlines/"+name, strconv.FormatInt(ms, 10), fmt.Sprintf("%d–%d", minDeadline, maxDeadline))
		}
	}
	return nil
}

// pointerToken escapes a name for a JSON Pointer (RFC 6901, section 3).
func pointerToken(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
