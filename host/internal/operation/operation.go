// Package operation is the table of what a portal can ask for.
package operation

import (
	"context"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// Person is who sits at the computer: asked by prompts, told how far it is.
type Person interface {
	// Ask shows a prompt until it is answered or ctx ends; a later prompt of the operation replaces it.
	Ask(ctx context.Context, prompt protocol.PromptParams) (Answer, error)
	// Progress shows how far the operation is.
	Progress(state string)
}

// Answer is what the person answered. The PIN is the receiver's to wipe.
type Answer struct {
	protocol.PromptResult
	PIN token.PIN
}

// Cards is what operations need of the token room.
type Cards interface {
	Look(ctx context.Context) (token.View, error)
	Spare() *token.Spare
	Scan(ctx context.Context, spare *token.Spare) (token.Inventory, error)
	Modules() []token.Module
	Queue(token.Certificate) (*token.Place, error)
	Prepare(context.Context, *token.Spare, token.Certificate) (*token.Signer, error)
}

// Room is what all operations of a session share.
type Room struct {
	Cards   Cards
	Policy  *policy.Policy
	Version string
	Now     func() time.Time
	// PromptSeconds is how long a prompt may stay unanswered.
	PromptSeconds int
	// Doctor examines the computer as the person's own process; nil: this session is not one.
	Doctor    func(context.Context) (protocol.DoctorResult, error)
	examining sync.Mutex
}

// Call is one request on its way.
type Call struct {
	ID string // the request's, for prompts and progress
	// Reference is what a person can read out to the help desk: the beginning of the operation's id in the log.
	Reference string
	Grant     policy.Grant
	Person    Person
	PIN       token.PIN // from the portal's own field; absent mostly
	Log       zerolog.Logger
	// Thumbprint is that of the certificate in use, for the audit line; "": none yet.
	Thumbprint string
	// Watch makes the extension hear of every change in the readers that follows; nil where nobody listens.
	Watch func(context.Context)
	// Code is the session's map of errors: why one document has no signature is spelled as for a whole request.
	Code func(error) protocol.Code
}

// Operation is one line of the table.
type Operation struct {
	Method string
	// Open operations answer any origin: they decide themselves how much.
	Open bool
	// Parse decodes the params, names the origin that asks.
	Parse func(raw jsontext.Value) (params any, origin string, err error)
	// Do does it. Its result is marshalled as the answer.
	Do func(ctx context.Context, room *Room, call *Call, params any) (any, error)
}

// Table has every operation, sorted by method.
var Table = []Operation{
	row(protocol.MethodAuthenticate, false, func(p protocol.AuthenticateParams) string { return p.Origin }, authenticate),
	row(protocol.MethodCertificates, false, func(p protocol.CertificatesParams) string { return p.Origin }, certificates),
	row(protocol.MethodDoctor, true, func(protocol.DoctorParams) string { return "" }, doctor),
	row(protocol.MethodSign, false, func(p protocol.SignParams) string { return p.Origin }, sign),
	row(protocol.MethodSignRaw, false, func(p protocol.SignRawParams) string { return p.Origin }, signRaw),
	row(protocol.MethodStatus, true, func(p protocol.StatusParams) string { return p.Origin }, status),
}

// Find gives the operation of a method.
func Find(method string) (Operation, bool) {
	for _, op := range Table {
		if op.Method == method {
			return op, true
		}
	}
	return Operation{}, false
}

func row[P protocol.Params](method string, open bool, origin func(P) string, do func(context.Context, *Room, *Call, P) (any, error)) Operation {
	return Operation{
		Method: method,
		Open:   open,
		Parse: func(raw jsontext.Value) (any, string, error) {
			p, err := protocol.DecodeParams[P](raw)
			return p, origin(p), err
		},
		Do: func(ctx context.Context, room *Room, call *Call, params any) (any, error) {
			if !open && !call.Grant.Permits(method) {
				return nil, policy.ErrOperation // the grant is checked where it is used, whoever called
			}
			return do(ctx, room, call, params.(P))
		},
	}
}
