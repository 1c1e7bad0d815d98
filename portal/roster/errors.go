package roster

import "fmt"

// Reason says what is wrong, in one word that a program can compare; it is an error for errors.Is.
type Reason string

// About a line.
const (
	ErrIDNumber  Reason = "idNumber"
	ErrAccount   Reason = "account"
	ErrName      Reason = "name"
	ErrStatus    Reason = "status"
	ErrOID       Reason = "oid"
	ErrCode      Reason = "code"
	ErrCard      Reason = "card"
	ErrFamily    Reason = "family"
	ErrDuplicate Reason = "duplicate"
	ErrFields    Reason = "fields"
	ErrLong      Reason = "longField"
)

// About the file: nothing more is read.
const (
	ErrNoHeader   Reason = "noHeader"
	ErrNoColumn   Reason = "noColumn"
	ErrTwoColumns Reason = "twoColumns"
	ErrEncoding   Reason = "encoding"
	ErrCSV        Reason = "csv"
	ErrLongLine   Reason = "longLine"
	ErrRows       Reason = "tooManyRows"
	ErrTooMany    Reason = "tooManyErrors"
	ErrRead       Reason = "unreadable"
)

type bilingual struct{ zh, en string }

var reasons = map[Reason]bilingual{
	ErrIDNumber:   {"身分證號的格式或檢查碼不正確，請更正", "no ID number by its form or check digit; correct it"},
	ErrAccount:    {"自訂帳號過長、含有無法使用的字元，或是身分證號的格式，請更正", "the account is too long, holds unusable characters, or has an ID number's form; correct it"},
	ErrName:       {"名稱空白或過長，請更正", "the name is empty or too long; correct it"},
	ErrStatus:     {"狀態須為「現職」或「卸職」，請更正", "the status must be active or left; correct it"},
	ErrOID:        {"機關 OID 須為以點分隔的數字，請更正", "the OID must be numbers with dots between; correct it"},
	ErrCode:       {"機關代碼空白或過長，請更正", "the code is empty or too long; correct it"},
	ErrCard:       {"憑證機構或憑證序號空白或過長，請更正", "issuer family or subject serial is empty or too long; correct it"},
	ErrFamily:     {"憑證機構不在簽發機構表中（大小寫須相同，例如 moica），請更正", "the issuer family is in no issuer table (write moica, not MOICA); correct it"},
	ErrDuplicate:  {"與前面一行重複，請刪除其中一行", "the same value stands on an earlier line; remove one of them"},
	ErrFields:     {"欄位數與標題列不同，請更正", "the line has not as many fields as the header; correct it"},
	ErrLong:       {"欄位過長，請更正", "the field is too long; correct it"},
	ErrNoHeader:   {"檔案是空的，請重新匯出", "the file is empty; export it again"},
	ErrNoColumn:   {"標題列缺少這個欄位，請加上（若標題列是亂碼，請改用另一種編碼）", "the header lacks this column; add it (if the header is garbled, try the other encoding)"},
	ErrTwoColumns: {"標題列有兩個這樣的欄位，請刪除其中一個", "the header has this column twice; remove one"},
	ErrEncoding:   {"文字編碼不正確", "the text is in another encoding"},
	ErrCSV:        {"引號不正確，無法讀取 CSV，請重新匯出", "the quotes are wrong, so it is no CSV; export the file again"},
	ErrLongLine:   {"這一行過長，請檢查引號", "the line is too long; look for a quote that is not closed"},
	ErrRows:       {"檔案超過五百萬行，請分割", "the file has over five million rows; divide it"},
	ErrTooMany:    {"錯誤過多，後面不再檢查", "too many errors; the rest was not looked at"},
	ErrRead:       {"無法讀取檔案", "the file cannot be read"},
}

// Error implements error, in English.
func (r Reason) Error() string { return reasons[r].en }

// LineError is one thing wrong in a file; it quotes nothing of it.
type LineError struct {
	Line   int    // from 1, the header included
	Column string // its English name; empty: the whole line
	Reason Reason
	First  int      // ErrDuplicate: the line where the value stood first
	Try    Encoding // ErrEncoding: the encoding to try
	Cause  error    // ErrRead: what the reader said

	chinese string // the column's Chinese name
}

// Error is the English text.
func (e *LineError) Error() string {
	text := fmt.Sprintf("line %d", e.Line)
	if e.Column != "" {
		text += ", column " + e.Column
	}
	text += ": " + e.Reason.Error()
	switch {
	case e.Reason == ErrDuplicate:
		text += fmt.Sprintf(" (first on line %d)", e.First)
	case e.Reason == ErrEncoding:
		text += fmt.Sprintf("; try %s", e.Try)
	case e.Cause != nil:
		text += ": " + e.Cause.Error()
	}
	return text
}

// Chinese is the text in zh-TW.
func (e *LineError) Chinese() string {
	text := fmt.Sprintf("第 %d 行", e.Line)
	if e.chinese != "" {
		text += "「" + e.chinese + "」欄"
	}
	text += "：" + reasons[e.Reason].zh
	switch {
	case e.Reason == ErrDuplicate:
		text += fmt.Sprintf("（第一次在第 %d 行）", e.First)
	case e.Reason == ErrEncoding:
		text += fmt.Sprintf("，請改用 %s", e.Try)
	case e.Cause != nil:
		text += "：" + e.Cause.Error()
	}
	return text
}

// Is lets errors.Is find the reason.
func (e *LineError) Is(target error) bool { return target == error(e.Reason) }

// Unwrap gives what the reader said.
func (e *LineError) Unwrap() error { return e.Cause }
