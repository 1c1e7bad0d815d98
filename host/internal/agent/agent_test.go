//go:build dev && unix

package agent

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

const patience = 20 * time.Second

// echo is a session that gives each message back.
type echo struct {
	readers []string
	running *atomic.Int32
}

func (e *echo) Readers(context.Context) ([]string, error) { return e.readers, nil }

func (e *echo) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	e.running.Add(1)
	defer e.running.Add(-1)
	ended := make(chan error, 1)
	go func() { ended <- carry(frame.NewReader(in), frame.NewWriter(out)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *echo) Close() {}

// desk is an agent at a place of its own.
type desk struct {
	running atomic.Int32
	callers chan string
	stop    context.CancelFunc
	ended   chan error
}

// serveHere starts an agent; active are the uids that are at the computer.
func serveHere(t *testing.T, idle time.Duration, active string, readers ...string) *desk {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // a socket's address is short
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	devSocket = filepath.Join(dir, "agent.sock")
	require.NoError(t, os.WriteFile(devSocket+".active", []byte(active), 0o644))
	listener, activated, err := Listen()
	require.NoError(t, err)
	require.False(t, activated)
	d := &desk{callers: make(chan string, 64), ended: make(chan error, 1)}
	var ctx context.Context
	ctx, d.stop = context.WithCancel(context.Background())
	go func() {
		d.ended <- Serve(ctx, listener, Config{Version: "1.2.3", Build: "dev", Log: zerolog.Nop(), Idle: idle,
			Open: func(peer Peer, caller string, still func(context.Context) error) (Session, error) {
				d.callers <- peer.User + " " + caller
				return &echo{readers, &d.running}, still(context.Background())
			}})
	}()
	t.Cleanup(func() { d.stop(); os.RemoveAll(dir); devSocket = "" })
	return d
}

func me() string { return strconv.Itoa(os.Getuid()) }

func framed(s string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(s))), s...)
}

func TestARelayCarriesFramesBothWays(t *testing.T) {
	d := serveHere(t, 0, me(), "Reader 00 00")
	l, err := Connect(context.Background(), "1.2.3", "chrome-extension://x/", []string{"Reader 00 00"})
	require.NoError(t, err)
	require.Equal(t, me()+" chrome-extension://x/", <-d.callers)
	browser, in := io.Pipe()
	out, answers := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- l.Relay(browser, answers) }()
	for _, message := range []string{"{}", strings.Repeat("x", 1<<20)} {
		go func() { _, _ = in.Write(framed(message)) }()
		back, err := frame.NewReader(out).Read()
		require.NoError(t, err)
		require.Equal(t, message, string(back))
	}
	in.Close()
	require.NoError(t, <-ended, "the browser's end is no fault")
	require.Eventually(t, func() bool { return d.running.Load() == 0 }, patience, time.Millisecond)
}

// What has been passed on is wiped: a message may hold a PIN.
func TestNothingOfAMessageStays(t *testing.T) {
	var kept []byte
	err := carry(frame.NewReader(bytes.NewReader(framed("secret"))), frame.NewWriter(writer(func(b []byte) { kept = b })))
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, kept, 10)
	require.Equal(t, make([]byte, 10), kept)
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

func TestTheAgentsEndIsAFaultForTheBrowser(t *testing.T) {
	d := serveHere(t, 0, me())
	l, err := Connect(context.Background(), "1.2.3", "x", nil)
	require.NoError(t, err)
	browser, in := io.Pipe()
	defer in.Close()
	ended := make(chan error, 1)
	go func() { ended <- l.Relay(browser, io.Discard) }()
	require.Eventually(t, func() bool { return d.running.Load() == 1 }, patience, time.Millisecond)
	d.stop()
	require.NoError(t, <-d.ended)
	require.Error(t, <-ended)
}

func TestWhyASessionRunsElsewhere(t *testing.T) {
	connect := func(version string, readers ...string) error {
		l, err := Connect(context.Background(), version, "x", readers)
		if l != nil {
			l.Close()
		}
		return err
	}
	require.ErrorIs(t, connect("1.2.3"), ErrNone)
	serveHere(t, 0, me(), "Reader 00 00")
	require.NoError(t, connect("1.2.3"))
	require.NoError(t, connect("1.2.3", "Reader 00 00"))
	require.ErrorIs(t, connect("1.2.3", "Reader 00 00", "Redirected 00 00"), ErrReaders)
	var other *VersionError
	require.ErrorAs(t, connect("1.2.4"), &other)
	require.Equal(t, "1.2.3", other.Version)
	require.NoError(t, os.WriteFile(devSocket+".active", []byte("1 2 3"+me()+"9"), 0o644))
	require.Equal(t, &RefusedError{RefusedSession}, connect("1.2.3"))
	require.NoError(t, os.Chmod(filepath.Dir(devSocket), 0o777))
	require.ErrorIs(t, connect("1.2.3"), ErrImpostor)
}

