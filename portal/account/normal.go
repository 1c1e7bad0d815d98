package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Limits of what is compared, in characters.
const (
	MaxName    = 100
	MaxAccount = 64
)

// idNumber: a citizen's (letter, 1 or 2, eight digits), a resident's since 2021 (letter, 8 or 9, eight digits), a resident's
// before (two letters, eight digits).
var idNumber = regexp.MustCompile(`^[A-Z][1289A-D][0-9]{8}$`)

// Hasher makes what stands in the store in place of ID numbers.
type Hasher struct{ key []byte }

// NewHasher wants a key of 32 bytes that stays outside the database: whoever had both could try all ID numbers.
func NewHasher(key []byte) Hasher { return Hasher{key} }

// ID hashes a normalised ID number.
func (h Hasher) ID(number string) Hash { return h.sum("id", number) }

// Tail hashes the last four characters of an ID number.
func (h Hasher) Tail(tail string) Hash { return h.sum("tail", tail) }

func (h Hasher) sum(what, text string) (out Hash) {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(what + "\x00" + text))
	copy(out[:], mac.Sum(nil))
	return out
}

// IDNumber normalises what was typed or imported: full-width forms, small letters, spaces, hyphens. It is false for what
// cannot be an ID number by its form or its check digit.
func IDNumber(text string) (string, bool) {
	number := strings.ToUpper(strings.ReplaceAll(squeeze(text), "-", ""))
	if !idNumber.MatchString(number) || !checkDigit(number) {
		return "", false
	}
	return number, true
}

// letterValues are the two-digit values of A to Z in an ID number's check sum.
var letterValues = [26]int{10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33}

// checkDigit: weights 1 and 9 for the first letter's two digits, then 8 down to 1, then 1; a second letter counts by its
// value's last digit.
func checkDigit(number string) bool {
	first := letterValues[number[0]-'A']
	sum := first/10 + first%10*9
	for i := 1; i < 9; i++ {
		digit := int(number[i] - '0')
		if i == 1 && number[i] >= 'A' {
			digit = letterValues[number[i]-'A'] % 10
		}
		sum += digit * (9 - i)
	}
	return (sum+int(number[9]-'0'))%10 == 0
}

// Account normalises a custom account: compatibility forms, small letters, no spaces. It is false for an empty or an
// over-long one, for one with control characters, for one of an ID number's form, whatever its check digit: that would let
// a person take another's ID number for an account, or a mistyped ID number count as a wrong account.
func Account(text string) (string, bool) {
	name := strings.ToLower(squeeze(text))
	formOfID := idNumber.MatchString(strings.ToUpper(strings.ReplaceAll(name, "-", "")))
	if name == "" || len([]rune(name)) > MaxAccount || formOfID || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return "", false
	}
	return name, true
}

// Name normalises a holder's name for comparison: compatibility forms, no spaces, small letters, one kind of middle dot, no
// variation selectors. "" for an over-long one.
func Name(text string) string {
	name := strings.Map(oneDot, strings.ToLower(squeeze(text)))
	if len([]rune(name)) > MaxName {
		return ""
	}
	return name
}

// oneDot is for the names of indigenous people: each office's input method has another dot between their parts. A variation
// selector chooses among drawings of one character.
func oneDot(r rune) rune {
	switch {
	case strings.ContainsRune("·‧・•∙⋅.．・․᛫", r):
		return '·'
	case unicode.Is(unicode.Variation_Selector, r):
		return -1
	}
	return r
}

// squeeze applies NFKC (Unicode Standard Annex 15): full-width letters become plain ones; it drops every space.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToValidUTF8(text, "")))
}
