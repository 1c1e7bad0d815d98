package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"
)

// PIN is a person's PIN on its way to the card. It shows itself as [PIN] under every verb, refuses to be marshalled, keeps
// its bytes behind two pointers: fmt cannot call methods of a struct's unexported field, and under a wrong verb follows one
// pointer. The zero PIN is absent.
type PIN struct{ secret *pinBytes }

type pinBytes struct{ b *[]byte }

func newPIN(b []byte) PIN { return PIN{&pinBytes{&b}} }

// bytes are shared by all copies of the value, until Wipe.
func (p PIN) bytes() []byte {
	if p.secret == nil {
		return nil
	}
	return *p.secret.b
}

// The longest PIN in bytes that is taken from a message; tokens say themselves what they want (6 to 8, mostly).
const maxPIN = 64

// ErrPINShape says that a message's PIN is no text of 1 to 64 bytes.
var ErrPINShape = errors.New("token: the PIN is not a text of 1 to 64 bytes")

// Present tells whether there is a PIN.
func (p PIN) Present() bool { return p.Len() > 0 }

// Len is the PIN's length in bytes.
func (p PIN) Len() int { return len(p.bytes()) }

// ASCII tells that there are printable characters of ASCII alone: what every card can compare in one way only.
func (p PIN) ASCII() bool {
	return !slices.ContainsFunc(p.bytes(), func(b byte) bool { return b < 0x20 || b > 0x7e })
}

// Wipe overwrites the PIN. All copies of the value share the bytes, so one Wipe is enough.
func (p PIN) Wipe() {
	if p.secret != nil {
		clear(*p.secret.b)
		*p.secret.b = nil
	}
}

const redacted = "[PIN]"

// Format implements fmt.Formatter: it alone is asked under every verb, %#v too.
func (PIN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (PIN) String() string { return redacted }

// MarshalZerologObject implements zerolog.LogObjectMarshaler.
func (PIN) MarshalZerologObject(e *zerolog.Event) { e.Str("pin", redacted) }

// MarshalJSON refuses.
func (PIN) MarshalJSON() ([]byte, error) { return nil, errors.New("token: a PIN is never marshalled") }

// MarshalText refuses.
func (PIN) MarshalText() ([]byte, error) { return nil, errors.New("token: a PIN is never marshalled") }

// MarshalBinary refuses, as gob asks for it.
func (PIN) MarshalBinary() ([]byte, error) {
	return nil, errors.New("token: a PIN is never marshalled")
}

// CutPIN takes the PIN out of a message's frame: the value of the member "pin" directly below "params" or "result" is
// returned; every string under a member of that name, at any depth, is overwritten with blanks in the frame. It is called
// before anything else reads the frame, so that no decoder, error or log can meet the PIN. A frame that is not JSON has no
// PIN; the caller wipes such a frame whole. A PIN that is no text of 1 to 64 bytes is ErrPINShape.
func CutPIN(frame []byte) (PIN, error) {
	if !mayHavePIN(frame) {
		return PIN{}, nil
	}
	c := cutter{frame: frame, dec: jsontext.NewDecoder(bytes.NewBuffer(frame), jsontext.AllowDuplicateNames(true))}
	c.value(0, false)
	return c.pin, c.err
}

// mayHavePIN spares most messages a second walk. An escape may hide the name, so one is reason enough to look.
func mayHavePIN(frame []byte) bool {
	return bytes.Contains(frame, []byte(`"pin"`)) || bytes.IndexByte(frame, '\\') >= 0
}

type cutter struct {
	frame []byte
	dec   *jsontext.Decoder
	pin   PIN
	err   error
}

// value walks one JSON value at that depth; false: the frame is no JSON from here on. expected tells that a PIN may stand
// directly in this object.
func (c *cutter) value(depth int, expected bool) bool {
	switch c.dec.PeekKind() {
	case '{':
		return c.object(depth, expected)
	case '[':
		if _, err := c.dec.ReadToken(); err != nil {
			return false
		}
		for c.dec.PeekKind() != ']' {
			if !c.value(depth+1, false) {
				return false
			}
		}
		_, err := c.dec.ReadToken()
		return err == nil
	}
	return c.dec.SkipValue() == nil
}

func (c *cutter) object(depth int, expected bool) bool {
	if _, err := c.dec.ReadToken(); err != nil {
		return false
	}
	for c.dec.PeekKind() != '}' {
		token, err := c.dec.ReadToken()
		if err != nil {
			return false
		}
		name := token.String()
		if name == "pin" && c.dec.PeekKind() == '"' {
			if !c.cut(expected) {
				return false
			}
			continue
		}
		if !c.value(depth+1, depth == 0 && (name == "params" || name == "result")) {
			return false
		}
	}
	_, err := c.dec.ReadToken()
	return err == nil
}

func (c *cutter) cut(expected bool) bool {
	raw, err := c.dec.ReadValue()
	if err != nil {
		return false
	}
	end := c.dec.InputOffset()
	inner := c.frame[end-int64(len(raw))+1 : end-1]
	if expected && !c.pin.Present() {
		// room for all of it, so that no outgrown buffer keeps a part
		text, err := jsontext.AppendUnquote(make([]byte, 0, len(raw)), raw)
		if err != nil || len(text) == 0 || len(text) > maxPIN || bytes.IndexByte(text, 0) >= 0 {
			clear(text)
			c.err = ErrPINShape
		} else {
			c.pin = newPIN(text)
		}
	}
	for i := range inner {
		inner[i] = ' '
	}
	return true
}
