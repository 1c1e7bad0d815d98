package protocol

import (
	"encoding/json" // a decoder not ours, for what the tests themselves read
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type vector struct {
	Name   string
	From   string
	Text   string
	OK     bool
	Error  Code
	GoOnly bool
}

func vectors(t testing.TB) []vector {
	var list []vector
	for _, name := range []string{"messages", "sign"} {
		raw, err := os.ReadFile("vectors/" + name + ".json")
		require.NoError(t, err)
		var some []vector
		require.NoError(t, json.Unmarshal(raw, &some))
		list = append(list, some...)
	}
	require.Greater(t, len(list), 50, "vectors are what this test checks")
	return list
}

// accept reads a message as the host does.
func accept(text []byte) error {
	msg, err := Decode(text)
	if err != nil {
		return err
	}
	switch m := msg.(type) {
	case Request:
		switch m.Method {
		case MethodHello:
			_, err = DecodeParams[HelloParams](m.Params)
		case MethodDoctor:
			_, err = DecodeParams[DoctorParams](m.Params)
		case MethodStatus:
			_, err = DecodeParams[StatusParams](m.Params)
		case MethodCertificates:
			_, err = DecodeParams[CertificatesParams](m.Params)
		case MethodAuthenticate:
			_, err = DecodeParams[AuthenticateParams](m.Params)
		case MethodSign:
			_, err = DecodeParams[SignParams](m.Params)
		case MethodSignRaw:
			_, err = DecodeParams[SignRawParams](m.Params)
		default:
			err = &Error{Code: UnknownMethod}
		}
	case Notification:
		_, err = DecodeParams[CancelParams](m.Params)
	case Response:
		if m.Error == nil {
			_, err = DecodeParams[PromptResult](m.Result)
		}
	}
	return err
}

func TestVectorsOfTheExtension(t *testing.T) {
	seen := 0
	for _, v := range vectors(t) {
		if v.From != "extension" {
			continue
		}
		seen++
		t.Run(v.Name, func(t *testing.T) {
			err := accept([]byte(v.Text))
			if v.OK {
				require.NoError(t, err)
				return
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, v.Error, e.Code)
		})
	}
	require.Greater(t, seen, 40)
}

// What the host says must at least be a message of the protocol; the extension's tests check it as a reader.
func TestVectorsOfTheHostDecode(t *testing.T) {
	for _, v := range vectors(t) {
		if v.From == "host" && v.OK {
			_, err := Decode([]byte(v.Text))
			require.NoError(t, err, v.Name)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, bad := range []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"} {
		_, err := Decode([]byte(`{"jsonrpc":"2.0","id":"1","method":"` + bad + `"}`))
		require.ErrorIs(t, err, &Error{Code: ParseError})
	}
}

func TestErrorsTellNothingOfTheInput(t *testing.T) {
	for _, text := range []string{
		`{"jsonrpc":"2.0","id":"1","method":"authenticate","params":{"pin":"sesame-42"}}`,
		`{"jsonrpc":"2.0","id":"1","method":"authenticate","params":{"pin":["sesame-42"]}}`,
		`{"jsonrpc":"2.0","id":"1","method":"authenticate","params":{"sesame-42":1}}`,
		`{"jsonrpc":"2.0","id":"1","method":"authenticate","params":{"pin":"sesame-42`,
		`{"jsonrpc":"2.0","sesame-42":"1"}`,
	} {
		err := accept([]byte(text))
		require.Error(t, err)
		var e *Error
		require.ErrorAs(t, err, &e)
		frame, encodeErr := EncodeError("1", e)
		require.NoError(t, encodeErr)
		require.NotContains(t, err.Error()+string(frame), "sesame")
	}
}

func TestEncodedIsDecoded(t *testing.T) {
	frame, err := EncodeError("", &Error{Code: DuplicateID, Facts: Facts{ID: "7"}})
	require.NoError(t, err)
	msg, err := Decode(frame)
	require.NoError(t, err)
	require.Equal(t, Response{Error: &Error{Code: DuplicateID, Facts: Facts{ID: "7"}}}, msg)

	frame, err = EncodeRequest("h1", MethodPrompt, PromptParams{Operation: "1", State: StateLocked, Origin: "https://a.gov.tw"})
	require.NoError(t, err)
	msg, err = Decode(frame)
	require.NoError(t, err)
	require.Equal(t, "h1", msg.(Request).ID)

	frame, err = EncodeResult("1", map[string]int{})
	require.NoError(t, err)
	msg, err = Decode(frame)
	require.NoError(t, err)
	require.Equal(t, `{}`, string(msg.(Response).Result))

	frame, err = EncodeNotification(MethodCard, CardParams{"r", "empty"})
	require.NoError(t, err)
	msg, err = Decode(frame)
	require.NoError(t, err)
	require.Equal(t, MethodCard, msg.(Notification).Method)
}

func TestEncodeErrorWithoutARowFails(t *testing.T) {
	_, err := EncodeError("1", &Error{Code: "invented"})
	require.Error(t, err)
}

// The constants of errors.go and the rows of errors.json are one list, kept in two forms.
func TestErrorTable(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	constants := regexp.MustCompile(`Code = "([A-Za-z]+)"`).FindAllSubmatch(source, -1)
	require.Greater(t, len(constants), 30)
	for _, c := range constants {
		require.Contains(t, Table(), Code(c[1]))
	}
	raw, err := os.ReadFile("errors.json")
	require.NoError(t, err)
	require.Len(t, Table(), strings.Count(string(raw), `{"code": `), "a code stands twice")
	numbers := map[int]Code{}
	for code, row := range Table() {
		require.Empty(t, numbers[row.Number], "number %d stands twice", row.Number)
		numbers[row.Number] = code
		require.True(t, slices.Contains([]string{"person", "it", "developer", "us"}, row.Who), "%s: %s", code, row.Who)
		for _, text := range []string{row.ZhTW.Message, row.ZhTW.Hint, row.En.Message, row.En.Hint} {
			require.NotEmpty(t, text, code)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Text))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		err := accept(in)
		if err == nil {
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("not a typed error: %v", err)
		}
		if _, err := EncodeError("1", e); err != nil {
			t.Fatal(err)
		}
	})
}
