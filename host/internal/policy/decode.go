package policy

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxBytes is far more than a thousand portals need.
const maxBytes = 1 << 20

// decode reads at most maxBytes of r; what it refuses, it places.
func decode(r io.Reader) (document, *Fault) {
	raw, bad := read(r)
	if bad != nil {
		return document{}, bad
	}
	return judge(raw)
}

func read(r io.Reader) ([]byte, *Fault) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return nil, fault("unreadable", "", reason(err), "")
	case len(raw) > maxBytes:
		return nil, fault("tooLarge", "", "", strconv.Itoa(maxBytes))
	}
	return raw, nil
}

func judge(raw []byte) (document, *Fault) {
	if bad := notText(raw); bad >= 0 {
		return document{}, (&Fault{Code: "encoding"}).at(raw, bad)
	}
	var doc document
	if err := json.Unmarshal(raw, &doc, json.RejectUnknownMembers(true)); err != nil {
		if f := otherVersion(raw); f != nil {
			return document{}, f // a later version's members are unknown here: the version is the mistake
		}
		return document{}, explain(raw, err)
	}
	null, empty := findNothing(raw)
	if null != nil {
		return document{}, null
	}
	if f := doc.check(); f != nil {
		return document{}, f.at(raw, locate(raw, f.Pointer, f.Code == "cardKind"))
	}
	if empty != nil {
		return document{}, empty
	}
	return doc, nil
}

// notText is the offset of the first byte that is not UTF-8, of a byte order mark, or -1.
func notText(raw []byte) int {
	if bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
		return 0
	}
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// expected names what a Go type wants of JSON.
var expected = map[reflect.Kind]words{
	reflect.Struct: {"物件 { }", "an object { }"}, reflect.Map: {"物件 { }", "an object { }"}, reflect.Slice: {"陣列 [ ]", "an array [ ]"},
	reflect.String: {"字串", "a string"}, reflect.Bool: {" true 或 false", "true or false"}, reflect.Int: {"整數", "an integer"},
}

// explain turns the decoder's error into ours.
func explain(raw []byte, err error) *Fault {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		return (&Fault{Code: "duplicate", Pointer: string(syntactic.JSONPointer)}).at(raw, int(syntactic.ByteOffset))
	case errors.As(err, &syntactic):
		return fault("syntax", string(syntactic.JSONPointer), quote(syntactic.Err.Error()), "").at(raw, int(syntactic.ByteOffset))
	case errors.As(err, &semantic):
		pointer := string(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return fault("unknownMember", pointer, quote(semantic.JSONPointer.LastToken()), "").at(raw, locate(raw, pointer, true))
		}
		f := &Fault{Code: "type", Pointer: pointer}
		if semantic.GoType != nil {
			f.allowed = expected[valueType(semantic.GoType).Kind()]
		}
		return f.at(raw, locate(raw, pointer, false))
	}
	return fault("syntax", "", quote(err.Error()), "").at(raw, 0)
}

// valueType is what stands behind a pointer: a member whose absence is told from its zero value.
func valueType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// otherVersion is the fault of a document of another version, whatever else stands in it.
func otherVersion(raw []byte) *Fault {
	var only struct {
		Version *int `json:"version"`
	}
	if json.Unmarshal(raw, &only) != nil || only.Version == nil || *only.Version == documentVersion {
		return nil
	}
	f := (&document{Version: only.Version}).check()
	return f.at(raw, locate(raw, f.Pointer, false))
}

// each calls visit for every token of a document with its place, until it says stop. Names have the place of their value.
func each(raw []byte, visit func(d *jsontext.Decoder, token jsontext.Token, start int) (stop bool)) {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		from := int(d.InputOffset())
		token, err := d.ReadToken()
		if err != nil {
			return
		}
		for from < len(raw) && bytes.IndexByte([]byte(" \t\r\n,:"), raw[from]) >= 0 {
			from++
		}
		if visit(d, token, from) {
			return
		}
	}
}

// findNothing looks for null and for empty strings: to Go both are an absent member, to who wrote them perhaps a value.
func findNothing(raw []byte) (null, empty *Fault) {
	each(raw, func(d *jsontext.Decoder, token jsontext.Token, start int) bool {
		switch {
		case token.Kind() == 'n':
			null = (&Fault{Code: "null", Pointer: string(d.StackPointer())}).at(raw, start)
		case empty == nil && token.Kind() == '"' && token.String() == "":
			empty = (&Fault{Code: "empty", Pointer: string(d.StackPointer())}).at(raw, start)
		}
		return null != nil
	})
	return null, empty
}

// locate is the offset of the value at a JSON Pointer, or of the name in front of it. A value that is not there has the place of
// the one that lacks it. What is deeper is passed over: its pointers would be as long as its writer likes.
func locate(raw []byte, pointer string, name bool) int {
	wanted, levels := jsontext.Pointer(pointer), strings.Count(pointer, "/")
	best, deepest := 0, -1
	each(raw, func(d *jsontext.Decoder, _ jsontext.Token, start int) bool {
		if d.StackDepth() > levels+1 {
			return false
		}
		here := d.StackPointer()
		if here == wanted {
			kind, n := d.StackIndex(d.StackDepth())
			isName := kind == '{' && n%2 == 1
			best = start
			return name || !isName
		}
		if deepest < len(here) && here.Contains(wanted) {
			best, deepest = start, len(here)
		}
		return false
	})
	return best
}
