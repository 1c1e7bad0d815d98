// Package session carries a conversation with one extension: read, decode, admit, do, reply.
package session

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/frame"
	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// referenceLength is as many digits of an operation's id as a person can read out; no log of one computer holds two alike.
const referenceLength = 8

// maxInFlight is how many requests an extension may have unanswered.
const maxInFlight = 32

// Config is what a session works with.
type Config struct {
	Room  *operation.Room
	Build string // release, dev
	// Log has the caller, as it claims to be, on every line.
	Log zerolog.Logger
	// User is the person's uid or SID, for the audit lines: this process's own, or what the kernel says of the agent's peer.
	User string
	// Still says whether the person may still be served here; nil: always. It is asked before each operation, once a second while one
	// lasts, before a prompt is shown, before a PIN is used.
	Still func(context.Context) error
}

// session is one connection. Reading is one goroutine's, each request has its own; writes are frames, whole.
type session struct {
	cfg Config
	out *outbox

	mu       sync.Mutex
	greeted  bool
	requests map[string]context.CancelCauseFunc // in flight, by the extension's id
	prompts  map[string]chan promptAnswer       // open, by our id
	nextID   int
	running  sync.WaitGroup
	watching sync.Once
	looked   chan struct{}   // closed at the first look of watching
	refusals zerolog.Sampler // which of them are logged
	life     context.Context // the connection's
	end      context.CancelCauseFunc
}

type promptAnswer struct {
	answer operation.Answer
	err    error
}

var (
	// errPortClosed ends what is in flight when nobody is left to answer.
	errPortClosed = errors.New("session: the port was closed")
	// errHostEnds ends what is in flight when this process is told to end, the agent at an upgrade for instance.
	errHostEnds = errors.New("session: the host was told to end")
)

// Run serves a connection until its end, or until ctx ends. It returns nil when the extension closed it between two messages; what
// was in flight has been ended by then, cards have been reset. A read that blocks cannot be ended: where ctx ended first, one
// goroutine stays in it.
func Run(ctx context.Context, in io.Reader, out io.Writer, cfg Config) error {
	s := &session{cfg: cfg, out: newOutbox(frame.NewWriter(out)), requests: map[string]context.CancelCauseFunc{}, prompts: map[string]chan promptAnswer{},
		looked: make(chan struct{}), refusals: &zerolog.BurstSampler{Burst: mostRefusals, Period: time.Minute}}
	life, cancel := context.WithCancelCause(context.WithoutCancel(ctx)) // that its end has a cause
	s.life, s.end = life, cancel
	ended := make(chan error, 1)
	go func() { ended <- s.read(life, frame.NewReader(in)) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		cancel(errHostEnds)
	case <-life.Done():
		err = life.Err()
	}
	cancel(errPortClosed)
	s.running.Wait()
	s.out.close()
	return err
}

func (s *session) read(ctx context.Context, in *frame.Reader) error {
	for {
		msg, err := in.Read()
		var size *frame.SizeError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &size):
			s.fail("", &protocol.Error{Code: protocol.MessageTooLarge})
			return err
		case err != nil:
			return err
		}
		s.receive(ctx, msg)
	}
}

// receive handles one message. The PIN is cut out before anything else reads the bytes. Decoded params share memory with them,
// so the bytes are wiped when the request has been parsed.
func (s *session) receive(ctx context.Context, msg []byte) {
	defer clear(msg)
	pin, badPIN := token.CutPIN(msg)
	message, err := protocol.Decode(msg)
	if err != nil {
		pin.Wipe()
		s.fail("", mapError(err))
		return
	}
	switch m := message.(type) {
	case protocol.Request:
		if badPIN != nil {
			s.fail(m.ID, mapError(badPIN))
			return
		}
		s.request(ctx, m, pin)
	case protocol.Notification:
		pin.Wipe()
		s.notification(m)
	case protocol.Response:
		s.response(m, pin)
	}
}

