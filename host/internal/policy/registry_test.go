package policy

import (
	"encoding/binary"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/manifests"
)

// utf16z is text as a REG_SZ holds it.
func utf16z(text string) (data []byte) {
	for _, unit := range append(utf16.Encode([]rune(text)), 0) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return data
}

func sz(key, name, text string) entry { return entry{key, name, regSZ, utf16z(text)} }

func dword(key, name string, n uint32) entry {
	return entry{key, name, regDWORD, binary.LittleEndian.AppendUint32(nil, n)}
}

const ofTheFile = `{"language":"en","audit":true,"modules":["/opt/file.so"],"helpDesk":{"text":"file","phone":"02-1"},"unlock":{"agency":"https://file.gov.tw/"},
	"deadlines":{"scan":20000,"sign":20000},"log":{"level":"warn","maxMegabytes":7},
	"portals":[{"origin":"https://file.gov.tw","operations":["authenticate","sign","signRaw"],"pinFromPage":true,"webEID":true},{"origin":"https://both.gov.tw","operations":["sign"]}]}`

func TestTheRegistryStandsOnTopOfTheDocument(t *testing.T) {
	file, before := load(t, ofTheFile), load(t, ofTheFile).doc
	require.NoError(t, file.Err())
	source := file.Source()
	p := file.withRegistry([]entry{
		sz("", "Language", "zh-TW"), dword("", "audit", 0), sz("modules", "10", "/opt/b.so"), sz("modules", "2", "/opt/a.so"), sz("HELPDESK", "text", "分機 1234 🂡"),
		sz("unlock", "citizen", "https://it.gov.tw/"), dword("deadlines", "scan", 30000), dword("deadlines", "sign", 0), sz("log", "level", "debug"),
		sz("portals", "1", "https://both.gov.tw"), sz("portalsPinPad", "1", "https://pad.gov.tw"),
	}, nil)
	require.NoError(t, p.Err())
	require.Equal(t, source, p.Source())
	e := p.Effective()
	assert.Equal(t, &Value[string]{"zh-TW", Registry + `\Language`}, e.Language)
	assert.Equal(t, Value[bool]{false, Registry + `\audit`}, e.Audit)
	assert.Equal(t, []Value[string]{{"/opt/a.so", Registry + `\modules`}, {"/opt/b.so", Registry + `\modules`}}, e.Modules, "by number")
	assert.Equal(t, map[string]Value[string]{"text": {"分機 1234 🂡", Registry + `\HELPDESK\text`}, "phone": {"02-1", source}}, e.HelpDesk, "each value by itself")
	assert.Equal(t, map[string]Value[string]{"citizen": {"https://it.gov.tw/", Registry + `\unlock\citizen`}, "agency": {"https://file.gov.tw/", source}}, e.Unlock)
	assert.Equal(t, Deadlines{Scan: 30000}, e.Deadlines, "0 is the built-in value, as in the document")
	assert.Equal(t, Log{Level: "debug", MaxMegabytes: 7}, e.Log)
	assert.Equal(t, []string{Registry + `\log\level`, source}, []string{p.SourceOf("log.level"), p.SourceOf("log.maxMegabytes")})
	assert.Equal(t, []string{"audit", "deadlines.scan", "deadlines.sign", "helpDesk.text", "language", "log.level", "modules", "portals", "unlock.citizen"}, p.FromRegistry())

	for _, origin := range []string{"https://both.gov.tw", "https://pad.gov.tw"} {
		operations, fromPage, err := p.Operations(origin)
		require.NoError(t, err)
		assert.Equal(t, []any{[]string{"authenticate", "certificates"}, false}, []any{operations, fromPage}, origin)
		g, err := p.Admit(origin, Authenticate)
		require.NoError(t, err)
		assert.Equal(t, origin == "https://pad.gov.tw", g.PadOnly(), origin)
	}
	_, err := p.Admit("https://file.gov.tw", Authenticate)
	require.ErrorIs(t, err, ErrOrigin, "the list replaces the document's portals")
	require.Equal(t, before, file.doc, "the document itself is as it was")
	assert.Equal(t, [][2]string{{"https://both.gov.tw", Registry + `\portals`}, {"https://pad.gov.tw", Registry + `\portalsPinPad`}}, portalSources(e))
	e = file.withRegistry([]entry{sz("", "language", "zh-TW")}, nil).Effective()
	assert.Equal(t, [][2]string{{"https://file.gov.tw", source}, {"https://both.gov.tw", source}}, portalSources(e))
}

// portalSources are the portals, each with what gave it, but for those of a development build.
func portalSources(e Effective) (list [][2]string) {
	for _, granted := range e.Portals {
		if granted.Source != Development {
			list = append(list, [2]string{granted.Origin, granted.Source})
		}
	}
	return list
}

