package roster_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/roster"
)

var hasher = account.NewHasher(bytes.Repeat([]byte{1}, 32))

// all gives every row, every error.
func all[R any](t *testing.T, rows iter.Seq2[R, error]) (list []R, errs []*roster.LineError) {
	t.Helper()
	for row, err := range rows {
		if err == nil {
			list = append(list, row)
			continue
		}
		var wrong *roster.LineError
		require.ErrorAs(t, err, &wrong)
		assert.Zero(t, row)
		errs = append(errs, wrong)
	}
	return list, errs
}

func personnel(t *testing.T, text string, encoding roster.Encoding) ([]account.Person, []*roster.LineError) {
	t.Helper()
	return all(t, roster.Personnel(iotest.OneByteReader(strings.NewReader(text)), hasher, encoding))
}

func wang() account.Person {
	return account.Person{ID: hasher.ID("A123456789"), Tail: hasher.Tail("6789"), Account: "wang", Name: "王小明", InOffice: true}
}

func TestPersonnel(t *testing.T) {
	chinese := "身分證號,自訂帳號,姓名,狀態\r\nA123456789,Wang,王小明,現職\r\nF131104093,,陳大文,卸職\r\n"
	english := "note, Status ,NAME,Account,ID_number\nx,active,王　小明,wang,a1234-56789\n\"a\nb\",LEFT,陳大文,,F131104093\n"
	big5, err := traditionalchinese.Big5.NewEncoder().String(chinese)
	require.NoError(t, err)
	want := []account.Person{wang(), {ID: hasher.ID("F131104093"), Tail: hasher.Tail("4093"), Name: "陳大文"}}
	for name, test := range map[string]struct {
		text     string
		encoding roster.Encoding
	}{
		"chinese": {chinese, roster.UTF8}, "mark": {"\uFEFF" + chinese, roster.UTF8}, "english": {english, roster.UTF8}, "big5": {big5, roster.Big5},
	} {
		list, errs := personnel(t, test.text, test.encoding)
		assert.Empty(t, errs, name)
		assert.Equal(t, want, list, name)
	}
}

func TestEveryErrorIsReportedWithItsLine(t *testing.T) {
	text := `身分證號,自訂帳號,姓名,狀態
A123456788,wang,王小明,現職
A123456789,wang,王小明,現職
A123456789,WANG,王小明,現職
F131104093,A123456789,,休假
F131104093,x
A"1,x,y,現職
B142610160,` + strings.Repeat("長", 400) + `,林小美,現職
B142610160,lin,林小美,現職
`
	list, errs := personnel(t, text, roster.UTF8)
	assert.Len(t, list, 1)
	var said []string
	for _, err := range errs {
		said = append(said, fmt.Sprint(err.Line, " ", err.Column, " ", string(err.Reason), " ", err.First))
		for _, language := range []string{err.Error(), err.Chinese()} {
			for _, never := range []string{"A12345", "F1311", "wang", "WANG", "王小明", "林小美", "休假"} {
				assert.NotContains(t, language, never)
			}
		}
	}
	assert.Equal(t, []string{
		"2 id_number idNumber 0", "3 account duplicate 2", "4 id_number duplicate 3", "4 account duplicate 2",
		"5 account account 0", "5 name name 0", "5 status status 0", "6  fields 0", "7  csv 0", "8 account longField 0",
	}, said)
	assert.Equal(t, "line 4, column id_number: the same value stands on an earlier line; remove one of them (first on line 3)", errs[2].Error())
	assert.Equal(t, "第 4 行「身分證號」欄：與前面一行重複，請刪除其中一行（第一次在第 3 行）", errs[2].Chinese())
	assert.ErrorIs(t, errs[2], roster.ErrDuplicate)
}

func TestFilesThatAreRefusedAsAWhole(t *testing.T) {
	header := "身分證號,自訂帳號,姓名,狀態\n"
	big5, err := traditionalchinese.Big5.NewEncoder().String(header)
	require.NoError(t, err)
	latin := "id_number,account,name,status\n"
	tests := map[string]struct {
		text     string
		encoding roster.Encoding
		want     roster.Reason
	}{
		"empty":                {"", roster.UTF8, roster.ErrNoHeader},
		"mark alone":           {"\uFEFF", roster.UTF8, roster.ErrNoHeader},
		"no column":            {"身分證號,姓名,狀態\n", roster.UTF8, roster.ErrNoColumn},
		"two columns":          {"身分證號,id_number,自訂帳號,姓名,狀態\n", roster.UTF8, roster.ErrTwoColumns},
		"big5 as utf-8":        {big5, roster.UTF8, roster.ErrEncoding},
		"utf-8 as big5":        {header, roster.Big5, roster.ErrEncoding},
		"utf-16":               {"\xff\xfei\x00d\x00", roster.UTF8, roster.ErrEncoding},
		"bad byte":             {latin + "A123456789,wang,\xff,現職\n", roster.UTF8, roster.ErrEncoding},
		"bad byte in big5":     {latin + "A123456789,wang,\xff\xff,active\n", roster.Big5, roster.ErrEncoding},
		"quote without an end": {latin + "\"" + strings.Repeat("A123456789,wang,x,active\n", 10000), roster.UTF8, roster.ErrLongLine},
		"line without an end":  {strings.Repeat("x,", 100_000), roster.UTF8, roster.ErrLongLine},
		"too many columns":     {latin[:len(latin)-1] + strings.Repeat(",x", 100) + "\n", roster.UTF8, roster.ErrFields},
		"too many errors":      {latin + strings.Repeat("x,,王小明,active\n", 300), roster.UTF8, roster.ErrTooMany},
	}
	for name, test := range tests {
		list, errs := personnel(t, test.text, test.encoding)
		assert.Empty(t, list, name)
		require.NotEmpty(t, errs, name)
		last := errs[len(errs)-1]
		assert.Equal(t, test.want, last.Reason, name)
		assert.NotEmpty(t, last.Error())
		assert.NotEmpty(t, last.Chinese())
		if test.want == roster.ErrEncoding {
			assert.NotEqual(t, test.encoding, last.Try)
		}
		assert.LessOrEqual(t, len(errs), roster.MaxErrors+1, name)
	}
}

