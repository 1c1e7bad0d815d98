package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// The reasons for which a relay does not use the agent; the session then runs in the browser's own process.
var (
	// ErrNone: no agent is installed.
	ErrNone = errors.New("agent: none is installed")
	// ErrImpostor: what answers at the agent's place cannot be the agent.
	ErrImpostor = errors.New("agent: what listens at its place does not belong to the system")
	// ErrReaders: this session sees a reader that the agent does not see, one redirected from elsewhere for instance.
	ErrReaders = errors.New("agent: it does not see all readers of this session")
)

// RefusedError says that the agent does not serve this person now.
type RefusedError struct{ Why Refusal }

func (e *RefusedError) Error() string {
	return "agent: it does not serve this session: " + string(e.Why)
}

// VersionError says that the agent is of another version than this program, as between an upgrade and its restart.
type VersionError struct{ Version string }

func (e *VersionError) Error() string {
	return "agent: another version than this program: " + strconv.Quote(e.Version)
}

// welcomeTime is how long an agent may take to start, to look at the readers, to answer.
const welcomeTime = 7 * time.Second

// Link is a connection to an agent that has agreed to serve.
type Link struct {
	conn net.Conn
	in   *frame.Reader
}

// Connect reaches the agent, makes sure that it is the system's, of the same version, and that it sees every one of readers.
// Any error means: run the session here.
func Connect(ctx context.Context, version, caller string, readers []string) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, welcomeTime)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	l, err := meet(ctx, conn, version, caller, readers)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

func meet(ctx context.Context, conn net.Conn, version, caller string, readers []string) (*Link, error) {
	until, _ := ctx.Deadline()
	_ = conn.SetDeadline(until)
	if err := send(conn, greeting{Relay: wire, Version: version, Caller: caller}); err != nil {
		return nil, fmt.Errorf("agent: greeting it: %w", err)
	}
	l := &Link{conn: conn, in: frame.NewReader(conn)}
	answer, err := receive[welcome](l.in, mostWelcome)
	if err != nil {
		return nil, fmt.Errorf("agent: its welcome: %w", err)
	}
	switch {
	case answer.Agent != wire || answer.Version != version:
		return nil, &VersionError{answer.Version}
	case answer.Refused != "":
		return nil, &RefusedError{answer.Refused}
	}
	for _, name := range readers {
		if !slices.Contains(answer.Readers, name) {
			return nil, ErrReaders
		}
	}
	_ = conn.SetDeadline(time.Time{})
	return l, nil
}

// Close ends the link.
func (l *Link) Close() { l.conn.Close() }

// Relay carries frames both ways until one side ends: nil if it was the browser's, an error if the agent's. Nothing is kept: each
// message is wiped when it has been passed on, since one may hold a PIN.
func (l *Link) Relay(in io.Reader, out io.Writer) error {
	type end struct {
		browser bool
		err     error
	}
	ends := make(chan end, 2) // one side stays in a read that nothing ends but the process
	go func() { ends <- end{true, carry(frame.NewReader(in), frame.NewWriter(l.conn))} }()
	go func() { ends <- end{false, carry(l.in, frame.NewWriter(out))} }()
	first := <-ends
	l.conn.Close()
	if first.browser && errors.Is(first.err, io.EOF) {
		return nil
	}
	return fmt.Errorf("agent: the connection ended: %w", first.err)
}

func carry(from *frame.Reader, to *frame.Writer) error {
	for {
		msg, err := from.Read()
		if err != nil {
			return err
		}
		err = to.Write(msg)
		clear(msg)
		if err != nil {
			return err
		}
	}
}

// mostPeeked is more than a hello needs; a longer first message is not looked into.
const mostPeeked = 4 << 10

// Peek reads the first message of a browser, nil if it is long or no message; rest gives all that was read once more, then what
// follows.
func Peek(in io.Reader) (first []byte, rest io.Reader) {
	var read bytes.Buffer
	first, err := frame.NewReader(io.TeeReader(io.LimitReader(in, mostPeeked), &read)).Read()
	if err != nil {
		first = nil
	}
	return first, io.MultiReader(&read, in)
}
