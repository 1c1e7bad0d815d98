package card

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

const statusRequest = `{"jsonrpc":"2.0","id":"x1","method":"status","params":{}}`

// raw starts a host that was not greeted, without the reading goroutine's demands on ids.
func (r rawHost) next(t *testing.T) (m hosttest.Message, ok bool) {
	t.Helper()
	select {
	case m, ok = <-r.h.Others:
		return m, ok
	case <-time.After(hosttest.Patience):
		t.Fatal("no answer")
		return m, false
	}
}

type rawHost struct{ h *hosttest.Host }

func startRaw(t *testing.T) rawHost {
	return rawHost{hosttest.Start(t, world.binary, home(t), world.rig.Env())}
}

func TestBadMessagesAreAnsweredAndTheConnectionGoesOn(t *testing.T) {
	r := startRaw(t)
	for name, c := range map[string]struct{ text, code string }{
		"invalid UTF-8":    {"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"\xff\"}", "parseError"},
		"not JSON":         {"hello", "parseError"},
		"deep nesting":     {strings.Repeat("[", 100000), "parseError"},
		"duplicate key":    {`{"jsonrpc":"2.0","jsonrpc":"2.0"}`, "parseError"},
		"other case":       {`{"JSONRPC":"2.0","id":"1","method":"status"}`, "invalidRequest"},
		"trailing data":    {statusRequest + "1", "parseError"},
		"a batch":          {"[" + statusRequest + "]", "invalidRequest"},
		"number as id":     {`{"jsonrpc":"2.0","id":1,"method":"status"}`, "invalidRequest"},
		"only white space": {"   ", "parseError"},
		"NUL bytes":        {"\x00\x00", "parseError"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, r.h.Send(hosttest.Frame([]byte(c.text))))
			m, _ := r.next(t)
			require.Nil(t, m.ID)
			requireCode(t, c.code, m)
		})
	}
	requireCode(t, "helloRequired", r.h.Call("status", map[string]any{}))
	r.h.Greet()
	requireCode(t, "unknownMethod", r.h.Call("unlock", map[string]any{}))
	requireCode(t, "unknownMethod", r.h.Call("prompt", map[string]any{}))
	requireCode(t, "invalidParams", r.h.Call("status", map[string]any{"Origin": "x"}))
	require.Nil(t, r.h.Call("status", map[string]any{}).Error)
	r.h.Notify("unknown", map[string]any{})
	r.h.Answer(hosttest.Prompt{ID: "h99"}, map[string]any{"action": "pin", "pin": lettersPIN})
	require.Nil(t, r.h.Call("status", map[string]any{}).Error)
}

func TestNonces(t *testing.T) {
	h := start(t)
	for name, nonce := range map[string]any{
		"short": strings.Repeat("a", 43), "long": strings.Repeat("a", 129), "not ASCII": strings.Repeat("憑", 44), "control": strings.Repeat("a", 44) + "\n", "empty": "",
	} {
		_, answer := h.Login(map[string]any{"challengeNonce": nonce})
		m := h.Await(answer)
		requireCode(t, "nonceInvalid", m)
		require.Equal(t, "developer", m.Error.Data.Who, name)
	}
	_, answer := h.Login(map[string]any{"challengeNonce": 5})
	requireCode(t, "invalidParams", h.Await(answer))
	h.NoPrompt()
}

func TestDuplicateIDs(t *testing.T) {
	insert(t, "citizen")
	h := start(t)
	id, answer := h.Login(nil)
	p := h.Prompt("pin")
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": "status", "params": map[string]any{}})
	require.NoError(t, err)
	require.NoError(t, h.Send(hosttest.Frame(b)))
	for {
		m, _ := rawHost{h}.next(t)
		if m.Error != nil {
			requireCode(t, "duplicateId", m)
			require.Nil(t, m.ID)
			require.Equal(t, id, m.Error.Data.Facts["id"])
			break
		}
	}
	h.Answer(p, map[string]any{"action": "cancel"})
	requireCode(t, "userCancelled", h.Await(answer))
}

