package policy

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/manifests"
	scratch "github.com/cardbridge/cardbridge/tests/registry"
)

const noDocument = `C:\none\policy.json`

// set writes values below the policies' key, which is gone before and after.
func set(t *testing.T, key string, values map[string]any) {
	t.Helper()
	scratch.Set(t, registry.LOCAL_MACHINE, 0, manifests.GroupPolicyKey+`\`+key, values)
}

// emptied takes the policies' key back.
func emptied(t *testing.T) {
	t.Helper()
	scratch.Remove(t, registry.LOCAL_MACHINE, manifests.GroupPolicyKey)
}

func TestWindowsReadsNoRegistryWhereThereIsNone(t *testing.T) {
	emptied(t)
	entries, bad := readRegistry()
	require.Nil(t, bad)
	require.Empty(t, entries)
	set(t, "", nil)
	set(t, "portals", nil) // Group Policy leaves empty keys behind
	defer emptied(t)
	p := Load(noDocument)
	require.NoError(t, p.Err())
	require.Equal(t, []any{BuiltIn, 0}, []any{p.Source(), len(p.FromRegistry())})
	_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	require.NoError(t, err)
}

func TestWindowsReadsTheRegistry(t *testing.T) {
	emptied(t)
	defer emptied(t)
	set(t, "", map[string]any{"language": "zh-TW", "audit": 0})
	set(t, "helpDesk", map[string]any{"text": "資訊室 分機 1234"})
	set(t, "deadlines", map[string]any{"scan": 20000})
	set(t, "modules", map[string]any{"1": `C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll`, "2": `D:\元件\x.dll`})
	many := map[string]any{}
	for i := range 300 {
		many[strconv.Itoa(i+1)] = "https://p" + strconv.Itoa(i+1) + ".gov.tw"
	}
	set(t, "portals", many)
	set(t, "portalsPinPad", map[string]any{"1": "https://vault.gov.tw"})
	p := Load(noDocument)
	require.NoError(t, p.Err())
	assert.Equal(t, []string{"audit", "deadlines.scan", "helpDesk.text", "language", "modules", "portals"}, p.FromRegistry())
	e := p.Effective()
	assert.Equal(t, Value[string]{"資訊室 分機 1234", Registry + `\helpDesk\text`}, e.HelpDesk["text"])
	assert.Equal(t, []string{`C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll`, `D:\元件\x.dll`}, p.Modules())
	assert.Equal(t, 20000, p.Deadlines().Scan)
	assert.False(t, p.Audit())
	for i := range 300 {
		assert.Equal(t, "https://p"+strconv.Itoa(i+1)+".gov.tw", p.doc.Portals[i].Origin, "in their order")
	}
	g, err := p.Admit("https://vault.gov.tw", Authenticate)
	require.NoError(t, err)
	assert.True(t, g.PadOnly())
}

func TestABadRegistryOfWindowsFailsClosed(t *testing.T) {
	tooMany := map[string]any{}
	for i := range mostValues + 1 {
		tooMany[strconv.Itoa(i+1)] = "https://a.gov.tw"
	}
	for name, c := range map[string]struct {
		key    string
		values map[string]any
		code   string
		place  string
	}{
		"another type":  {"", map[string]any{"language": 1}, "type", `\language`},
		"lines":         {"portals", map[string]any{"1": []string{"https://a.gov.tw"}}, "type", `\portals\1`},
		"bytes":         {"log", map[string]any{"level": []byte("debug")}, "type", `\log\level`},
		"a bad value":   {"portals", map[string]any{"1": "https://a.gov.tw/"}, "origin", `\portals\1`},
		"another name":  {"", map[string]any{"langauge": "en"}, "unknownMember", `\langauge`},
		"a key deeper":  {`log\deep`, nil, "unknownMember", `\log\deep\`},
		"a large value": {"helpDesk", map[string]any{"text": strings.Repeat("x", mostData)}, "unreadable", ""},
		"many values":   {"portals", tooMany, "unreadable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			emptied(t)
			defer emptied(t)
			set(t, c.key, c.values)
			p := Load(noDocument)
			require.NotNil(t, p.Fault())
			assert.Equal(t, []string{c.code, Registry + c.place}, []string{p.Fault().Code, p.Fault().Registry}, p.Err())
			_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
			assert.ErrorIs(t, err, ErrInvalid)
			assert.Equal(t, "unreadable", Check(noDocument).Code, "a file is judged by itself")
		})
	}
}
