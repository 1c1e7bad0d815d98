//go:build linux

package service

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// knock connects to the agent as this machine's root, who has no session in the box.
func knock(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", world.Path(address))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(hosttest.Patience)))
	return conn
}

// refusal reads the agent's answer, then the end of the connection.
func refusal(t *testing.T, conn net.Conn) string {
	t.Helper()
	raw, err := hosttest.ReadFrame(conn)
	require.NoError(t, err)
	var said struct {
		Agent          int
		Version, Build string
		Readers        []string
		Refused        string
	}
	require.NoError(t, json.Unmarshal(raw, &said))
	require.Empty(t, said.Readers, "a stranger learns nothing of the readers")
	_, err = hosttest.ReadFrame(conn)
	require.Error(t, err)
	return said.Refused
}

func TestWhoIsNoRelayIsRefused(t *testing.T) {
	the := begin(t, "citizen")
	for name, first := range map[string][]byte{
		"a session's message":  hosttest.Frame([]byte(`{"jsonrpc":"2.0","id":"1","method":"hello","params":{"protocols":[1],"extension":{"version":"1"}}}`)),
		"no JSON":              hosttest.Frame([]byte("GET / HTTP/1.1")),
		"an unknown member":    hosttest.Frame([]byte(`{"relay":1,"version":"1.0.0","caller":"x","uid":0}`)),
		"a member twice":       hosttest.Frame([]byte(`{"relay":1,"relay":1,"version":"1.0.0","caller":"x"}`)),
		"another wire":         hosttest.Frame([]byte(`{"relay":2,"version":"1.0.0","caller":"x"}`)),
		"a frame of 0 bytes":   {0, 0, 0, 0},
		"a frame of 4 GB":      {0xff, 0xff, 0xff, 0xff},
		"more than a greeting": hosttest.Frame(bytes.Repeat([]byte(" "), 5000)),
	} {
		t.Run(name, func(t *testing.T) {
			conn := knock(t)
			_, err := conn.Write(first)
			require.NoError(t, err)
			require.Equal(t, "notARelay", refusal(t, conn))
		})
	}
	conn := knock(t)
	_, err := conn.Write(hosttest.Frame([]byte(`{"relay":1,"version":"1.0.0","caller":"x"}`)))
	require.NoError(t, err)
	require.Equal(t, "sessionNotActive", refusal(t, conn), "the form of a relay, but nobody at the computer")
	login(t, world.alice.browser(t), the)
	viaAgent(t, world.alice)
}

// A crowd of one uid gets no more than its share, whatever it does; others are served meanwhile.
func TestACrowdKeepsNobodyOut(t *testing.T) {
	the := begin(t, "citizen")
	before := strings.Count(run(t, "ls", "/proc"), "\n")
	refused := 0
	var half []net.Conn
	for i := range 10_000 {
		conn, err := net.Dial("unix", world.Path(address))
		if err != nil {
			continue // the kernel's own limit of those that nobody has accepted yet
		}
		if len(half) < 16 {
			_, _ = conn.Write([]byte{9, 0}[:i%3]) // half a head, or nothing, for as long as it lasts
			half = append(half, conn)
			continue
		}
		_, _ = conn.Write([]byte{0, 0, 0, 0}) // whoever is let in is refused at once for this
		_ = conn.SetReadDeadline(time.Now().Add(hosttest.Patience))
		if raw, err := hosttest.ReadFrame(conn); err == nil && bytes.Contains(raw, []byte(`"tooManyConnections"`)) {
			refused++
		}
		conn.Close()
		if i == 5000 {
			login(t, world.alice.browser(t), the)
			viaAgent(t, world.alice)
		}
	}
	require.Positive(t, refused)
	t.Logf("%d of 10,000 were refused at the door", refused)
	for _, conn := range half { // the time for a greeting ends them
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(hosttest.Patience)))
		_, err := hosttest.ReadFrame(conn)
		require.NoError(t, err)
		conn.Close()
	}
	descriptors := run(t, "sh", "-c", "ls /proc/"+agentPID(t)+"/fd | wc -l")
	require.Less(t, len(descriptors), 3, "the agent keeps %s descriptors", descriptors)
	require.Less(t, strings.Count(run(t, "ls", "/proc"), "\n"), before+20)
	require.Less(t, strings.Count(run(t, "journalctl", "-u", unit, "--no-pager"), "relay refused"), 500, "the log is not theirs to fill")
	the.Renew()
	login(t, world.alice.browser(t), the)
}

// A relay gives nothing to what is not the system's.
func TestImpostors(t *testing.T) {
	the := begin(t, "citizen")
	// listening is what the kernel asks: who bound the socket does not matter
	const listen = `perl -e 'use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); unlink "$ARGV[0]"; bind(S,sockaddr_un($ARGV[0])) or die $!;
chmod 0666,$ARGV[0]; $)=$ARGV[1]; $>=$ARGV[1]; listen(S,9) or die $!; print "listening\n"; $|=1; while(accept(C,S)){sysread(C,$x,9999); open(F,">","/tmp/caught.$ARGV[1]"); print F $x; close F}' `
	bob := run(t, "id", "-u", "bob")
	for name, c := range map[string]struct{ prepare, why string }{
		"a socket of bob's":    {"mkdir -p /run/cardbridge; systemd-run -q --unit=impostor " + listen + address + " " + bob, "does not belong to the system"},
		"a folder of bob's":    {"mkdir -p /run/cardbridge; chown bob /run/cardbridge; systemd-run -q --unit=impostor " + listen + address + " 0", "the folder"},
		"a folder open to all": {"mkdir -p /run/cardbridge; chmod 777 /run/cardbridge; systemd-run -q --unit=impostor " + listen + address + " 0", "the folder"},
		"a file":               {"mkdir -p /run/cardbridge; touch " + address, "is no socket"},
		"a link":               {"mkdir -p /run/cardbridge; ln -s /tmp/elsewhere " + address, "is no socket"},
		"nobody behind it": {"mkdir -p /run/cardbridge; perl -e 'use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un($ARGV[0])) or die $!; chmod 0666,$ARGV[0]' " + address,
			"refused"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "systemctl", "stop", socket, unit)
			t.Cleanup(func() {
				_, _ = world.Run("systemctl", "stop", "impostor")
				run(t, "rm", "-rf", "/run/cardbridge")
				run(t, "systemctl", "restart", socket)
			})
			run(t, "rm", "-rf", "/run/cardbridge", "/tmp/caught."+bob, "/tmp/caught.0")
			run(t, "sh", "-euc", c.prepare)
			if strings.Contains(c.prepare, "impostor") {
				// between bind and listen the kernel says "refused", which is refused as well
				require.Eventually(t, func() bool { return strings.Contains(run(t, "ss", "-xlH"), address) }, hosttest.Patience, 20*time.Millisecond)
			}
			the.Renew()
			login(t, world.alice.browser(t), the)
			direct(t, world.alice, c.why)
			_, err := world.Run("sh", "-c", "test -s /tmp/caught."+bob+" || test -s /tmp/caught.0")
			require.Error(t, err, "an impostor was told something")
		})
	}
}