func (s *session) request(ctx context.Context, m protocol.Request, pin token.PIN) {
	if m.Method == protocol.MethodHello {
		pin.Wipe()
		s.hello(m)
		return
	}
	op, known := operation.Find(m.Method)
	var refusal *protocol.Error
	switch {
	case !s.greeted:
		refusal = &protocol.Error{Code: protocol.HelloRequired}
	case !known:
		refusal = &protocol.Error{Code: protocol.UnknownMethod}
	}
	if refusal != nil {
		pin.Wipe()
		s.fail(m.ID, refusal)
		return
	}
	params, origin, err := op.Parse(m.Params)
	if err != nil {
		pin.Wipe()
		s.fail(m.ID, mapError(err))
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if code := s.enter(m.ID, cancel); code != "" {
		cancel(nil)
		pin.Wipe()
		refusal := &protocol.Error{Code: code}
		if code == protocol.DuplicateID {
			refusal.Facts.ID = m.ID
			s.fail("", refusal) // under its id, the first request would take it for its own
			return
		}
		s.fail(m.ID, refusal)
		return
	}
	s.running.Go(func() {
		defer cancel(nil)
		defer s.watchOver(ctx, op, cancel)()
		s.do(ctx, op, m.ID, params, origin, pin)
	})
}

// enter books a request in, or says why not.
func (s *session) enter(id string, cancel context.CancelCauseFunc) protocol.Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.requests[id]; taken {
		return protocol.DuplicateID
	}
	if len(s.requests) >= maxInFlight {
		return protocol.TooManyRequests
	}
	s.requests[id] = cancel
	return ""
}

// do admits a request and does it. The operation's id is a UUID: the request's own id begins anew with each connection.
func (s *session) do(ctx context.Context, op operation.Operation, id string, params any, origin string, pin token.PIN) {
	defer pin.Wipe()
	name := uuid.NewString()
	log := s.cfg.Log.With().Str("operation", name).Str("method", op.Method).Str("origin", origin).Logger()
	call := &operation.Call{ID: id, Reference: name[:referenceLength], Person: &person{s, id, log}, PIN: pin, Log: log, Code: codeOf,
		Watch: s.watchCardsFrom}
	started := s.cfg.Room.Now()
	var result any
	var err error
	if !op.Open {
		call.Grant, err = s.cfg.Room.Policy.Admit(origin, op.Method)
	}
	if err == nil {
		err = s.still(ctx)
	}
	if err == nil {
		if !op.Open {
			s.watchCards()
		}
		result, err = op.Do(ctx, s.cfg.Room, call, params)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	s.leave(id)
	elapsed := s.cfg.Room.Now().Sub(started)
	if err == nil {
		event := log.Info()
		if op.Open {
			event = log.Debug() // any page may ask, as often as it likes: the log is for what touches a card
		}
		event.Dur("ms", elapsed).Msg("done")
		s.audit(op, call, "done", elapsed)
		s.reply(log, id, result)
		return
	}
	e := mapError(err)
	e.Operation = name
	e.Facts.Origin, e.Facts.Operation = factsOfRefusal(e.Code, origin, op.Method)
	e.Facts.HelpDesk = s.cfg.Room.Contact(origin)
	if s.worthALine(e.Code) {
		event := log.Info()
		if e.Code == protocol.Internal {
			event = log.Error()
		}
		event.Dur("ms", elapsed).Str("code", string(e.Code)).AnErr("cause", err).Msg("refused or failed")
		s.audit(op, call, string(e.Code), elapsed)
	}
	if !errors.Is(err, errPortClosed) {
		s.failed(log, id, e)
	}
}

func (s *session) leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
}

func (s *session) hello(m protocol.Request) {
	p, err := protocol.DecodeParams[protocol.HelloParams](m.Params)
	if err != nil {
		s.fail(m.ID, mapError(err))
		return
	}
	if !slices.Contains(p.Protocols, protocol.Version) {
		code := protocol.ExtensionOutdated
		if slices.Max(p.Protocols) > protocol.Version {
			code = protocol.HostOutdated
		}
		s.fail(m.ID, &protocol.Error{Code: code})
		return
	}
	s.greeted = true
	s.reply(s.cfg.Log, m.ID, protocol.HelloResult{
		Protocol: protocol.Version,
		Host: protocol.Host{
			Name: protocol.HostName, Version: s.cfg.Room.Version, OS: runtime.GOOS, Arch: runtime.GOARCH, Build: s.cfg.Build,
		},
		MaxMessageBytes: frame.Max,
	})
}

// notification: cancel alone is known; notifications have no answer, so others are ignored (JSON-RPC 2.0, section 4.1).
func (s *session) notification(m protocol.Notification) {
	if m.Method != protocol.MethodCancel {
		return
	}
	p, err := protocol.DecodeParams[protocol.CancelParams](m.Params)
	if err != nil {
		return
	}
	s.mu.Lock()
	cancel := s.requests[p.ID]
	s.mu.Unlock()
	if cancel != nil {
		cancel(&protocol.Error{Code: protocol.Cancelled})
	}
}