func TestTooManyRequests(t *testing.T) {
	empty(t)
	h := start(t)
	var answers []<-chan hosttest.Message
	for range 32 {
		_, a := h.Login(nil)
		answers = append(answers, a)
	}
	for range answers {
		h.Prompt("wait")
	}
	_, one := h.Login(nil)
	requireCode(t, "tooManyRequests", h.Await(one))
	h.Close()
}

func TestVersionsOfTheProtocol(t *testing.T) {
	r := startRaw(t)
	hello := func(protocols []int) hosttest.Message {
		return r.h.Call("hello", map[string]any{"protocols": protocols, "extension": map[string]any{"version": "9"}, "future": 1})
	}
	requireCode(t, "hostOutdated", hello([]int{2, 3}))
	requireCode(t, "extensionOutdated", hello([]int{0}))
	require.Nil(t, hello([]int{1, 2}).Error)
}

// A length that is none ends the connection, after a typed answer where one can be given; nothing but frames comes out.
func TestBrokenFraming(t *testing.T) {
	for name, c := range map[string]struct {
		bytes  []byte
		answer string
		exit   int
	}{
		"length 0":          {[]byte{0, 0, 0, 0}, "messageTooLarge", 1},
		"length 4 GiB":      {[]byte{0xff, 0xff, 0xff, 0xff, '{'}, "messageTooLarge", 1},
		"length 1 MiB + 1":  {append([]byte{1, 0, 16, 0}, "{}"...), "messageTooLarge", 1},
		"cut in the length": {[]byte{5, 0}, "", 1},
		"cut in the middle": {hosttest.Frame([]byte(statusRequest))[:20], "", 1},
		"nothing":           {nil, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRaw(t)
			require.NoError(t, r.h.Send(c.bytes))
			if c.answer != "" {
				m, _ := r.next(t)
				requireCode(t, c.answer, m)
			}
			r.h.Close()
			require.Equal(t, c.exit, r.h.Cmd.ProcessState.ExitCode())
		})
	}
}

func TestFramesInOneWriteAndByteByByte(t *testing.T) {
	h := start(t)
	two := bytes.Join([][]byte{hosttest.Frame([]byte(`{"jsonrpc":"2.0","id":null,"method":"a"}`)), hosttest.Frame([]byte(`{}`))}, nil)
	require.NoError(t, h.Send(two))
	for range 2 {
		m, _ := rawHost{h}.next(t)
		requireCode(t, "invalidRequest", m)
	}
	for _, b := range hosttest.Frame([]byte(`[]`)) {
		require.NoError(t, h.Send([]byte{b}))
	}
	m, _ := rawHost{h}.next(t)
	requireCode(t, "invalidRequest", m)
}

// A PIN of no sensible shape is refused under the request's own id.
func TestPINsOfNoShape(t *testing.T) {
	insert(t, "citizen")
	h := start(t)
	for _, pin := range []string{strings.Repeat("9", 65), "a\x00b", ""} {
		_, answer := h.Login(map[string]any{"pin": pin})
		requireCode(t, "invalidParams", h.Await(answer))
	}
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	h.PIN(p, strings.Repeat("9", 65))
	m := h.Await(answer)
	require.NotNil(t, m.Error)
}

// Any page may ask for the status without end, and must not fill the log; what touches a card leaves its line.
func TestAStatusLeavesNoLine(t *testing.T) {
	empty(t)
	h := start(t)
	for range 3 {
		require.Nil(t, h.Call("status", map[string]any{"origin": hosttest.Origin}).Error)
	}
	require.Nil(t, h.Call("certificates", map[string]any{"origin": hosttest.Origin}).Error)
	h.Close()
	raw, err := os.ReadFile(home(t) + "/state/cardbridge/host.log")
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"method":"status"`)
	require.Contains(t, string(raw), `"method":"certificates"`)
}