func TestTheRegistryWithoutADocument(t *testing.T) {
	none := func() *Policy { return loadDocument(filepath.Join(t.TempDir(), "none.json")) }
	p := none().withRegistry([]entry{sz("", "language", "en")}, nil)
	require.NoError(t, p.Err())
	require.Equal(t, BuiltIn, p.Source())
	_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.NoError(t, err, "the built-in portals stay")

	p = none().withRegistry([]entry{sz("portals", "1", "https://a.gov.tw")}, nil)
	_, err = p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.ErrorIs(t, err, ErrOrigin)
	_, err = none().Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.NoError(t, err, "what is built in has not been overwritten")

	require.Equal(t, none(), none().withRegistry(nil, nil))
}

var badEntries = map[string]struct {
	entry   entry
	code    string
	pointer string
	place   string
}{
	"no origin":           {sz("portals", "7", "https://A.gov.tw"), "origin", "/portals/0/origin", `\portals\7`},
	"origin twice":        {sz("portalsPinPad", "3", "https://x.gov.tw"), "originTwice", "/portals/1/origin", `\portalsPinPad\3`},
	"no path":             {sz("modules", "1", `opensc.so`), "module", "/modules/0", `\modules\1`},
	"no id":               {sz("extensions", "1", "abc"), "extension", "/extensions/0", `\extensions\1`},
	"an empty text":       {sz("helpDesk", "text", ""), "empty", "/helpDesk/text", `\helpDesk\text`},
	"no data":             {entry{"helpDesk", "text", regSZ, nil}, "empty", "/helpDesk/text", `\helpDesk\text`},
	"no phone":            {sz("helpDesk", "phone", "call me"), "phone", "/helpDesk/phone", `\helpDesk\phone`},
	"no address":          {sz("install", "reader", "javascript:x"), "address", "/install/reader", `\install\reader`},
	"no unlock page":      {sz("unlock", "agency", "http://a.gov.tw/"), "unlock", "/unlock/agency", `\unlock\agency`},
	"a hasty deadline":    {dword("deadlines", "scan", 99), "deadline", "/deadlines/scan", `\deadlines\scan`},
	"a log that grows":    {dword("log", "maxMegabytes", 4_000_000_000), "logSize", "/log/maxMegabytes", `\log\maxMegabytes`},
	"no level":            {sz("log", "level", "trace"), "logLevel", "/log/level", `\log\level`},
	"no language":         {sz("", "language", "de"), "language", "/language", `\language`},
	"number as text":      {sz("deadlines", "scan", "20000"), "type", "/deadlines/scan", `\deadlines\scan`},
	"text as a number":    {dword("", "language", 1), "type", "/language", `\language`},
	"expandable text":     {entry{"modules", "1", 2, utf16z(`%X%\a.dll`)}, "type", "/modules", `\modules\1`},
	"several lines":       {entry{"portals", "1", 7, utf16z("https://a.gov.tw")}, "type", "/portals", `\portals\1`},
	"neither 0 nor 1":     {dword("", "audit", 2), "type", "/audit", `\audit`},
	"a QWORD":             {entry{"", "audit", 11, make([]byte, 8)}, "type", "/audit", `\audit`},
	"a short DWORD":       {entry{"", "audit", regDWORD, []byte{1}}, "type", "/audit", `\audit`},
	"half a character":    {entry{"", "language", regSZ, []byte{'e', 0, 'n'}}, "type", "/language", `\language`},
	"half a pair":         {entry{"helpDesk", "text", regSZ, []byte{0x00, 0xd8}}, "type", "/helpDesk/text", `\helpDesk\text`},
	"text behind its end": {entry{"", "language", regSZ, append(utf16z("en"), utf16z("x")...)}, "type", "/language", `\language`},
	"an unknown name":     {sz("", "langauge", "en"), "unknownMember", "", `\langauge`},
	"an unknown key":      {sz("portal", "1", "https://a.gov.tw"), "unknownMember", "", `\portal\1`},
	"a key too deep":      {entry{key: "log", name: `x\`}, "unknownMember", "", `\log\x\`},
	"a list's own value":  {sz("", "modules", "/opt/a.so"), "unknownMember", "", `\modules`},
	"a list by names":     {sz("portals", "https://a.gov.tw", "https://a.gov.tw"), "unknownMember", "", `\portals\https://a.gov.tw`},
	"entry 0":             {sz("portals", "0", "https://a.gov.tw"), "unknownMember", "", `\portals\0`},
	"entry 01":            {sz("portals", "01", "https://a.gov.tw"), "unknownMember", "", `\portals\01`},
	"entry -1":            {sz("portals", "-1", "https://a.gov.tw"), "unknownMember", "", `\portals\-1`},
	"a whole portal":      {sz("portals\\1", "pinFromPage", "1"), "unknownMember", "", `\portals\1\pinFromPage`},
	"the document":        {sz("", "", "{}"), "unknownMember", "", `\`},
	"a terminal's order":  {sz("", "a\x1b[2J", ""), "unknownMember", "", `\a\x1b[2J`},
	"version":             {dword("", "version", 1), "unknownMember", "", `\version`},
	"too large":           {sz("helpDesk", "text", strings.Repeat("字", maxBytes/2)), "tooLarge", "", ``},
	"PIN from the page":   {dword("", "pinFromPage", 1), "unknownMember", "", `\pinFromPage`},
}

func TestABadValueOfTheRegistryFailsClosed(t *testing.T) {
	for name, c := range badEntries {
		t.Run(name, func(t *testing.T) {
			p := load(t, ofTheFile).withRegistry([]entry{sz("portals", "5", "https://x.gov.tw"), c.entry}, nil)
			if !strings.HasPrefix(c.pointer, "/portals") || c.code == "originTwice" || c.code == "type" {
				assert.Equal(t, c.pointer, p.Fault().Pointer)
			}
			require.Equal(t, []string{c.code, Registry + c.place}, []string{p.Fault().Code, p.Fault().Registry})
			require.Equal(t, Registry, p.Source())
			require.ErrorContains(t, p.Err(), "policy: "+Registry+": registry, "+Registry+c.place)
			require.NotRegexp(t, `[\x00-\x1f\x7f]`, p.Err().Error(), "a terminal gets no control character")
			chinese, _ := p.Fault().Place()
			require.Equal(t, "登錄檔 "+Registry+c.place, chinese)
			_, err := p.Admit("https://x.gov.tw", Authenticate)
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, p.Modules())
			require.True(t, p.Audit())
		})
	}
}

func TestTheRegistryMendsNoDocument(t *testing.T) {
	p := load(t, `{"portal":[]}`).withRegistry([]entry{sz("portals", "1", "https://a.gov.tw")}, nil)
	require.Equal(t, "unknownMember", p.Fault().Code)
	require.Empty(t, p.Fault().Registry)
	p = load(t, `{}`).withRegistry(nil, fault("unreadable", "", "access denied", ""))
	require.ErrorContains(t, p.Err(), "policy: "+Registry+": it cannot be read (access denied)")
	_, err := p.Admit("https://a.gov.tw", Authenticate)
	require.ErrorIs(t, err, ErrInvalid)
}

// Every simple member has its row, every row its member of that type.
func TestTheTableHasTheDocumentsMembers(t *testing.T) {
	names := map[string]bool{}
	members := map[string]manifests.ValueKind{}
	for _, row := range manifests.GroupPolicies {
		assert.False(t, names[strings.ToLower(row.Name)], row.Name)
		names[strings.ToLower(row.Name)] = true
		if row.Kind != manifests.PadList {
			members[row.Member] = row.Kind
		}
	}
	want := map[string]manifests.ValueKind{}
	kinds := map[reflect.Kind]manifests.ValueKind{reflect.String: manifests.TextValue, reflect.Int: manifests.NumberValue, reflect.Bool: manifests.SwitchValue}
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			switch member := valueType(of.Field(i).Type); member.Kind() {
			case reflect.Struct:
				walk(prefix+name+".", member)
			case reflect.Slice:
				want[prefix+name] = manifests.ListValue
			case reflect.Map:
				for _, kind := range []string{"citizen", "agency", "organisation", "business", "test", "other"} {
					want[prefix+name+"."+kind] = manifests.TextValue
				}
			default:
				want[prefix+name] = kinds[member.Kind()]
			}
		}
	}
	walk("", reflect.TypeFor[document]())
	delete(want, "version") // the registry has no schema of its own
	want["portals"] = manifests.PortalsList
	assert.Equal(t, want, members)
}

// Whatever stands in the registry, no portal gets more than a login and the list of certificates by it.
func FuzzTheRegistryGrantsNoMore(f *testing.F) {
	f.Add("portals", "1", uint32(regSZ), utf16z("https://a.gov.tw"))
	f.Add("\x1b[2J", "1", uint32(regSZ), utf16z("a key's name, too, is shown"))
	f.Add("portals", "pinFromPage", uint32(regDWORD), []byte{1, 0, 0, 0})
	f.Add("helpDesk", "text", uint32(regSZ), utf16z(`","portals":[{"origin":"https://a.gov.tw","operations":["signRaw"]}],"x":"`))
	for _, bad := range badEntries {
		if len(bad.entry.data) < 1000 {
			f.Add(bad.entry.key, bad.entry.name, bad.entry.kind, bad.entry.data)
		}
	}
	f.Fuzz(func(t *testing.T, key, name string, kind uint32, data []byte) {
		before := &Policy{source: BuiltIn, doc: builtIn}
		p := before.withRegistry([]entry{{key, name, kind, data}}, nil)
		if p.invalid != nil {
			require.Contains(t, faults, p.invalid.Code)
			require.NotRegexp(t, `[\x00-\x1f\x7f]`, p.Err().Error())
			return
		}
		for _, granted := range p.doc.Portals {
			slices.Sort(granted.Operations)
			require.Equal(t, []any{[]string{Authenticate, Certificates}, false, false}, []any{granted.Operations, granted.PINFromPage, granted.WebEID})
		}
	})
}
