// Package people tests the files of persons, agencies, bindings against the cards that they are about.
//
// personnel.csv, agencies.csv, bindings.csv are what a portal imports in tests. Everything in them is made up: names are
// placeholders, ID numbers only have a right check digit.
package people

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// rows reads a file by its column names; the header is exactly the one that the portal demands.
func rows(t *testing.T, name, header string) []map[string]string {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, header, strings.Join(all[0], ","))
	require.NotEmpty(t, all[1:])
	var out []map[string]string
	for _, values := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = values[i]
		}
		out = append(out, row)
	}
	return out
}

func personnel(t *testing.T) map[string]map[string]string {
	t.Helper()
	byID := map[string]map[string]string{}
	for _, row := range rows(t, "personnel.csv", "身分證號,自訂帳號,姓名,狀態") {
		require.NotContains(t, byID, row["身分證號"])
		byID[row["身分證號"]] = row
	}
	return byID
}

func agencies(t *testing.T) map[string]string {
	t.Helper()
	byOID := map[string]string{}
	for _, row := range rows(t, "agencies.csv", "機關代碼,機關名稱,機關OID") {
		require.NotContains(t, byOID, row["機關OID"])
		byOID[row["機關OID"]] = row["機關名稱"]
	}
	return byOID
}

// bindings gives the ID number to which a subject's serial number is bound, by "family/number".
func bindings(t *testing.T) map[string]string {
	t.Helper()
	bound := map[string]string{}
	for _, row := range rows(t, "bindings.csv", "憑證機構,憑證序號,身分證號") {
		key := row["憑證機構"] + "/" + row["憑證序號"]
		require.NotContains(t, bound, key)
		bound[key] = row["身分證號"]
	}
	return bound
}

// checkDigit is the rule of the household registration offices, written out apart from the portal's: the letters in the order
// of their values 10 to 35, weights 1 9 8 7 6 5 4 3 2 1 1.
func checkDigit(number string) bool {
	value := strings.Index("ABCDEFGHJKLMNPQRSTUVXYWZIO", number[:1]) + 10
	sum := value/10 + 9*(value%10) + int(number[9]-'0')
	for i, weight := range []int{8, 7, 6, 5, 4, 3, 2, 1} {
		sum += weight * int(number[i+1]-'0')
	}
	return sum%10 == 0
}

func TestIDNumbersHaveARightCheckDigit(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][1289][0-9]{8}$`)
	accounts := map[string]bool{}
	for id, row := range personnel(t) {
		require.Regexp(t, form, id)
		assert.True(t, checkDigit(id), id)
		assert.Contains(t, []string{"現職", "卸職"}, row["狀態"], id)
		if a := row["自訂帳號"]; a != "" {
			assert.False(t, accounts[a], a)
			accounts[a] = true
		}
	}
	for _, name := range deck.Names() {
		f, err := deck.Describe(name)
		require.NoError(t, err)
		if f.IDNumber != "" {
			require.Regexp(t, form, f.IDNumber, name)
			assert.True(t, checkDigit(f.IDNumber), name)
		}
	}
	assert.False(t, checkDigit("A123456788"))
	for _, id := range bindings(t) {
		assert.Contains(t, personnel(t), id, "a binding is somebody's")
	}
}

// persona is what the portal's files say about the holder of a card.
type persona struct{ account, status, boundTo string }

func TestPersonasFitTheirCards(t *testing.T) {
	people, bound := personnel(t), bindings(t)
	for name, want := range map[string]persona{
		"citizen":      {"xiaoming.wang", "現職", "A123456789"},
		"citizen-p256": {"xiaoming.wang", "現職", "A123456789"},
		"citizen-old":  {"xiaoming.wang", "現職", "A123456789"},
		"reissued":     {"xiaoming.wang", "現職", ""},
		"citizen2":     {"dawen.chen", "現職", "B100144321"},
		"namesake":     {"dawen.chen2", "現職", ""},
		"newcomer":     {"xiaomei.lin", "現職", ""},
		"noaccount":    {"", "現職", ""},
		"left":         {"xiaoying.wu", "卸職", ""},
		"left-bound":   {"datong.liu", "卸職", "G123456785"},
		"outsider":     {"", "", ""},
		"notail":       {"xiaofang.xu", "現職", ""},
		"noserial":     {"dazhong.zheng", "現職", ""},
	} {
		f, err := deck.Describe(name)
		require.NoError(t, err)
		row := people[f.IDNumber] // a nil map for the outsider
		assert.Equal(t, want, persona{row["自訂帳號"], row["狀態"], bound["moica/"+f.SerialNumber]}, name)
		if row != nil {
			assert.Equal(t, f.Holder, row["姓名"], name)
		}
		if row != nil && name != "notail" {
			assert.True(t, strings.HasSuffix(row["身分證號"], f.IDTail), name)
		}
	}
	known := agencies(t)
	for name, there := range map[string]bool{"agency": true, "agency-unit": true, "test-agency": true, "agency-unknown": false, "organisation": false} {
		f, err := deck.Describe(name)
		require.NoError(t, err)
		assert.Equal(t, there, known[f.OID.String()] != "", name)
	}
}

// A binding's family is what the portal's table calls the issuer of the cards with that serial number.
func TestFamiliesAreTheIssuers(t *testing.T) {
	text, err := os.ReadFile("../../portal/verify/issuers.json")
	require.NoError(t, err)
	var table struct {
		Issuers []struct{ Family, Unit string }
	}
	require.NoError(t, json.Unmarshal(text, &table))
	units := map[string]string{}
	for _, i := range table.Issuers {
		units[i.Family] = i.Unit
	}
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	cards, bound := deck.New(p), bindings(t)
	for name, family := range map[string]string{"citizen": "moica", "citizen-p256": "moica", "citizen-old": "moica", "citizen2": "moica", "left-bound": "moica"} {
		c, err := cards.Card(name)
		require.NoError(t, err)
		assert.Equal(t, []string{units[family]}, c.Certificate.Issuer.OrganizationalUnit, name)
		assert.Equal(t, c.IDNumber, bound[family+"/"+c.Certificate.Subject.SerialNumber], name)
	}
}
