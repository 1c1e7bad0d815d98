package policy

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// validDocuments are judged by the code and by the schema.
var validDocuments = []string{
	`{}`,
	`{"version":1}`,
	`{"portals":[{"origin":"https://hr.example.gov.tw","operations":["authenticate"],"pinFromPage":true,"cardKinds":["agency"]}],
		"modules":["/usr/lib/a.so"],"extensions":["abcdefghijklmnopabcdefghijklmnop"],"unlock":{"agency":"https://unlock.example.gov.tw/"},"deadlines":{"scan":20000}}`,
	`{"portals":[{"origin":"https://a.gov.tw"}]}`,
	`{"portals":[{"origin":"https://a.gov.tw:8443","operations":[]},{"origin":"https://[2001:db8::1]","operations":["sign","signRaw"]}]}`,
	`{"portals":[{"origin":"http://127.0.0.1:8080","operations":[]},{"origin":"http://[::1]:65535"},{"origin":"http://localhost"}]}`,
	`{"extensions":["cardbridge@cardbridge.tw","{01234567-89ab-CDEF-0123-456789abcdef}"]}`,
	`{"unlock":{"citizen":"https://a.gov.tw","agency":"https://a.gov.tw:8443/解鎖?x=%20#y"}}`,
	`{"deadlines":{"scan":0,"prepare":100,"login":120000,"sign":99999,"reset":101}}`,
	`{"portals":[{"origin":"https://a.gov.tw","operations":[],"cardKinds":[],"webEID":false}],"modules":[]}`,
	`{"language":"zh-TW","audit":false}`,
	`{"language":"en","audit":true,"portals":[{"origin":"https://a.gov.tw","issuers":["內政部憑證管理中心","Example CA - G2"],"pinSource":"pad"},
		{"origin":"https://b.gov.tw","issuers":[],"pinSource":"any","pinFromPage":true}]}`,
	`{"install":{"module":"https://a.gov.tw/hicos","reader":"https://a.gov.tw/讀卡機?x=%20","pcsc":"https://a.gov.tw:8443"}}`,
	`{"helpDesk":{"text":"資訊室 分機 1234","phone":"(02) 2345-6789 #1234","url":"https://help.gov.tw/","email":"help.desk@dgpa.gov.tw"}}`,
	`{"install":{},"helpDesk":{},"log":{}}`,
	`{"log":{"level":"debug","folder":"/var/log/cardbridge","maxMegabytes":1000}}`,
	`{"log":{"level":"error","maxMegabytes":0}}`,
}

type bad struct {
	text string
	code string
	// where it stands
	pointer      string
	line, column int
}

// an opens the entry of a portal.
const an = `{"portals":[{"origin":"https://a.gov.tw","operations":[]`