func TestAReaderThatBreaks(t *testing.T) {
	disk := errors.New("disk gone")
	_, errs := all(t, roster.Agencies(io.MultiReader(strings.NewReader("code,name,oid\nA,B,2.16.1\nA"), iotest.ErrReader(disk)), roster.UTF8))
	require.Len(t, errs, 1)
	assert.ErrorIs(t, errs[0], disk)
	assert.ErrorIs(t, errs[0], roster.ErrRead)
}

func TestAgencies(t *testing.T) {
	list, errs := all(t, roster.Agencies(strings.NewReader("機關代碼,機關名稱,機關oid\nA01,甲機關,2.16.886.101.1\nA02,,x\n,乙機關,2.16.886.101.1\n"), roster.UTF8))
	assert.Equal(t, []account.Agency{{OID: "2.16.886.101.1", Code: "A01", Name: "甲機關"}}, list)
	var reasons []roster.Reason
	for _, err := range errs {
		reasons = append(reasons, err.Reason)
	}
	assert.Equal(t, []roster.Reason{roster.ErrOID, roster.ErrName, roster.ErrDuplicate, roster.ErrCode}, reasons)
}

func TestBindings(t *testing.T) {
	list, errs := all(t, roster.Bindings(strings.NewReader("憑證機構,憑證序號,身分證號\nmoica,0001,A123456789\nmoica,0001,F131104093\n,2,x\nmoica,,B142610160\nMOICA,3,C123456781\n"), hasher, func(family string) bool { return family == "moica" }, roster.UTF8))
	assert.Equal(t, []account.Binding{{Card: account.CardKey{Family: "moica", Serial: "0001"}, Person: hasher.ID("A123456789")}}, list)
	var said []string
	for _, err := range errs {
		said = append(said, fmt.Sprint(err.Line, " ", err.Column, " ", string(err.Reason)))
	}
	assert.Equal(t, []string{"3 subject_serial duplicate", "4 issuer_family card", "4 id_number idNumber", "5 subject_serial card", "6 issuer_family family"}, said)
}

func TestWhoStopsReadsNoMore(t *testing.T) {
	read := 0
	for range roster.Personnel(strings.NewReader("id_number,account,name,status\nx,,,\ny,,,\n"), hasher, roster.UTF8) {
		read++
		break
	}
	assert.Equal(t, 1, read)
}

func TestEncodingNames(t *testing.T) {
	for _, encoding := range []roster.Encoding{roster.UTF8, roster.Big5} {
		got, ok := roster.ParseEncoding(strings.ToUpper(encoding.String()))
		assert.True(t, ok)
		assert.Equal(t, encoding, got)
	}
	_, ok := roster.ParseEncoding("utf-16")
	assert.False(t, ok)
}

// Whatever a file holds: no panic, an end, no row that the account room would not take, no quotation.
func FuzzPersonnel(f *testing.F) {
	f.Add([]byte("身分證號,自訂帳號,姓名,狀態\nA123456789,Wang,王小明,現職\n"), false)
	f.Add([]byte("\uFEFFid_number,account,name,status\nA123456789,\"a\nb\",x,left\n"), false)
	f.Add([]byte("id_number,account,name,status\nA123456789,wang,\xa4\xfd,active\n"), true)
	f.Fuzz(func(t *testing.T, file []byte, big5 bool) {
		encoding := roster.UTF8
		if big5 {
			encoding = roster.Big5
		}
		errs := 0
		for p, err := range roster.Personnel(bytes.NewReader(file), hasher, encoding) {
			if err != nil {
				errs++
				continue
			}
			assert.NotZero(t, p.ID)
			assert.NotZero(t, p.Tail)
			assert.Equal(t, p.Name, account.Name(p.Name))
			assert.NotEmpty(t, p.Name)
			if p.Account != "" {
				again, ok := account.Account(p.Account)
				assert.True(t, ok)
				assert.Equal(t, p.Account, again)
			}
		}
		assert.LessOrEqual(t, errs, 2*roster.MaxErrors)
	})
}
