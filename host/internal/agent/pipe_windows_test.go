package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/Microsoft/go-winio"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// listening is an agent's pipe for a test; no service is registered on the computer.
func listening(t *testing.T) net.Listener {
	t.Helper()
	l, activated, err := Listen()
	require.NoError(t, err)
	require.False(t, activated)
	t.Cleanup(func() { l.Close() })
	return l
}

// connected gives both ends of a connection.
func connected(t *testing.T, l net.Listener) (relay, agent net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	ctx, cancel := context.WithTimeout(t.Context(), welcomeTime)
	defer cancel()
	relay, err := open(ctx)
	require.NoError(t, err)
	agent = <-accepted
	t.Cleanup(func() { relay.Close(); agent.Close() })
	return relay, agent
}

func TestAPeerIsWhoTheKernelSays(t *testing.T) {
	_, conn := connected(t, listening(t))
	peer, err := PeerOf(conn)
	require.NoError(t, err)
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	require.NoError(t, err)
	require.Equal(t, me.User.Sid.String(), peer.User)
	require.Equal(t, os.Getpid(), peer.PID)
	var session uint32
	require.NoError(t, windows.ProcessIdToSessionId(uint32(os.Getpid()), &session))
	require.Equal(t, session, peer.Session)
}

func TestOnlyTheConsoleIsAdmitted(t *testing.T) {
	console := windows.WTSGetActiveConsoleSessionId()
	require.NoError(t, Admit(t.Context(), Peer{Session: console}))
	for _, other := range []uint32{0, console + 1, ^uint32(0)} {
		if other != console {
			require.ErrorIs(t, Admit(t.Context(), Peer{Session: other}), ErrNotActive)
		}
	}
}

// echo is a session that gives back what comes.
type echo struct{}

func (echo) Readers(context.Context) ([]string, error) { return []string{"Reader 0"}, nil }
func (echo) Close()                                    {}
func (echo) Run(_ context.Context, in io.Reader, out io.Writer) error {
	for from, to := frame.NewReader(in), frame.NewWriter(out); ; {
		msg, err := from.Read()
		if err != nil {
			return nil
		}
		if err := to.Write(msg); err != nil {
			return err
		}
	}
}

// A whole agent on its pipe: greeting, welcome, the longest frame there and back, several relays at once, an end.
func TestRelaysAreServed(t *testing.T) {
	l := listening(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, l, Config{Version: "1", Build: "test", Log: zerolog.Nop(),
			Open: func(Peer, string, func(context.Context) error) (Session, error) { return echo{}, nil }})
	}()
	within, cancel := context.WithTimeout(t.Context(), 10*welcomeTime)
	defer cancel()
	var links []*Link
	for range 3 {
		conn, err := open(within)
		require.NoError(t, err)
		link, err := meet(within, conn, "1", "chrome-extension://x/", []string{"Reader 0"})
		require.NoError(t, err)
		links = append(links, link)
	}
	long := []byte(`"` + strings.Repeat("x", 1<<20-2) + `"`)
	for _, link := range links {
		in, browser := io.Pipe()
		answers, out := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- link.Relay(in, out) }()
		go func() { _ = frame.NewWriter(browser).Write(long) }()
		answer, err := frame.NewReader(answers).Read()
		require.NoError(t, err)
		require.Equal(t, long, answer)
		browser.Close()
		require.NoError(t, <-ended, "the browser's end is none of the agent's faults")
	}
	conn, err := open(within)
	require.NoError(t, err)
	_, err = meet(within, conn, "2", "chrome-extension://x/", nil)
	var version *VersionError
	require.ErrorAs(t, err, &version)
	conn.Close()
	stop()
	require.NoError(t, <-served)
	_, err = open(t.Context())
	require.ErrorIs(t, err, windows.ERROR_FILE_NOT_FOUND)
}

func TestWhoServesThePipeIsLookedAt(t *testing.T) {
	relay, _ := connected(t, listening(t))
	me := uint32(os.Getpid())
	require.NoError(t, servedBy(relay, windows.SERVICE_STATUS_PROCESS{ProcessId: me}))
	require.ErrorIs(t, servedBy(relay, windows.SERVICE_STATUS_PROCESS{ProcessId: me + 4}), ErrImpostor)
	require.ErrorIs(t, servedBy(relay, windows.SERVICE_STATUS_PROCESS{}), ErrImpostor, "a service that has no process")
}

// An impostor that was first, in whose process id's place the service runs now: the pipe belongs to no account of the system.
func TestAPersonsPipeIsNoAgents(t *testing.T) {
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	require.NoError(t, err)
	l, err := winio.ListenPipe(place, &winio.PipeConfig{SecurityDescriptor: "O:" + me.User.Sid.String() + "D:(A;;FA;;;WD)"})
	require.NoError(t, err)
	l, err = overWine(l)
	require.NoError(t, err)
	defer l.Close()
	relay, _ := connected(t, l)
	require.ErrorIs(t, servedBy(relay, windows.SERVICE_STATUS_PROCESS{ProcessId: uint32(os.Getpid())}), ErrImpostor)

	go func() { // taken comes too
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
	}()
	_, _, err = Listen()
	require.ErrorIs(t, err, ErrImpostor)
	require.ErrorContains(t, err, place)
}

func TestWithoutAServiceThereIsNoAgent(t *testing.T) {
	require.False(t, Installed())
	listening(t)
	_, err := dial(t.Context())
	require.ErrorIs(t, err, ErrNone, "nobody is asked whom no service stands for")
}

func TestWhoMayDoWhatWithThePipe(t *testing.T) {
	// a service's SID that everybody can look up
	require.Equal(t, "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", serviceSID("TrustedInstaller"))
	raw, err := winio.SddlToSecurityDescriptor(accessRules)
	require.NoError(t, err)
	back, err := winio.SecurityDescriptorToSddl(raw)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(back, "D:P(D;;FA;;;NU)"), back) // refused before anything is granted
	require.Contains(t, back, "(A;;0x12019b;;;IU)", "nobody but the service makes instances (0x4)")
	require.Contains(t, back, serviceSID(serviceName))
	for _, everybody := range []string{";;;WD)", ";;;AU)", ";;;BU)", ";;;AN)", ";;;LS)", ";;;AC)"} {
		require.NotContains(t, back, everybody)
	}
}

func TestAListenerEnds(t *testing.T) {
	l := listening(t)
	ended := make(chan error, 1)
	go func() { _, err := l.Accept(); ended <- err }()
	require.NoError(t, l.Close())
	require.True(t, errors.Is(<-ended, net.ErrClosed))
	listening(t) // the name is free again
}
