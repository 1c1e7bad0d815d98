package verify

import (
	"bytes"
	"encoding/asn1"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	shipped       = DefaultTable().Attributes
	oidIDTail     = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 51}
	oidBusinessID = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 101}
	oidAgencyOID  = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 102}
)

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

func value(t testing.TB, v any, params string) asn1.RawValue {
	t.Helper()
	der, err := asn1.MarshalWithParams(v, params)
	require.NoError(t, err)
	return asn1.RawValue{FullBytes: der}
}

func encode(t testing.TB, list ...attribute) []byte {
	t.Helper()
	der, err := asn1.Marshal(list)
	require.NoError(t, err)
	return der
}

func TestParseAttributes(t *testing.T) {
	agency := asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 20001}
	der := encode(t,
		attribute{asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 1}, []asn1.RawValue{value(t, asn1.ObjectIdentifier{2, 16, 886, 1, 100, 3, 1, 1}, "")}},
		attribute{oidIDTail, []asn1.RawValue{value(t, "6789", "printable")}},
		attribute{oidBusinessID, []asn1.RawValue{value(t, "12345678", "numeric")}},
		attribute{oidAgencyOID, []asn1.RawValue{value(t, agency.String(), "utf8")}},
		attribute{asn1.ObjectIdentifier{1, 2, 3}, []asn1.RawValue{value(t, "x", "utf8"), value(t, 5, "")}},
	)
	got, err := parseAttributes(der, shipped)
	require.NoError(t, err)
	assert.Equal(t, attributes{"2.16.886.1.100.3.1.1", "6789", "12345678", agency.String()}, got)

	got, err = parseAttributes(der, AttributeOIDs{IDTail: "2.16.886.1.100.2.101"})
	require.NoError(t, err)
	assert.Equal(t, attributes{idTail: "12345678"}, got, "the OIDs are configuration")
}

func TestHostileAttributes(t *testing.T) {
	tail := attribute{oidIDTail, []asn1.RawValue{value(t, "6789", "utf8")}}
	one := func(kind asn1.ObjectIdentifier, values ...asn1.RawValue) []byte {
		return encode(t, attribute{kind, values})
	}
	good := encode(t, tail)
	_, err := parseAttributes(good, shipped)
	require.NoError(t, err)
	for name, der := range map[string][]byte{
		"nothing":           nil,
		"empty list":        {0x30, 0x00},
		"not a sequence":    {0x31, 0x00},
		"length past end":   {0x30, 0x7f, 0x30},
		"huge length":       {0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
		"indefinite":        {0x30, 0x80, 0x00, 0x00},
		"trailing byte":     append(bytes.Clone(good), 0),
		"cut":               good[:len(good)-1],
		"twice":             encode(t, tail, tail),
		"two values":        one(oidIDTail, value(t, "6789", "utf8"), value(t, "6780", "utf8")),
		"no value":          one(oidIDTail),
		"empty string":      one(oidIDTail, value(t, "", "utf8")),
		"integer":           one(oidIDTail, value(t, 6789, "")),
		"octets":            one(oidIDTail, value(t, []byte("6789"), "")),
		"OID for a string":  one(oidIDTail, value(t, oidIDTail, "")),
		"control character": one(oidIDTail, value(t, "67\x008", "utf8")),
		"markup is text":    one(oidIDTail, value(t, "<b>通</b>", "utf8")),
		"overlong":          one(oidIDTail, value(t, strings.Repeat("6", 65), "utf8")),
		"text for an OID":   one(oidAgencyOID, value(t, "內政部", "utf8")),
		"bad OID text":      one(oidAgencyOID, value(t, "2.16.", "utf8")),
		"OID, first arc 3":  one(oidAgencyOID, value(t, "3.1", "utf8")),
		"OID leading zero":  one(oidAgencyOID, value(t, "2.016", "utf8")),
		"over 4 KiB":        one(asn1.ObjectIdentifier{1, 2, 3}, value(t, strings.Repeat("x", 5000), "utf8")),
		"33 attributes":     encode(t, slicesRepeat(attribute{asn1.ObjectIdentifier{1, 2, 3}, []asn1.RawValue{value(t, 1, "")}}, 33)...),
	} {
		got, err := parseAttributes(der, shipped)
		assert.ErrorIs(t, err, errAttributes, name)
		assert.Zero(t, got, name)
	}
}

func slicesRepeat(a attribute, n int) []attribute {
	list := make([]attribute, n)
	for i := range list {
		list[i] = a
	}
	return list
}

func FuzzAttributes(f *testing.F) {
	f.Add(encode(f, attribute{oidIDTail, []asn1.RawValue{value(f, "6789", "utf8")}}))
	f.Add(encode(f, attribute{oidAgencyOID, []asn1.RawValue{value(f, asn1.ObjectIdentifier{2, 16, 886, 101}, "")}}))
	f.Add(encode(f, attribute{oidAgencyOID, []asn1.RawValue{value(f, "2.16.886.101", "printable")}}))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := parseAttributes(der, shipped)
		if err != nil {
			require.ErrorIs(t, err, errAttributes)
			require.Zero(t, got)
			return
		}
		for _, text := range []string{got.idTail, got.businessID} {
			require.LessOrEqual(t, len(text), maxValue)
			require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) }))
		}
		for _, text := range []string{got.agencyOID, got.subjectType} {
			require.Equal(t, "", strings.Trim(text, "0123456789."))
		}
	})
}

func TestCleanNames(t *testing.T) {
	assert.Equal(t, "王小明", clean("  王小明\u202e\u0000 "))
	assert.Equal(t, "ab", clean("a\r\n\u200bb"))
	assert.Equal(t, "<script>alert(1)</script>", clean("<script>alert(1)</script>"), "escaping is the template's work")
	assert.Equal(t, strings.Repeat("王", 200)+"…", clean(strings.Repeat("王", 5000)))
	assert.Equal(t, "a", clean("a\xff"))
}