var badDocuments = map[string]bad{
	"webEID as a word":         {an + `,"webEID":"yes"}]}`, "type", "/portals/0/webEID", 1, 67},
	"webEID in another case":   {an + `,"webEid":true}]}`, "unknownMember", "/portals/0/webEid", 1, 58},
	"not JSON":                 {`{`, "syntax", "", 1, 2},
	"empty":                    {``, "syntax", "", 1, 1},
	"two values":               {"{}\n{}", "syntax", "", 2, 1},
	"a comment":                {"{\n  // x\n}", "syntax", "", 2, 3},
	"unknown member":           {`{"portal":[]}`, "unknownMember", "/portal", 1, 2},
	"differently cased":        {`{"Portals":[]}`, "unknownMember", "/Portals", 1, 2},
	"twice a member":           {`{"portals":[],"portals":[]}`, "duplicate", "/portals", 1, 15},
	"no object":                {`[]`, "type", "", 1, 1},
	"portals as an object":     {`{"portals":{}}`, "type", "/portals", 1, 12},
	"null":                     {`null`, "null", "", 1, 1},
	"null as a list":           {"{\"portals\":\n null}", "null", "/portals", 2, 2},
	"null as an operation":     {`{"portals":[{"origin":"https://a.gov.tw","operations":[null]}]}`, "null", "/portals/0/operations/0", 1, 56},
	"version 2":                {`{"version":2}`, "version", "/version", 1, 12},
	"version 0":                {`{"version":0}`, "version", "/version", 1, 12},
	"version 2, new members":   {`{"logs":{}, "version": 2}`, "version", "/version", 1, 24},
	"version 2, deep members":  {`{"logs":` + strings.Repeat("[", 9000) + strings.Repeat("[],", 300_000) + `0` + strings.Repeat("]", 9000) + `,"version":2}`, "version", "/version", 1, 918_021},
	"version as a word":        {`{"version":"1"}`, "type", "/version", 1, 12},
	"version between":          {`{"version":1.5}`, "type", "/version", 1, 12},
	"version null":             {`{"version":null}`, "null", "/version", 1, 12},
	"unknown card kind":        {an + `,"cardKinds":["agency","citzen"]}]}`, "cardKind", "/portals/0/cardKinds/1", 1, 80},
	"unknown operation":        {`{"portals":[{"origin":"https://a.gov.tw","operations":["unlock"]}]}`, "operation", "/portals/0/operations/0", 1, 56},
	"no origin":                {`{"portals":[ {"operations":[]}]}`, "origin", "/portals/0/origin", 1, 14},
	"path behind":              {`{"portals":[{"origin":"https://a.gov.tw/"}]}`, "origin", "/portals/0/origin", 1, 23},
	"default port":             {`{"portals":[{"origin":"https://a.gov.tw:443"}]}`, "origin", "/portals/0/origin", 1, 23},
	"default port of http":     {`{"portals":[{"origin":"http://localhost:80"}]}`, "origin", "/portals/0/origin", 1, 23},
	"port beyond":              {`{"portals":[{"origin":"https://a.gov.tw:65536"}]}`, "origin", "/portals/0/origin", 1, 23},
	"upper case":               {`{"portals":[{"origin":"https://A.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"a Cyrillic letter":        {`{"portals":[{"origin":"https://еcpa.dgpa.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"plain http":               {`{"portals":[{"origin":"http://a.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"http on a look-alike":     {`{"portals":[{"origin":"http://localhost.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"wildcard":                 {`{"portals":[{"origin":"*"}]}`, "origin", "/portals/0/origin", 1, 23},
	"wildcard host":            {`{"portals":[{"origin":"https://*.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"a person in the origin":   {`{"portals":[{"origin":"https://x@a.gov.tw"}]}`, "origin", "/portals/0/origin", 1, 23},
	"a terminal's sequence":    {`{"portals":[{"origin":"https://a\u001b[2J"}]}`, "origin", "/portals/0/origin", 1, 23},
	"an origin twice":          {an + `},` + "\n" + `  {"origin":"https://a.gov.tw"}]}`, "originTwice", "/portals/1/origin", 2, 13},
	"relative module":          {`{"modules":["opensc-pkcs11.so"]}`, "module", "/modules/0", 1, 13},
	"dotted module":            {`{"modules":["/a.so","/usr/lib/../tmp/x.so"]}`, "module", "/modules/1", 1, 21},
	"a module with a control":  {`{"modules":["/a\u0000.so"]}`, "module", "/modules/0", 1, 13},
	"module that is a folder":  {`{"modules":["/"]}`, "module", "/modules/0", 1, 13},
	"module with slash behind": {`{"modules":["/usr/lib/"]}`, "module", "/modules/0", 1, 13},
	"short extension id":       {`{"extensions":["abcdefghijklmnopabcdefghijklmno"]}`, "extension", "/extensions/0", 1, 16},
	"extension with a path":    {`{"extensions":["abcdefghijklmnopabcdefghijklmnop/"]}`, "extension", "/extensions/0", 1, 16},
	"script as link":           {`{"unlock":{"citizen":"javascript:alert(1)"}}`, "unlock", "/unlock/citizen", 1, 22},
	"empty link":               {`{"unlock":{"citizen":""}}`, "unlock", "/unlock/citizen", 1, 22},
	"a person in the link":     {`{"unlock":{"citizen":"https://x@a.gov.tw/"}}`, "unlock", "/unlock/citizen", 1, 22},
	"bad escape in the link":   {`{"unlock":{"citizen":"https://a.gov.tw/%zz"}}`, "unlock", "/unlock/citizen", 1, 22},
	"backslash in the link":    {`{"unlock":{"citizen":"https://a.gov.tw/\\x"}}`, "unlock", "/unlock/citizen", 1, 22},
	"wide blank in the link":   {`{"unlock":{"citizen":"https://a.gov.tw/解 鎖"}}`, "unlock", "/unlock/citizen", 1, 22},
	"turned link":              {`{"unlock":{"citizen":"https://a.gov.tw/` + "\u202e" + `x"}}`, "unlock", "/unlock/citizen", 1, 22},
	"endless link":             {`{"unlock":{"citizen":"https://a.gov.tw/` + strings.Repeat("x", 2048) + `"}}`, "unlock", "/unlock/citizen", 1, 22},
	"another language":         {`{"language":"zh-tw"}`, "language", "/language", 1, 13},
	"no language":              {`{"language":""}`, "empty", "/language", 1, 13},
	"language as a list":       {`{"language":["en"]}`, "type", "/language", 1, 13},
	"audit as a word":          {`{"audit":"yes"}`, "type", "/audit", 1, 10},
	"audit null":               {`{"audit":null}`, "null", "/audit", 1, 10},
	"unnamed issuer":           {an + `,"issuers":["a",""]}]}`, "issuer", "/portals/0/issuers/1", 1, 73},
	"turned issuer":            {an + `,"issuers":["a` + "\u202e" + `"]}]}`, "issuer", "/portals/0/issuers/0", 1, 69},
	"endless issuer":           {an + `,"issuers":["` + strings.Repeat("發", 201) + `"]}]}`, "issuer", "/portals/0/issuers/0", 1, 69},
	"one issuer as a word":     {an + `,"issuers":"a"}]}`, "type", "/portals/0/issuers", 1, 68},
	"PIN from elsewhere":       {an + `,"pinSource":"computer"}]}`, "pinSource", "/portals/0/pinSource", 1, 70},
	"PIN from nowhere":         {an + `,"pinSource":""}]}`, "empty", "/portals/0/pinSource", 1, 70},
	"pad and page":             {an + `,"pinSource":"pad","pinFromPage":true}]}`, "pinConflict", "/portals/0/pinFromPage", 1, 90},
	"script to install":        {`{"install":{"reader":"javascript:alert(1)"}}`, "address", "/install/reader", 1, 22},
	"plain http to install":    {`{"install":{"module":"http://a.gov.tw/"}}`, "address", "/install/module", 1, 22},
	"something to install":     {`{"install":{"modules":"https://a.gov.tw/"}}`, "unknownMember", "/install/modules", 1, 13},
	"help on two lines":        {`{"helpDesk":{"text":"a\nb"}}`, "helpText", "/helpDesk/text", 1, 21},
	"help that is not seen":    {`{"helpDesk":{"text":" "}}`, "helpText", "/helpDesk/text", 1, 21},
	"endless help":             {`{"helpDesk":{"text":"` + strings.Repeat("室", 121) + `"}}`, "helpText", "/helpDesk/text", 1, 21},
	"help nowhere":             {`{"helpDesk":{"url":""}}`, "empty", "/helpDesk/url", 1, 20},
	"phone with words":         {`{"helpDesk":{"phone":"02-2345 ext 1"}}`, "phone", "/helpDesk/phone", 1, 22},
	"page of no help":          {`{"helpDesk":{"url":"data:text/html,x"}}`, "address", "/helpDesk/url", 1, 20},
	"mail to nobody":           {`{"helpDesk":{"email":"@dgpa.gov.tw"}}`, "email", "/helpDesk/email", 1, 22},
	"mail with a header":       {`{"helpDesk":{"email":"a@b.tw?cc=c@d.tw"}}`, "email", "/helpDesk/email", 1, 22},
	"level of no log":          {`{"log":{"level":"trace"}}`, "logLevel", "/log/level", 1, 17},
	"relative log":             {`{"log":{"folder":"logs"}}`, "logFolder", "/log/folder", 1, 18},
	"log at the root":          {`{"log":{"folder":"/"}}`, "logFolder", "/log/folder", 1, 18},
	"log that grows":           {`{"log":{"maxMegabytes":1001}}`, "logSize", "/log/maxMegabytes", 1, 24},
	"log that shrinks":         {`{"log":{"maxMegabytes":-1}}`, "logSize", "/log/maxMegabytes", 1, 24},
	"log of half a megabyte":   {`{"log":{"maxMegabytes":0.5}}`, "type", "/log/maxMegabytes", 1, 24},
	"unlock of no card kind":   {`{"unlock":{"cit/zen":"https://a.gov.tw/"}}`, "cardKind", "/unlock/cit~1zen", 1, 12},
	"hasty deadline":           {`{"deadlines":{"sign":99}}`, "deadline", "/deadlines/sign", 1, 22},
	"endless deadline":         {`{"deadlines":{"login":120001}}`, "deadline", "/deadlines/login", 1, 23},
	"negative deadline":        {`{"deadlines":{"reset":-1}}`, "deadline", "/deadlines/reset", 1, 23},
	"deadline beyond integers": {`{"deadlines":{"reset":1e999}}`, "type", "/deadlines/reset", 1, 23},
	"invalid UTF-8":            {"{\"portals\":[],\n\"x\xff\":1}", "encoding", "", 2, 3},
	"half a UTF-16 pair":       {`{"modules":["\ud800"]}`, "syntax", "/modules/0", 1, 14},
	"UTF-16":                   {"\xff\xfe{\x00}\x00", "encoding", "", 1, 1},
	"byte order mark":          {"\xef\xbb\xbf{}", "encoding", "", 1, 1},
	"nested deeply":            {strings.Repeat("[", maxBytes), "type", "", 1, 1},
	"nested deeply in a list":  {`{"portals":` + strings.Repeat("[", maxBytes-20) + `}`, "type", "/portals/0", 1, 13},
	"too large":                {`{"portals":[]` + strings.Repeat(" ", maxBytes) + `}`, "tooLarge", "", 0, 0},
}

// fileFaults are faults of the file, which no text shows.
var fileFaults = []string{"unreadable", "notRegular", "link", "owner", "writable", "folderOwner", "folderWritable"}

func TestBadDocumentsFailClosed(t *testing.T) {
	seen := map[string]bool{}
	for name, c := range badDocuments {
		t.Run(name, func(t *testing.T) {
			p := load(t, c.text)
			require.ErrorContains(t, p.Err(), "policy.json")
			_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
			require.ErrorIs(t, err, ErrInvalid)
			_, _, err = p.Operations("https://a.gov.tw")
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, p.Modules())
			require.Empty(t, p.UnlockURL("citizen"))
			f := p.Fault()
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, []any{c.pointer, c.line, c.column}, []any{f.Pointer, f.Line, f.Column})
			chinese, english := f.Texts()
			for _, text := range []string{chinese, english} {
				assert.NotRegexp(t, `[\x00-\x1f\x7f]|\{(value|allowed)\}`, text)
				assert.Less(t, len(text), 1000)
			}
			seen[f.Code] = true
		})
	}
	// the others are the file's, not the text's: file_test.go
	for code := range faults {
		if !seen[code] {
			assert.Contains(t, fileFaults, code, "no document of these tests shows it")
		}
	}
}

func TestAFaultSaysWhereAndWhat(t *testing.T) {
	_, f := decode(strings.NewReader("{\n  \"portals\": [\n    {\"origin\": \"https://a.gov.tw/\"}]}"))
	require.EqualError(t, f, `line 3, column 16 (/portals/0/origin): "https://a.gov.tw/" is not an origin; write https://host or https://host:port: lower case, no default port, nothing behind; http on loopback only`)
	chinese, _ := f.Texts()
	require.Contains(t, chinese, `"https://a.gov.tw/" 不是來源。請寫成`)
	place, _ := f.Place()
	require.Equal(t, "第 3 行第 16 字 (/portals/0/origin)", place)
	for code, text := range faults {
		assert.Regexp(t, `\p{Han}.*。$`, text.chinese, code)
		assert.NotRegexp(t, `\p{Han}`, text.english, code)
	}
}

// Packages put a policy in place that says what the built-in one does, so that whoever edits it sees what is in force.
func TestThePackagedPolicyIsTheBuiltIn(t *testing.T) {
	f, err := os.Open("../../../installer/linux/policy.json")
	require.NoError(t, err)
	defer f.Close()
	doc, bad := decode(f)
	require.Nil(t, bad)
	require.Equal(t, documentVersion, *doc.Version)
	doc.Version = nil
	require.Equal(t, builtIn, doc)
}
