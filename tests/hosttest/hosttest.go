// Package hosttest speaks with a built host as a browser does.
//
// Framing and JSON are written here once more, with the standard library alone: a second opinion on the host's own.
package hosttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Origin is a portal that a dev build lets in.
const Origin = "http://127.0.0.1:8080"

// Nonce is a challenge nonce.
const Nonce = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg="

// Caller is the test extension's origin, as Chromium passes it.
const Caller = "chrome-extension://pbjmkmfiabchoodbocfoiebiblhbiijh/"

// Patience is how long anything may take before a test calls it stuck.
const Patience = 20 * time.Second

// Host is a running host.
type Host struct {
	t       testing.TB
	Cmd     *exec.Cmd
	In      io.WriteCloser
	out     io.ReadCloser
	mu      sync.Mutex
	waiting map[string]chan Message
	prompts chan Prompt
	Others  chan Message // notifications, answers without an id
	next    atomic.Int64
	Stderr  bytes.Buffer
	done    chan struct{}
	closed  sync.Once
}

// Start starts a host in a home of its own, which is its working folder too; its logs lie below the folder home/state. The test ends it, demanding that it left
// cleanly with no process behind.
func Start(t testing.TB, binary, home string, env ...string) *Host {
	t.Helper()
	cmd := exec.Command(binary, Caller)
	cmd.Dir = home
	cmd.Env = append([]string{"HOME=" + home, "XDG_STATE_HOME=" + home + "/state", "XDG_RUNTIME_DIR=" + home, "PATH=" + os.Getenv("PATH")}, env...)
	h := StartCommand(t, cmd)
	keepLogs(t, home)
	return h
}

// StartCommand starts a command that is, or becomes, a host.
func StartCommand(t testing.TB, cmd *exec.Cmd) *Host {
	t.Helper()
	h := &Host{t: t, waiting: map[string]chan Message{}, prompts: make(chan Prompt, 64), Others: make(chan Message, 256), done: make(chan struct{})}
	h.Cmd = cmd
	h.Cmd.Stderr = &h.Stderr
	var err error
	h.In, err = h.Cmd.StdinPipe()
	require.NoError(t, err)
	h.out, err = h.Cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, h.Cmd.Start())
	go h.read()
	t.Cleanup(h.Close)
	return h
}

// Greet says hello.
func (h *Host) Greet() *Host {
	h.t.Helper()
	m := h.Call("hello", map[string]any{"protocols": []int{1}, "extension": map[string]any{"version": "0.1.0"}})
	require.Nil(h.t, m.Error)
	return h
}

func (h *Host) read() {
	defer close(h.done)
	for {
		raw, err := ReadFrame(h.out)
		if err != nil {
			return
		}
		var m Message
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&m); err != nil || m.JSONRPC != "2.0" {
			h.t.Errorf("the host wrote what is no message: %v %q", err, raw)
			return
		}
		h.sort(m)
	}
}

func (h *Host) sort(m Message) {
	switch {
	case m.Method == "prompt":
		var p Prompt
		if err := json.Unmarshal(m.Params, &p); err != nil {
			h.t.Errorf("prompt: %v", err)
		}
		p.ID = *m.ID
		h.prompts <- p
	case m.Method == "" && m.ID != nil:
		h.mu.Lock()
		waiting := h.waiting[*m.ID]
		delete(h.waiting, *m.ID)
		h.mu.Unlock()
		if waiting == nil {
			h.t.Errorf("an answer to nothing: %s", *m.ID)
			return
		}
		waiting <- m
	default:
		select {
		case h.Others <- m:
		default:
		}
	}
}

// Send writes raw bytes, which need not be a frame.
func (h *Host) Send(b []byte) error {
	_, err := h.In.Write(b)
	return err
}

// Begin sends a request; its answer comes through the channel.
func (h *Host) Begin(method string, params any) (id string, answer <-chan Message) {
	h.t.Helper()
	id = fmt.Sprintf("t%d", h.next.Add(1))
	c := make(chan Message, 1)
	h.mu.Lock()
	h.waiting[id] = c
	h.mu.Unlock()
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	require.NoError(h.t, err)
	require.NoError(h.t, h.Send(Frame(b)))
	return id, c
}

