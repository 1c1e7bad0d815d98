//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

const (
	origin = "http://127.0.0.1:8080"
	nonce  = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg="
	caller = "chrome-extension://pbjmkmfiabchoodbocfoiebiblhbiijh/"

	hello        = `{"jsonrpc":"2.0","id":"hello","method":"hello","params":{"protocols":[1],"extension":{"version":"0.1.0"}}}`
	certificates = `{"jsonrpc":"2.0","id":"list","method":"certificates","params":{"origin":"` + origin + `"}}`
	authenticate = `{"jsonrpc":"2.0","id":"login","method":"authenticate","params":{"origin":"` + origin + `","challengeNonce":"` + nonce + `"}}`
)

// process is a program that speaks native messaging.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func spawn(env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...)}
	p.cmd.Env = env
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

func (p *process) send(message string) error {
	_, err := p.in.Write(append(binary.NativeEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

type message struct {
	ID     string
	Method string
	Params struct{ State, Reason string }
	Result json.RawMessage
	Error  json.RawMessage
}

func (p *process) read() (m message, err error) {
	var head [4]byte
	if _, err = io.ReadFull(p.out, head[:]); err != nil {
		return m, fmt.Errorf("%s ended: %w", p.cmd.Path, err)
	}
	b := make([]byte, binary.NativeEndian.Uint32(head[:]))
	if _, err = io.ReadFull(p.out, b); err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// await reads until a message satisfies want; an error answer ends it.
func (p *process) await(want func(message) bool) (message, error) {
	for {
		m, err := p.read()
		if err == nil && len(m.Error) > 0 {
			err = fmt.Errorf("the host answered %s", m.Error)
		}
		if err != nil || want(m) {
			return m, err
		}
	}
}

// call sends a request and waits for its answer.
func (p *process) call(request, id string) error {
	if err := p.send(request); err != nil {
		return err
	}
	m, err := p.await(func(m message) bool { return m.ID == id })
	if err == nil && strings.Contains(string(m.Result), `"certificates":[]`) {
		err = fmt.Errorf("no certificate was found: %s", m.Result)
	}
	return err
}

// ask begins a login, gives the PIN prompt.
func (p *process) ask() (message, error) {
	if err := p.send(authenticate); err != nil {
		return message{}, err
	}
	return p.await(func(m message) bool { return m.Method == "prompt" })
}

// askFor is ask where only cards of that kind will do.
func (p *process) askFor(kind string) (message, error) {
	request := strings.Replace(authenticate, `"origin"`, fmt.Sprintf(`"kinds":[%q],"origin"`, kind), 1)
	if err := p.send(request); err != nil {
		return message{}, err
	}
	return p.await(func(m message) bool { return m.Method == "prompt" })
}

// answer gives the PIN, waits for the token.
func (p *process) answer(prompt message, pin string) error {
	if prompt.Params.State != "pin" {
		return fmt.Errorf("the host asked for %s %s", prompt.Params.State, prompt.Params.Reason)
	}
	return p.call(fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"result":{"action":"pin","pin":%q}}`, prompt.ID, pin), "login")
}

// end closes the pipe and waits.
func (p *process) end() error {
	p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	return p.cmd.Wait()
}
