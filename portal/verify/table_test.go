package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

func TestShippedTable(t *testing.T) {
	data, err := os.ReadFile("issuers.json")
	require.NoError(t, err)
	table, err := verify.ParseTable(data)
	require.NoError(t, err)
	require.Len(t, table.Issuers, 5)
	require.NotEmpty(t, table.TestPolicies)
	assert.Equal(t, table, verify.DefaultTable())
	loaded, err := verify.LoadTable("issuers.json")
	require.NoError(t, err)
	assert.Equal(t, table, loaded)
	_, err = verify.LoadTable(filepath.Join(t.TempDir(), "none.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	large := filepath.Join(t.TempDir(), "large.json")
	require.NoError(t, os.WriteFile(large, make([]byte, 2<<20), 0o600))
	_, err = verify.LoadTable(large)
	assert.ErrorContains(t, err, "over")
}

func TestParseTableIsStrict(t *testing.T) {
	row := `{"family":"a","country":"TW","organization":"o","unit":"u","cardKind":"citizen"}`
	good := `{"issuers":[` + row + `],"policies":["1.4"],"testPolicies":["1.2"],"attributes":{"idTail":"1.5","businessID":"1.6"},"subjectTypes":{"1.2":"person"}}`
	_, err := verify.ParseTable([]byte(good))
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"unknown member": {`"testPolicies"`, `"more":1,"testPolicies"`},
		"unknown card":   {`"citizen"`, `"citzen"`},
		"family":         {`"a"`, `"A b"`},
		"no unit":        {`"u"`, `""`},
		"two of a name":  {row, row + "," + row},
		"test policy":    {`["1.2"]`, `["1.x"]`},
		"policy":         {`["1.4"]`, `["1.x"]`},
		"attribute":      {`"1.5"`, `"15"`},
		"one OID twice":  {`"1.5"`, `"1.6"`},
		"subject OID":    {`{"1.2"`, `{"1..2"`},
		"subject kind":   {`"person"`, `"people"`},
		"not JSON":       {`{`, ``},
	} {
		changed := strings.Replace(good, change[0], change[1], 1)
		require.NotEqual(t, good, changed, name)
		_, err := verify.ParseTable([]byte(changed))
		assert.Error(t, err, name)
	}
}

func TestOtherTable(t *testing.T) {
	p := newPKI(t)
	config := p.config()
	config.Table = verify.Table{Issuers: []verify.Issuer{}}
	id, err := login(t, config, newCard(t, p.moica, nil))
	require.NoError(t, err)
	assert.Equal(t, verify.CardOther, id.CardKind)
	assert.Empty(t, id.IssuerFamily)
	assert.Equal(t, verify.KindUnknown, id.Kind)
}