// An agent that says anything but a welcome is none.
func TestAHostileAgent(t *testing.T) {
	for name, answer := range map[string][]byte{
		"garbage": framed("hello"), "nothing": {}, "half a head": {9, 0}, "too long": framed(strings.Repeat(" ", mostWelcome+1)),
		"4 GB": {0xff, 0xff, 0xff, 0xff}, "an unknown member": framed(`{"agent":1,"version":"1.2.3","build":"dev","readers":[],"pin":"?"}`),
		"another wire": framed(`{"agent":2,"version":"1.2.3","build":"dev","readers":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = frame.NewReader(theirs).Read()
				_, _ = theirs.Write(answer)
				theirs.Close()
			}()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err := meet(ctx, ours, "1.2.3", "x", nil)
			require.Error(t, err)
		})
	}
}

func TestNobodyHasMoreThanTheirShare(t *testing.T) {
	serveHere(t, 0, me())
	var links []*Link
	for range mostPerUser {
		l, err := Connect(context.Background(), "1.2.3", "x", nil)
		require.NoError(t, err)
		links = append(links, l)
	}
	_, err := Connect(context.Background(), "1.2.3", "x", nil)
	require.ErrorContains(t, err, string(RefusedMany))
	links[0].Close()
	require.Eventually(t, func() bool {
		l, err := Connect(context.Background(), "1.2.3", "x", nil)
		if err == nil {
			links[0] = l
		}
		return err == nil
	}, patience, time.Millisecond, "a place that was left is another's")
	for _, l := range links {
		l.Close()
	}
}

func TestAnIdleAgentEndsByItself(t *testing.T) {
	d := serveHere(t, 300*time.Millisecond, me())
	l, err := Connect(context.Background(), "1.2.3", "x", nil)
	require.NoError(t, err)
	select {
	case <-d.ended:
		t.Fatal("it ended under a connection")
	case <-time.After(600 * time.Millisecond):
	}
	l.Close()
	select {
	case err := <-d.ended:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

func TestASecondAgentAndAStaleSocket(t *testing.T) {
	d := serveHere(t, 0, me())
	_, _, err := Listen()
	require.ErrorIs(t, err, ErrRunning)
	d.stop()
	require.NoError(t, <-d.ended)
	// what a crash leaves: a socket that nobody listens at
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: devSocket, Net: "unix"})
	require.NoError(t, err)
	dead.SetUnlinkOnClose(false)
	dead.Close()
	require.FileExists(t, devSocket)
	l, _, err := Listen()
	require.NoError(t, err)
	l.Close()
}

func TestPeekGivesEverythingBack(t *testing.T) {
	for name, c := range map[string]struct{ sent, first string }{
		"a message":        {string(framed("hello")) + string(framed("more")), "hello"},
		"a long message":   {string(framed(strings.Repeat("x", mostPeeked))) + "more", ""},
		"nothing":          {"", ""},
		"half a message":   {string(framed("hello"))[:6], ""},
		"an absurd length": {"\xff\xff\xff\xff", ""},
	} {
		t.Run(name, func(t *testing.T) {
			first, rest := Peek(strings.NewReader(c.sent))
			require.Equal(t, c.first, string(first))
			all, err := io.ReadAll(rest)
			require.NoError(t, err)
			require.Equal(t, c.sent, string(all))
		})
	}
}

func FuzzMeeting(f *testing.F) {
	f.Add(framed(`{"relay":1,"version":"1","caller":"x"}`))
	f.Add(framed(`{"agent":1,"version":"1.2.3","build":"dev","readers":["x"]}`))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := receive[greeting](frame.NewReader(bytes.NewReader(b)), mostGreeting); err == nil && len(v.Caller) > mostGreeting {
			t.Fatal("too much")
		}
		if _, err := receive[welcome](frame.NewReader(bytes.NewReader(b)), mostWelcome); err != nil && errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal("an end inside a message has a name of ours")
		}
	})
}
