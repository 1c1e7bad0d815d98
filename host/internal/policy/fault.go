package policy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault says why a document cannot be used, where the mistake stands, what IT does about it.
type Fault struct {
	Code    string // a key of faults
	Pointer string // JSON Pointer (RFC 6901) of the value; "": the whole document
	Line    int    // from 1; 0: no place in the text
	Column  int    // from 1, in characters
	// Registry is the value of the registry that is the mistake, as key\value; "": it is the document's.
	Registry string
	value    string // what stands there, quoted, shortened
	allowed  words
}

// words are one text in both languages.
type words struct{ chinese, english string }

// faults are the texts: what happened, what to do. {value} is what was found, {allowed} what may stand there.
var faults = map[string]words{
	"unreadable":     {"無法讀取（{value}）。請確認它存在而且可以讀取。", "it cannot be read ({value}); see that it exists and may be read"},
	"notRegular":     {"這不是一般檔案。請指定一般檔案。", "not a regular file; put a regular file here"},
	"link":           {"這是符號連結，不會跟隨。請直接指定它所指的檔案。", "a symbolic link, which is not followed; name the file that it leads to"},
	"owner":          {"檔案的擁有者是 {value}，必須是 {allowed}。請改變擁有者。", "owned by {value}; it must belong to {allowed}: change its owner"},
	"writable":       {"檔案權限 {value} 讓其他人可以寫入。請執行 chmod go-w。", "mode {value}; only its owner may write it (chmod go-w)"},
	"folderOwner":    {"所在資料夾的擁有者是 {value}，必須是 {allowed}。請改變資料夾的擁有者。", "its folder is owned by {value}; it must belong to {allowed}: change the folder's owner"},
	"folderWritable": {"所在資料夾的權限 {value} 讓其他人可以替換檔案。請對資料夾執行 chmod go-w。", "its folder has mode {value}, so that others could replace the file (chmod go-w on the folder)"},
	"tooLarge":       {"超過 {allowed} 位元組。請刪去不需要的內容。", "larger than {allowed} bytes; remove what is not needed"},
	"encoding":       {"不是沒有 BOM 的 UTF-8 文字。請以 UTF-8（不含 BOM）另存。", "not UTF-8 without a byte order mark; save it as UTF-8 without BOM"},
	"syntax":         {"這裡不是正確的 JSON（{value}）。請檢查引號、逗號與括號。", "not JSON here ({value}); check quotes, commas and brackets"},
	"duplicate":      {"同一個名稱出現兩次。請只保留一個。", "the same name stands twice; keep one"},
	"type":           {"這個值的型別不對，必須是{allowed}。請更正這個值。", "a value of the wrong type; it must be {allowed}"},
	"null":           {"不可以是 null。不需要的項目請整個刪除。", "null is no value here; leave the member out instead"},
	"empty":          {"不可以是空字串。不需要的項目請整個刪除。", "an empty string is no value here; leave the member out instead"},
	"unknownMember":  {"沒有這個名稱：{value}。請檢查拼字與大小寫。", "no such member: {value}; check spelling and letter case"},
	"version":        {"版本 {value} 不是這個程式認得的 {allowed}。請改為 {allowed}，或更新 CardBridge。", "version {value} is not the {allowed} that this program knows; write {allowed}, or update CardBridge"},
	"origin":         {"{value} 不是來源。請寫成 https://主機 或 https://主機:連接埠：小寫、不寫預設連接埠、後面沒有任何字；http 只能用於本機。", "{value} is not an origin; write https://host or https://host:port: lower case, no default port, nothing behind; http on loopback only"},
	"originTwice":    {"{value} 已經出現在前面的項目。請合併成一項。", "{value} stands twice; make one entry of both"},
	"operation":      {"沒有 {value} 這項功能。可用的有：{allowed}。", "{value} is no operation; use {allowed}"},
	"cardKind":       {"沒有 {value} 這種卡片。可用的有：{allowed}。", "{value} is no card kind; use {allowed}"},
	"module":         {"{value} 不是模組檔案的絕對路徑。請寫完整路徑，不含 . 或 ..。", "{value} is not an absolute path of a module's file; write the whole path, without . or .."},
	"extension":      {"{value} 不是擴充功能的識別碼。Chromium 是 a 到 p 的 32 個字母，Firefox 是「名稱@網域」或 GUID。", "{value} is no extension id; Chromium's are 32 letters a to p, Firefox's are name@domain or a GUID"},
	"unlock":         {"{value} 不是 https 網址。請寫憑證管理中心解鎖網頁的完整網址。", "{value} is not an https address; write the whole address of the CA's unlock page"},
	"language":       {"沒有 {value} 這種語言。可用的有：{allowed}。", "{value} is no language of the window; use {allowed}"},
	"issuer":         {"{value} 不是發證單位的名稱。請照視窗顯示的「發證單位」寫 1 到 {allowed} 個字，不含控制或方向字元。", "{value} is no issuer's name; write what the window shows as the issuer: 1 to {allowed} characters, no control or direction characters"},
	"pinSource":      {"沒有 {value} 這種輸入方式。可用的有：{allowed}。", "{value} is no place to type a PIN at; use {allowed}"},
	"pinConflict":    {"pinSource 是 pad 的網站不能同時有 pinFromPage。請刪去其中一項。", "a portal with pinSource pad cannot have pinFromPage; remove one of them"},
	"address":        {"{value} 不是 https 網址。請寫完整網址，最多 2048 個字，不含空白與反斜線。", "{value} is not an https address; write the whole address, of at most 2048 characters, without blanks and backslashes"},
	"helpText":       {"{value} 不能顯示。請寫 1 到 {allowed} 個字，不以空白開頭，不含換行、控制或方向字元。", "{value} cannot be shown; write 1 to {allowed} characters, none blank in front, no line breaks, control or direction characters"},
	"phone":          {"{value} 不是電話號碼。請寫 2 到 40 個字：數字與 + - ( ) # * , ; . /。", "{value} is no phone number; write 2 to 40 characters: digits and + - ( ) # * , ; . /"},
	"email":          {"{value} 不是電子郵件地址。請寫「名稱@網域」，網域用小寫。", "{value} is no e-mail address; write name@domain, the domain in lower case"},
	"logLevel":       {"沒有 {value} 這種記錄層級。可用的有：{allowed}。", "{value} is no level of the log; use {allowed}"},
	"logFolder":      {"{value} 不是資料夾的絕對路徑。請寫完整路徑，不含 . 或 ..。", "{value} is not an absolute path of a folder; write the whole path, without . or .."},
	"logSize":        {"{value} 不在允許範圍。請寫 1 到 {allowed}，單位是 MiB；0 表示使用預設值。", "{value} is not allowed; write 1 to {allowed}, in MiB, or 0 for the built-in value"},
	"deadline":       {"{value} 不在允許範圍。請寫 {allowed}，單位是毫秒；0 表示使用預設值。", "{value} is not allowed; write {allowed}, in milliseconds, or 0 for the built-in value"},
}

