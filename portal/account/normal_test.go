package account

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIDNumbers(t *testing.T) {
	for typed, want := range map[string]string{
		"A123456789":            "A123456789",
		" a123456789 ":          "A123456789",
		"Ａ１２３４５６７８９":            "A123456789", // full-width, as an input method types it
		"A123-456-789":          "A123456789",
		"a 1 2 3 4 5 6 7 8 9\t": "A123456789",
		"A800000014":            "A800000014", // a resident's since 2021
		"AC01234567":            "AC01234567", // a resident's before
	} {
		got, ok := IDNumber(typed)
		assert.True(t, ok, typed)
		assert.Equal(t, want, got, typed)
	}
	for _, typed := range []string{"", "A123456788", "A12345678", "A1234567890", "A323456789", "1123456789", "xiaoming", "A12345678９x", "\xffA123456789x", "A800000015", "AC01234568"} {
		_, ok := IDNumber(typed)
		assert.False(t, ok, typed)
	}
}

func TestAccounts(t *testing.T) {
	for typed, want := range map[string]string{"Xiaoming.Wang": "xiaoming.wang", " ｗａｎｇ ": "wang", "王小明01": "王小明01"} {
		got, ok := Account(typed)
		assert.True(t, ok, typed)
		assert.Equal(t, want, got)
	}
	for _, typed := range []string{"", "  ", "a\x00b", "a\u202eb", strings.Repeat("x", MaxAccount+1), "A123456789", "a123456788", "A123-456-789"} {
		_, ok := Account(typed)
		assert.False(t, ok, "%q", typed)
	}
}

func TestNamesAreComparedByWhatTheySay(t *testing.T) {
	assert.Equal(t, Name("王小明"), Name(" 王 小明　"))
	assert.Equal(t, Name("JOHN WANG"), Name("Ｊｏｈｎ　Ｗａｎｇ"))
	assert.Equal(t, Name("\u5e74"), Name("\uf98e"), "a compatibility ideograph is the same name")
	for _, dot := range []string{"·", "‧", "・", "．", "•", "･", ".", "․"} {
		assert.Equal(t, Name("谷辣斯·尤達卡"), Name("谷辣斯"+dot+"尤達卡"), "%+q", dot)
	}
	assert.Equal(t, Name("葛小明"), Name("葛\U000E0101小明"), "another drawing of the same character")
	assert.NotEqual(t, Name("王小明"), Name("王小朋"))
	assert.Empty(t, Name(strings.Repeat("王", MaxName+1)))
}

func TestHashes(t *testing.T) {
	one, other := NewHasher([]byte("one key of a portal, 32 bytes ..")), NewHasher([]byte("another key"))
	assert.Equal(t, one.ID("A123456789"), one.ID("A123456789"))
	assert.NotEqual(t, one.ID("A123456789"), other.ID("A123456789"))
	assert.NotEqual(t, one.ID("6789"), one.Tail("6789"))
	assert.NotContains(t, one.ID("A123456789").String(), "456789")
}
