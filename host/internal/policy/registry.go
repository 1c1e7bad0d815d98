package policy

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/manifests"
)

// Registry is where values of Group Policy stand, which go before the document's. Only administrators and the system may write
// there, as with all of SOFTWARE\Policies: who can is able to replace this program too, so that no owner is looked at.
const Registry = `HKLM\` + manifests.GroupPolicyKey

// entry is one value as it lies in the registry, which compares names without their case.
type entry struct {
	key, name string // the key below Registry, "" itself
	kind      uint32
	data      []byte
}

// The kinds that are read. REG_EXPAND_SZ is not: what the environment says is the person's to change.
const (
	regSZ    = 1
	regDWORD = 4
)

// place is where an entry stands, as a terminal may show it.
func (e entry) place() string {
	plain := func(s string) string { return strings.ReplaceAll(strings.Trim(quote(s), `"`), `\\`, `\`) }
	return strings.TrimSuffix(Registry+`\`+plain(e.key), `\`) + `\` + plain(e.name)
}

// onTop is what the registry says: a document of its own, and where each value of it stands.
type onTop struct {
	members map[string]any
	lists   map[string]bool
	places  map[string]string // JSON Pointer -> place of the value
	sources map[string]string // member -> the value, of a list its key
	portals []string          // the key of each portal: two of them make one list
}

// withRegistry puts the registry's values on top of a policy. A document that cannot be used stays so; a value that cannot be used
// fails closed as one of the document's does.
func (p *Policy) withRegistry(entries []entry, unread *Fault) *Policy {
	switch {
	case p.invalid != nil, len(entries) == 0 && unread == nil:
		return p
	case unread != nil:
		return &Policy{source: Registry, invalid: unread}
	}
	doc, top, bad := p.doc.under(entries)
	if bad != nil {
		return &Policy{source: Registry, invalid: bad}
	}
	return &Policy{source: p.source, doc: doc, registry: top.sources, portals: top.portals}
}

// under is the document with the entries' values in place of its own. They are judged by the document's own code, as JSON.
func (d document) under(entries []entry) (document, onTop, *Fault) {
	top, bad := collect(entries)
	if bad != nil {
		return document{}, top, bad
	}
	raw, err := json.Marshal(top.members, json.Deterministic(true))
	if err != nil {
		return document{}, top, fault("syntax", "", quote(err.Error()), "")
	}
	if _, bad := decode(bytes.NewReader(raw)); bad != nil {
		return document{}, top, top.placed(bad)
	}
	d = d.apart()
	// a list is replaced; its memory may be the built-in document's
	for member, list := range map[string]func(){
		"portals": func() { d.Portals = nil }, "modules": func() { d.Modules = nil }, "extensions": func() { d.Extensions = nil },
	} {
		if top.lists[member] {
			list()
		}
	}
	if err := json.Unmarshal(raw, &d, json.RejectUnknownMembers(true)); err != nil {
		return document{}, top, top.placed(explain(raw, err))
	}
	return d, top, nil
}

// apart is a document into whose map and pointer the decoder may write: they would be those of the one underneath.
func (d document) apart() document {
	d.Unlock = maps.Clone(d.Unlock)
	if d.Audit != nil {
		audit := *d.Audit
		d.Audit = &audit
	}
	return d
}

// placed turns the place in the JSON that stood for the registry into the value's own.
func (t onTop) placed(f *Fault) *Fault {
	f.Line, f.Column, f.Registry = 0, 0, Registry
	for pointer := f.Pointer; pointer != ""; pointer = pointer[:strings.LastIndexByte(pointer, '/')] {
		if place, ok := t.places[pointer]; ok {
			f.Registry = place
			break
		}
	}
	return f
}

// collect sorts entries into members. What the table does not know is a mistake, as an unknown name in the document is.
func collect(entries []entry) (onTop, *Fault) {
	t := onTop{members: map[string]any{}, lists: map[string]bool{}, places: map[string]string{}, sources: map[string]string{}}
	slices.SortStableFunc(entries, func(a, b entry) int { return number(a.name) - number(b.name) })
	used := make([]bool, len(entries))
	for _, row := range manifests.GroupPolicies {
		for i, e := range entries {
			if !e.of(row) {
				continue
			}
			used[i] = true
			value, bad := e.value(row.Kind)
			if bad != nil {
				bad.Registry, bad.Pointer = e.place(), "/"+strings.ReplaceAll(row.Member, ".", "/")
				return t, bad
			}
			t.add(row, e, value)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		f := fault("unknownMember", "", quote(entries[i].name), "")
		f.Registry = entries[i].place()
		return t, f
	}
	return t, nil
}

// of tells whether an entry is a row's.
func (e entry) of(row manifests.GroupPolicy) bool {
	if row.Kind.List() {
		return strings.EqualFold(e.key, row.Name) && number(e.name) > 0
	}
	key, name, nested := strings.Cut(row.Name, ".")
	if !nested {
		key, name = "", row.Name
	}
	return strings.EqualFold(e.key, key) && strings.EqualFold(e.name, name)
}

// number is the place in a list that a value's name is, 0: it is none.
func number(name string) int {
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != name {
		return 0
	}
	return int(n)
}

func (t *onTop) add(row manifests.GroupPolicy, e entry, value any) {
	parent, name, nested := strings.Cut(row.Member, ".")
	switch {
	case row.Kind.List():
		if row.Member == "portals" {
			t.portals = append(t.portals, Registry+`\`+row.Name)
		}
		list, _ := t.members[row.Member].([]any)
		t.places["/"+row.Member+"/"+strconv.Itoa(len(list))] = e.place()
		t.members[row.Member], t.lists[row.Member], t.sources[row.Member] = append(list, value), true, Registry+`\`+row.Name
	case nested:
		group, _ := t.members[parent].(map[string]any)
		if group == nil {
			group = map[string]any{}
		}
		group[name] = value
		t.members[parent], t.places["/"+parent+"/"+name], t.sources[row.Member] = group, e.place(), e.place()
	default:
		t.members[row.Member], t.places["/"+row.Member], t.sources[row.Member] = value, e.place(), e.place()
	}
}

// value is an entry's as the document would have it.
func (e entry) value(kind manifests.ValueKind) (any, *Fault) {
	switch kind {
	case manifests.NumberValue, manifests.SwitchValue:
		if e.kind != regDWORD || len(e.data) != 4 {
			return nil, wrongKind("REG_DWORD", "REG_DWORD")
		}
		n := binary.LittleEndian.Uint32(e.data)
		if kind == manifests.NumberValue {
			return n, nil
		}
		if n > 1 {
			return nil, wrongKind("值為 0 或 1 的 REG_DWORD", "REG_DWORD 0 or 1")
		}
		return n == 1, nil
	}
	text, ok := e.text()
	if !ok {
		return nil, wrongKind("REG_SZ 文字", "REG_SZ text")
	}
	if kind != manifests.PortalsList && kind != manifests.PadList {
		return text, nil
	}
	granted := map[string]any{"origin": text, "operations": manifests.GroupPolicyOperations}
	if kind == manifests.PadList {
		granted["pinSource"] = SourcePad
	}
	return granted, nil
}

func wrongKind(chinese, english string) *Fault {
	return &Fault{Code: "type", allowed: words{" " + chinese, english}}
}

// text is a REG_SZ: UTF-16, which mostly ends with NUL. One that is no text to its end would be read in other ways by other readers.
func (e entry) text() (string, bool) {
	if e.kind != regSZ || len(e.data)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(e.data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(e.data[2*i:])
	}
	if n := len(units); n > 0 && units[n-1] == 0 {
		units = units[:n-1]
	}
	text := string(utf16.Decode(units))
	return text, !slices.Contains(units, 0) && slices.Equal(utf16.Encode([]rune(text)), units)
}