// Error is the English text, with the place in front.
func (f *Fault) Error() string {
	_, english := f.Texts()
	if _, place := f.Place(); place != "" {
		return place + ": " + english
	}
	return english
}

// Texts says in Chinese and in English what happened and what to do.
func (f *Fault) Texts() (chinese, english string) {
	text := faults[f.Code]
	chinese = strings.NewReplacer("{value}", f.value, "{allowed}", f.allowed.chinese).Replace(text.chinese)
	english = strings.NewReplacer("{value}", f.value, "{allowed}", f.allowed.english).Replace(text.english)
	return chinese, english
}

// Place says where the mistake stands in the document or in the registry, in both languages; "": it is no mistake of the text.
func (f *Fault) Place() (chinese, english string) {
	if f.Registry != "" {
		return "登錄檔 " + f.Registry, "registry, " + f.Registry
	}
	if f.Line == 0 {
		return "", ""
	}
	chinese, english = fmt.Sprintf("第 %d 行第 %d 字", f.Line, f.Column), fmt.Sprintf("line %d, column %d", f.Line, f.Column)
	if f.Pointer != "" {
		shown := " (" + strings.Trim(quote(f.Pointer), `"`) + ")"
		return chinese + shown, english + shown
	}
	return chinese, english
}

// fault is one at a value; allowed reads the same in both languages.
func fault(code, pointer, value, allowed string) *Fault {
	return &Fault{Code: code, Pointer: pointer, value: value, allowed: words{allowed, allowed}}
}

// mostShown is how much of a hostile value a terminal or a log gets.
const mostShown = 120

// quote shows a string of a document: control characters escaped, so that a terminal obeys none.
func quote(s string) string {
	if utf8.RuneCountInString(s) > mostShown {
		s = string([]rune(s)[:mostShown]) + "…"
	}
	return strconv.Quote(s)
}

// at gives the fault its line and column.
func (f *Fault) at(raw []byte, offset int) *Fault {
	before := string(raw[:min(max(offset, 0), len(raw))])
	f.Line = 1 + strings.Count(before, "\n")
	f.Column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return f
}
