// Package agent lets the session of a browser run in the system's service, on the other side of a local socket.
//
// The agent's end takes connections, learns from the kernel who they are of, admits those whose login session is active at this
// computer; the relay's end makes sure of the agent before a single byte of the browser goes there. What a session is comes from
// main: it is the same one that a host without an agent runs.
package agent

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// Peer is who connected, in the kernel's words.
type Peer struct {
	User string // uid, or SID on Windows
	PID  int
	// Session is the terminal services session of a peer on Windows; Unix asks logind by PID.
	Session uint32
}

// Refusal is why an agent does not serve a relay; the relay then runs the session itself.
type Refusal string

// The refusals.
const (
	// RefusedSession: the peer's login session is not active, or not at this computer.
	RefusedSession Refusal = "sessionNotActive"
	// RefusedMany: the peer, or all together, have as many connections as there may be.
	RefusedMany Refusal = "tooManyConnections"
	// RefusedGreeting: the peer's first message is none of a relay's.
	RefusedGreeting Refusal = "notARelay"
	// RefusedPCSC: the agent does not get at PC/SC, so that it sees no reader; the relay's session may.
	RefusedPCSC Refusal = "noPCSC"
	// RefusedTrouble: the agent could not find out what it needs; its log says what.
	RefusedTrouble Refusal = "trouble"
)

// ErrNotActive says that a peer's login session is not active, or not at this computer.
var ErrNotActive = errors.New("agent: the peer's login session is not the active one at this computer")

// ErrNoPCSC says that an agent does not get at PC/SC.
var ErrNoPCSC = errors.New("agent: PC/SC does not run, or does not let the agent in")

// The messages with which a relay and an agent meet, each in a frame, before those of the session.
type (
	greeting struct {
		Relay   int    `json:"relay"` // wire
		Version string `json:"version"`
		Caller  string `json:"caller"` // what the browser said: a claim
	}
	welcome struct {
		Agent   int      `json:"agent"` // wire
		Version string   `json:"version"`
		Build   string   `json:"build"`
		Readers []string `json:"readers"` // those that the agent sees
		Refused Refusal  `json:"refused,omitzero"`
	}
)

// wire is the number of these two messages' form.
const wire = 1

// The limits of a meeting. A reader's name is at most 128 bytes (PC/SC Lite, MAX_READERNAME), there are at most 16.
const (
	mostGreeting = 4 << 10
	mostWelcome  = 64 << 10
	// greetingTime is how long a peer may take for its first message.
	greetingTime = 5 * time.Second
)

// receive decodes the next frame strictly.
func receive[T greeting | welcome](in *frame.Reader, most int) (T, error) {
	var v T
	msg, err := in.Read()
	if err != nil {
		return v, err
	}
	defer clear(msg) // whatever a stranger sent
	if len(msg) > most {
		return v, &frame.SizeError{Size: uint64(len(msg))}
	}
	err = json.Unmarshal(msg, &v, json.RejectUnknownMembers(true))
	return v, err
}

func send[T greeting | welcome](out io.Writer, v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return frame.NewWriter(out).Write(b)
}

// Session is what serves one relay.
type Session interface {
	// Readers are the names of the readers that it sees.
	Readers(ctx context.Context) ([]string, error)
	// Run serves the connection until its end, or until ctx ends.
	Run(ctx context.Context, in io.Reader, out io.Writer) error
	Close()
}
