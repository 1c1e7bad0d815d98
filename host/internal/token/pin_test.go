package token

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

const secret = "Secret42"

func TestPINShowsNothing(t *testing.T) {
	p := newPIN([]byte(secret))
	type around struct {
		A int
		P PIN
		p PIN
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%08b", "%c"} {
		for _, value := range []any{p, &p, around{1, p, p}, &around{1, p, p}, []PIN{p}, map[string]PIN{"a": p}, []any{p}} {
			require.NotContains(t, fmt.Sprintf(verb, value), secret, verb)
			require.NotContains(t, strings.ToLower(fmt.Sprintf(verb, value)), fmt.Sprintf("%x", secret), verb)
			require.NotContains(t, fmt.Sprintf(verb, value), fmt.Sprint([]byte(secret)), verb)
		}
	}
	require.Equal(t, "[PIN]", fmt.Sprintf("%#v", p))
	for _, value := range []any{p, &p, around{P: p}} {
		_, err := json.Marshal(value)
		require.Error(t, err)
	}
	require.Error(t, gob.NewEncoder(&bytes.Buffer{}).Encode(p))
	var log bytes.Buffer
	logger := zerolog.New(&log)
	logger.Info().Object("o", p).Interface("i", p).Any("a", around{P: p}).Stringer("s", p).Str("f", fmt.Sprint(p)).Send()
	require.NotContains(t, log.String(), secret)
}

func TestCutPIN(t *testing.T) {
	for name, c := range map[string]struct{ in, pin string }{
		"params":           {`{"jsonrpc":"2.0","params":{"a":[{"b":1}],"pin":"Secret42"}}`, secret},
		"result":           {`{"result":{"action":"pin","pin":"Secret42"},"id":"1"}`, secret},
		"escaped":          {`{"result":{"pin":"S\u0065cret42"}}`, secret},
		"escaped name":     {`{"result":{"p\u0069n":"Secret42"}}`, secret},
		"Chinese":          {`{"result":{"pin":"密碼"}}`, "密碼"},
		"elsewhere":        {`{"pin":"Secret42","params":{"x":{"pin":"Secret42"},"y":[{"pin":"Secret42"}]}}`, ""},
		"twice":            {`{"params":{"pin":"Secret42","pin":"Secret42"}}`, secret},
		"no text":          {`{"params":{"pin":123456}}`, ""},
		"none":             {`{"params":{}}`, ""},
		"not JSON":         {`{"params":{`, ""},
		"array around all": {`[{"params":{"pin":"Secret42"}}]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			frame := []byte(c.in)
			pin, err := CutPIN(frame)
			require.NoError(t, err)
			require.Equal(t, c.pin != "", pin.Present())
			if c.pin != "" {
				require.Equal(t, c.pin, string(pin.bytes()))
			}
			require.NotContains(t, string(frame), "cret42")
			require.Len(t, frame, len(c.in))
			pin.Wipe()
			require.False(t, pin.Present())
		})
	}
}

func TestCutPINRefusesShapes(t *testing.T) {
	for _, bad := range []string{``, `a\u0000b`, strings.Repeat("9", maxPIN+1)} {
		frame := []byte(`{"params":{"pin":"` + bad + `"}}`)
		pin, err := CutPIN(frame)
		require.ErrorIs(t, err, ErrPINShape)
		require.False(t, pin.Present())
		require.NotContains(t, string(frame), "999")
	}
}

func FuzzCutPIN(f *testing.F) {
	f.Add([]byte(`{"params":{"pin":"Secret42"}}`))
	f.Add([]byte(`{"result":{"p\u0069n":"x","pin":["y"]}}`))
	f.Add([]byte(`{"pin":`))
	f.Fuzz(func(t *testing.T, in []byte) {
		valid := json.Valid(in)
		frame := bytes.Clone(in)
		pin, err := CutPIN(frame)
		require.Len(t, frame, len(in))
		if err != nil || !pin.Present() || !valid {
			return
		}
		require.True(t, json.Valid(frame), "what is left is still JSON")
		again, err := CutPIN(bytes.Clone(frame))
		require.False(t, err == nil && again.Present() && strings.Trim(string(again.bytes()), " ") != "", "a PIN was left")
	})
}
