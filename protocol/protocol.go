// Package protocol is the language in which an extension talks with its host.
//
// PROTOCOL.md beside this file is the contract, errors.json its table of errors, vectors/ the messages that both sides
// must accept or refuse alike.
package protocol

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Version is the protocol number that hello agrees on.
const Version = 1

// MaxDepth is how deep objects and arrays may nest in a message.
const MaxDepth = 16

// HostName is the name of the native messaging host in browsers' manifests.
const HostName = "tw.cardbridge.host"

// Message is one of Request, Notification, Response (JSON-RPC 2.0, sections 4 and 5).
type Message interface{ message() }

// Request wants an answer under its id.
type Request struct {
	ID     string
	Method string
	Params jsontext.Value
}

// Notification wants none.
type Notification struct {
	Method string
	Params jsontext.Value
}

// Response answers a request: Error is nil where Result is set.
type Response struct {
	ID     string // empty: the sender could not read the request's id
	Result jsontext.Value
	Error  *Error
}

func (Request) message()      {}
func (Notification) message() {}
func (Response) message()     {}

type envelope struct {
	JSONRPC string         `json:"jsonrpc"`
	ID      jsontext.Value `json:"id,omitzero"`
	Method  *string        `json:"method,omitzero"`
	Params  jsontext.Value `json:"params,omitzero"`
	Result  jsontext.Value `json:"result,omitzero"`
	Error   *errorObject   `json:"error,omitzero"`
}

// isMessageID is ^[A-Za-z0-9_-]{1,64}$. No regexp: compiling one costs every start of the host, and of its children, 0.2 ms.
func isMessageID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 64
}

// Decode reads one message strictly: UTF-8, no duplicate, unknown or differently cased member, nothing behind the value,
// at most MaxDepth levels. Its error is an *Error (parseError, invalidRequest), together with the request's id where that
// could be read.
//
// The message shares no memory with frame, except Params and Result of what it returns.
func Decode(frame []byte) (Message, error) {
	if err := wellFormed(frame); err != nil {
		return nil, err
	}
	var e envelope
	if err := json.Unmarshal(frame, &e, json.RejectUnknownMembers(true)); err != nil {
		return nil, &Error{Code: InvalidRequest}
	}
	if e.JSONRPC != "2.0" {
		return nil, &Error{Code: InvalidRequest}
	}
	return e.sort()
}

func (e *envelope) sort() (Message, error) {
	id, hasID, err := decodeID(e.ID)
	if err != nil {
		return nil, err
	}
	answer := e.Result != nil || e.Error != nil
	switch {
	case e.Method == nil && answer && hasID:
		if e.Params != nil || (e.Result != nil) == (e.Error != nil) || (id == "" && e.Error == nil) {
			return nil, &Error{Code: InvalidRequest}
		}
		return Response{ID: id, Result: e.Result, Error: e.Error.asError()}, nil
	case e.Method == nil || answer || (hasID && id == "") || (e.Params != nil && e.Params.Kind() != '{'):
		return nil, &Error{Code: InvalidRequest}
	case hasID:
		return Request{ID: id, Method: *e.Method, Params: e.Params}, nil
	}
	return Notification{Method: *e.Method, Params: e.Params}, nil
}

// decodeID gives "" for null, which only an error response may carry.
func decodeID(raw jsontext.Value) (id string, has bool, err error) {
	if raw == nil {
		return "", false, nil
	}
	if raw.Kind() == 'n' {
		return "", true, nil
	}
	if json.Unmarshal(raw, &id) != nil || !isMessageID(id) {
		return "", false, &Error{Code: InvalidRequest}
	}
	return id, true, nil
}

// wellFormed reads the frame token by token, since only that tells the depth before anything is built from it.
func wellFormed(frame []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(frame))
	for first := true; ; first = false {
		if _, err := dec.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) && !first {
				return nil
			}
			return &Error{Code: ParseError, Facts: Facts{Offset: dec.InputOffset()}}
		}
		if dec.StackDepth() > MaxDepth {
			return &Error{Code: ParseError, Facts: Facts{Offset: dec.InputOffset()}}
		}
		if dec.StackDepth() == 0 {
			if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
				return &Error{Code: ParseError, Facts: Facts{Offset: dec.InputOffset()}}
			}
			return nil
		}
	}
}

// Params is what a method takes; Check finds what the types cannot say.
type Params interface{ Check() error }

// DecodeParams reads a method's params strictly, hello's alone with tolerance for members it does not know. Its error is an
// *Error. Absent params are an empty object.
func DecodeParams[P Params](raw jsontext.Value) (P, error) {
	var p P
	if raw == nil {
		raw = jsontext.Value("{}")
	}
	_, tolerant := any(p).(HelloParams)
	if err := json.Unmarshal(raw, &p, json.RejectUnknownMembers(!tolerant)); err != nil {
		var known *Error
		if errors.As(err, &known) {
			return p, known
		}
		return p, &Error{Code: InvalidParams, Facts: Facts{Offset: offsetOf(err)}}
	}
	return p, p.Check()
}

// offsetOf is all that an answer may say of a decoder's error: its text may quote the input.
func offsetOf(err error) int64 {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return semantic.ByteOffset
	}
	return 0
}

// EncodeRequest makes the frame of a request.
func EncodeRequest(id, method string, params any) ([]byte, error) {
	return json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		ID      string `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", id, method, params})
}

// EncodeNotification makes the frame of a notification.
func EncodeNotification(method string, params any) ([]byte, error) {
	return json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", method, params})
}

// EncodeResult makes the frame of an answer.
func EncodeResult(id string, result any) ([]byte, error) {
	return json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		ID      string `json:"id"`
		Result  any    `json:"result"`
	}{"2.0", id, result})
}

// EncodeError makes the frame of an error's answer; id is "" where the request's could not be read.
func EncodeError(id string, e *Error) ([]byte, error) {
	var where *string
	if id != "" {
		where = &id
	}
	object, err := e.object()
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		JSONRPC string       `json:"jsonrpc"`
		ID      *string      `json:"id"`
		Error   *errorObject `json:"error"`
	}{"2.0", where, object})
}
