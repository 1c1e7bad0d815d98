package wine

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a host as Chrome starts it on Windows, with the test's hands on its pipes.
type browser struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	logs int64 // where its own lines begin in the log
}

func startBrowser(t *testing.T) *browser { t.Helper(); return startHost(t, installed) }

// startHost starts a host wherever it lies.
func startHost(t *testing.T, host string) *browser {
	t.Helper()
	return startHostAs(t, host, "chrome-extension://pbjmkmfiabchoodbocfoiebiblhbiijh/", "--parent-window=0")
}

// startHostAs starts one with a browser's words.
func startHostAs(t *testing.T, host string, words ...string) *browser {
	t.Helper()
	b := &browser{t: t, cmd: exec.Command(wine, append([]string{host}, words...)...), logs: int64(len(hostLog(t)))}
	b.cmd.Env, b.cmd.Dir = environment(), world
	errors, err := os.CreateTemp(world, "stderr-")
	require.NoError(t, err)
	defer errors.Close()
	b.cmd.Stderr = errors
	b.in, err = b.cmd.StdinPipe()
	require.NoError(t, err)
	b.out, err = b.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, b.cmd.Start())
	stuck := time.AfterFunc(patience, func() { _ = b.cmd.Process.Kill() })
	t.Cleanup(func() { stuck.Stop(); _ = b.cmd.Process.Kill(); _ = b.cmd.Wait() })
	return b
}

// call sends one request and gives its answer.
func (b *browser) call(method string, params map[string]any) (result map[string]any) {
	b.t.Helper()
	message, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "1", "method": method, "params": params})
	require.NoError(b.t, err)
	_, err = b.in.Write(append(binary.NativeEndian.AppendUint32(nil, uint32(len(message))), message...))
	require.NoError(b.t, err)
	var size uint32
	require.NoError(b.t, binary.Read(b.out, binary.NativeEndian, &size), "no answer to %s: %s", method, hostLog(b.t))
	raw := make([]byte, size)
	_, err = io.ReadFull(b.out, raw)
	require.NoError(b.t, err)
	var answer struct{ Result map[string]any }
	require.NoError(b.t, json.Unmarshal(raw, &answer))
	require.NotNil(b.t, answer.Result, string(raw))
	return answer.Result
}

func (b *browser) greet() *browser {
	b.t.Helper()
	hello := b.call("hello", map[string]any{"protocols": []int{1}, "extension": map[string]any{"version": "0.1.0"}})
	host, ok := hello["host"].(map[string]any)
	require.True(b.t, ok, hello)
	require.Equal(b.t, "windows", host["os"])
	return b
}

// leave closes the browser's end: the host ends without an error.
func (b *browser) leave() {
	b.t.Helper()
	require.NoError(b.t, b.in.Close())
	require.Equal(b.t, 0, b.code())
}

func (b *browser) code() int {
	b.t.Helper()
	rest, err := io.ReadAll(b.out)
	require.NoError(b.t, err)
	require.Empty(b.t, rest)
	_ = b.cmd.Wait() // the code tells
	return b.cmd.ProcessState.ExitCode()
}

// said is what the hosts have logged since this one was started.
func (b *browser) said() string { return hostLog(b.t)[b.logs:] }

// hostLog is what hosts that browsers started have logged.
func hostLog(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(inWindows(`C:\users\*\AppData\Local\CardBridge\host.log`))
	require.NoError(t, err)
	var all strings.Builder
	for _, name := range found {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
