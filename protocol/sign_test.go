package protocol

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func signTitled(titles ...string) SignParams {
	p := SignParams{Origin: "https://ecpa.dgpa.gov.tw"}
	for _, title := range titles {
		p.Documents = append(p.Documents, Document{Title: title, Content: &[]byte{'x'}})
	}
	return p
}

// A person must see what a document is called: a title without ink would leave a line with a digest alone, as a bare digest has.
func TestTitlesThatNobodySees(t *testing.T) {
	for _, title := range []string{
		"", " ", "\t\n", "\u3000\u00a0\u2003", "\u200b\u200d\ufeff", "\u202e\u2066\u2069", "\u2028\u2029", "\u00ad", "\u034f", "\u115f\u1160",
		"\u3164", "\uffa0", "\u2800", "\u180e\u17b4", "\ufe0f", "\U000e0041\U000e0101", "\U0001D159", "\U00013441", "\u0301", "\x00\x7f",
		" \u200b\u3164\u2800\u202e ", strings.Repeat("長", 201),
	} {
		require.ErrorIs(t, signTitled(title).Check(), &Error{Code: DocumentInvalid}, "%q", title)
		require.ErrorIs(t, signTitled("請假單", title).Check(), &Error{Code: DocumentInvalid}, "%q", title)
	}
	for _, title := range []string{"請假單", "x", "1", "（）", "📄", "\ue000", "\u202e單", "\u200b-", "e\u0301", "ㅤㄱ", strings.Repeat("長", 200)} {
		require.NoError(t, signTitled(title).Check(), "%q", title)
	}
}

func TestNumbersOfDocuments(t *testing.T) {
	many := strings.Split(strings.Repeat("公", MaxDocuments+1), "")
	require.NoError(t, signTitled(many[1:]...).Check())
	for _, titles := range [][]string{nil, many, strings.Split(strings.Repeat("公", 2000), "")} {
		require.ErrorIs(t, signTitled(titles...).Check(), &Error{Code: DocumentInvalid}, len(titles))
	}
}

// A page whose nonce came out empty meant to have one.
func TestANonceThatIsEmpty(t *testing.T) {
	text := func(nonce string) []byte {
		return []byte(`{"jsonrpc":"2.0","id":"1","method":"sign","params":{"origin":"https://ecpa.dgpa.gov.tw","documents":[{"title":"x","content":""}]` + nonce + `}}`)
	}
	require.NoError(t, accept(text("")))
	require.NoError(t, accept(text(`,"nonce":"AQ=="`)))
	for _, nonce := range []string{`,"nonce":""`, `,"nonce":"` + strings.Repeat("AAAA", 22) + `"`} {
		require.ErrorIs(t, accept(text(nonce)), &Error{Code: InvalidParams}, nonce)
	}
}
