package house

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terms are what IT in Taiwan calls a thing: the product, its documents, Group Policy have one word for it. Here the others are cut in
// two, so that this file has none of them.
var terms = map[string]string{
	"記" + "錄檔":  "紀錄檔 (log)",
	"協助" + "窗口": "服務窗口 (help desk)",
	"指令" + "稿":  "指令碼 (script)",
	"代理" + "服務": "代理程式 (agent)",
}

// others are the words of terms that a text uses.
func others(text string) (found []string) {
	text = strings.ReplaceAll(text, "事件記"+"錄檔", "") // so Windows itself calls its event log
	for word := range terms {
		if strings.Contains(text, word) {
			found = append(found, word)
		}
	}
	return found
}

func TestOneThingHasOneName(t *testing.T) {
	all, err := files()
	require.NoError(t, err)
	checked := 0
	for name, text := range all {
		if within(name, "dist") {
			continue
		}
		checked++
		for _, word := range others(text) {
			assert.Fail(t, "another name", "%s says %s: write %s", name, word, terms[word])
		}
	}
	require.Greater(t, checked, 500)
	require.Equal(t, []string{"指令" + "稿"}, others("安裝指令"+"稿、指令碼、事件記"+"錄檔"), "a bad text is seen")
}