// Await waits for an answer.
func (h *Host) Await(answer <-chan Message) Message {
	h.t.Helper()
	select {
	case m := <-answer:
		return m
	case <-time.After(Patience):
		h.t.Fatalf("no answer; stderr: %s", h.Stderr.String())
	}
	return Message{}
}

// Call sends a request and waits for its answer.
func (h *Host) Call(method string, params any) Message {
	h.t.Helper()
	_, answer := h.Begin(method, params)
	return h.Await(answer)
}

// Login begins an authenticate for Origin, with more params as given.
func (h *Host) Login(more map[string]any) (id string, answer <-chan Message) {
	h.t.Helper()
	params := map[string]any{"origin": Origin, "challengeNonce": Nonce}
	for k, v := range more {
		params[k] = v
	}
	return h.Begin("authenticate", params)
}

// Prompt waits for the next prompt, which must be in that state.
func (h *Host) Prompt(state string) Prompt {
	h.t.Helper()
	p := h.AnyPrompt()
	require.Equal(h.t, state, p.State, "reason %q notice %q", p.Reason, p.Notice)
	return p
}

// AnyPrompt waits for the next prompt.
func (h *Host) AnyPrompt() Prompt {
	h.t.Helper()
	select {
	case p := <-h.prompts:
		return p
	case <-time.After(Patience):
		h.t.Fatalf("no prompt; stderr: %s", h.Stderr.String())
	}
	return Prompt{}
}

// Next waits for whatever comes first: a prompt, or the answer.
func (h *Host) Next(answer <-chan Message) (p Prompt, m *Message) {
	h.t.Helper()
	select {
	case p = <-h.prompts:
		return p, nil
	case m := <-answer:
		return p, &m
	case <-time.After(Patience):
		h.t.Fatalf("neither prompt nor answer; stderr: %s", h.Stderr.String())
	}
	return p, nil
}

// Prompts are those that the host asks, in their order.
func (h *Host) Prompts() <-chan Prompt { return h.prompts }

// NoPrompt demands that none is waiting.
func (h *Host) NoPrompt() {
	h.t.Helper()
	select {
	case p := <-h.prompts:
		h.t.Fatalf("an unexpected prompt: %+v", p)
	default:
	}
}

// Answer answers a prompt.
func (h *Host) Answer(p Prompt, result map[string]any) {
	h.t.Helper()
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": p.ID, "result": result})
	require.NoError(h.t, err)
	require.NoError(h.t, h.Send(Frame(b)))
}

// PIN answers a prompt with a PIN.
func (h *Host) PIN(p Prompt, pin string) {
	h.t.Helper()
	h.Answer(p, map[string]any{"action": "pin", "pin": pin})
}

// Notify sends a notification.
func (h *Host) Notify(method string, params any) {
	h.t.Helper()
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
	require.NoError(h.t, err)
	require.NoError(h.t, h.Send(Frame(b)))
}

// StopReading closes the host's standard output, as a browser's death does.
func (h *Host) StopReading() { h.out.Close() }

// Close closes the host's standard input, waits for its end, looks for processes that it left.
func (h *Host) Close() {
	h.In.Close()
	h.Wait()
}

// Wait waits for the host's end, looks for processes that it left.
func (h *Host) Wait() {
	h.closed.Do(func() {
		select {
		case <-h.done:
		case <-time.After(Patience):
			_ = h.Cmd.Process.Kill()
			h.t.Errorf("the host does not end; stderr: %s", h.Stderr.String())
		}
		_ = h.Cmd.Wait()
		if h.Stderr.Len() > 0 {
			keep(h.t, fmt.Sprintf("stderr-%d", outputs.Add(1)), h.Stderr.Bytes())
		}
		for _, bad := range []string{"panic:", "DATA RACE", "fatal error:"} {
			if strings.Contains(h.Stderr.String(), bad) {
				h.t.Errorf("the host says: %s", h.Stderr.String())
			}
		}
		require.Eventually(h.t, func() bool { return len(Processes(h.Cmd.Path, h.Cmd.Process.Pid)) == 0 }, Patience, 5*time.Millisecond, "orphans")
	})
}
