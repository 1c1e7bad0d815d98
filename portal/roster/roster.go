// Package roster reads the files that a personnel office exports.
//
// A file is CSV (RFC 4180) with a header; columns are found by name, in Chinese or English, in any order; columns of other
// names are passed over. A line that cannot be used is reported, the next one is read: whoever imports stops at the first
// error, whoever checks a file lists them all. No error quotes an ID number, a name or an account.
package roster

import (
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/cardbridge/cardbridge/portal/account"
)

// Limits of a file.
const (
	MaxRows   = 5_000_000
	MaxLine   = 64 << 10 // bytes, a quoted field's line breaks included
	MaxField  = 1000     // bytes
	MaxFields = 100
	MaxErrors = 100 // of lines; the sequence ends after so many

	maxCode   = 64
	maxSerial = 200
	maxOID    = 128
)

// Encoding is how a file's text is written.
type Encoding int

// Encodings.
const (
	UTF8 Encoding = iota // with or without a byte order mark
	Big5
)

// ParseEncoding reads "utf-8" or "big5", in any letter case.
func ParseEncoding(name string) (Encoding, bool) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return UTF8, true
	case "big5":
		return Big5, true
	}
	return UTF8, false
}

// String is what ParseEncoding reads.
func (e Encoding) String() string {
	if e == Big5 {
		return "big5"
	}
	return "utf-8"
}

// other is worth a try where this one fails.
func (e Encoding) other() Encoding { return Big5 - e }

// Columns by their English name; the file may say either.
var (
	idNumber = column{"id_number", "身分證號"}
	custom   = column{"account", "自訂帳號"}
	name     = column{"name", "姓名"}
	status   = column{"status", "狀態"}
	code     = column{"code", "機關代碼"}
	agency   = column{"name", "機關名稱"}
	oid      = column{"oid", "機關OID"}
	family   = column{"issuer_family", "憑證機構"}
	serial   = column{"subject_serial", "憑證序號"}
)

// inOffice by what stands in the column status.
var inOffice = map[string]bool{"現職": true, "active": true, "卸職": false, "left": false}

// dotted is an object identifier: X.660 lets the first arc be 0 to 2.
var dotted = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)

// Personnel reads 身分證號/id_number, 自訂帳號/account (may be empty), 姓名/name, 狀態/status (現職/active, 卸職/left). Each error is a
// *LineError; nothing follows one whose Reason is about the file as a whole.
func Personnel(r io.Reader, hasher account.Hasher, encoding Encoding) iter.Seq2[account.Person, error] {
	ids, accounts := seen[account.Hash]{}, seen[string]{}
	return rows(r, encoding, []column{idNumber, custom, name, status}, func(l *line) (p account.Person) {
		if number, ok := account.IDNumber(l.text(idNumber)); ok {
			p.ID, p.Tail = hasher.ID(number), hasher.Tail(number[len(number)-4:])
			ids.check(l, idNumber, p.ID)
		} else {
			l.refuse(idNumber, ErrIDNumber)
		}
		if text := l.text(custom); text != "" {
			own, ok := account.Account(text)
			if !ok {
				l.refuse(custom, ErrAccount)
			} else {
				accounts.check(l, custom, own)
			}
			p.Account = own
		}
		if p.Name = account.Name(l.text(name)); !printable(p.Name, MaxField) {
			l.refuse(name, ErrName)
		}
		known := false
		if p.InOffice, known = inOffice[strings.ToLower(l.text(status))]; !known {
			l.refuse(status, ErrStatus)
		}
		return p
	})
}

// Agencies reads 機關代碼/code, 機關名稱/name, 機關OID/oid (dotted). Errors as Personnel's.
func Agencies(r io.Reader, encoding Encoding) iter.Seq2[account.Agency, error] {
	oids := seen[string]{}
	return rows(r, encoding, []column{code, agency, oid}, func(l *line) account.Agency {
		a := account.Agency{OID: l.text(oid), Code: l.text(code), Name: l.text(agency)}
		if !dotted.MatchString(a.OID) || len(a.OID) > maxOID {
			l.refuse(oid, ErrOID)
		} else {
			oids.check(l, oid, a.OID)
		}
		if !printable(a.Code, maxCode) {
			l.refuse(code, ErrCode)
		}
		if !printable(a.Name, MaxField) {
			l.refuse(agency, ErrName)
		}
		return a
	})
}

// Bindings reads 憑證機構/issuer_family (the verifier's word), 憑證序號/subject_serial (the subject's serialNumber, never the
// certificate's), 身分證號/id_number. A family that known does not know is an error: such a card would never be found.
// Errors as Personnel's.
func Bindings(r io.Reader, hasher account.Hasher, known func(family string) bool, encoding Encoding) iter.Seq2[account.Binding, error] {
	cards, persons := seen[account.CardKey]{}, seen[account.Hash]{}
	return rows(r, encoding, []column{family, serial, idNumber}, func(l *line) (b account.Binding) {
		b.Card = account.CardKey{Family: l.text(family), Serial: l.text(serial)}
		switch {
		case !printable(b.Card.Family, maxSerial):
			l.refuse(family, ErrCard)
		case !printable(b.Card.Serial, maxSerial):
			l.refuse(serial, ErrCard)
		case !known(b.Card.Family):
			l.refuse(family, ErrFamily)
		default:
			cards.check(l, serial, b.Card)
		}
		if number, ok := account.IDNumber(l.text(idNumber)); ok {
			b.Person = hasher.ID(number)
			persons.check(l, idNumber, b.Person)
		} else {
			l.refuse(idNumber, ErrIDNumber)
		}
		return b
	})
}

// seen remembers on which line a value stood first.
type seen[K comparable] map[K]int

func (s seen[K]) check(l *line, of column, value K) {
	if first, twice := s[value]; twice {
		l.refuse(of, ErrDuplicate).First = first
		return
	}
	s[value] = l.number
}
