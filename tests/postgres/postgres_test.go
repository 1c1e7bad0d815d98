package postgres_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/postgres"
)

const patience = 30 * time.Second

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	first, dump := postgres.StartDump(t)
	second := postgres.Start(t)
	assert.NotEqual(t, first, second)
	text, err := dump()
	require.NoError(t, err)
	assert.Contains(t, text, "PostgreSQL database dump complete")
}

// rig starts the built pgrig, waits for its line.
func rig(t *testing.T) (cmd *exec.Cmd, address, dir string, closeInput func()) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "pgrig")
	out, err := exec.Command("go", "build", "-o", bin, "./pgrig").CombinedOutput()
	require.NoError(t, err, "%s", out)
	dir, err = os.MkdirTemp("", "rig") // t.TempDir's parents are closed to the server's user
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	cmd = exec.Command(bin, "-fsync=on", "-dir", dir)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var said map[string]string
	require.NoError(t, json.Unmarshal(line, &said))
	return cmd, said["url"], dir, func() { require.NoError(t, stdin.Close()) }
}

func host(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	return parsed.Host
}

func TestTheRigEndsWithItsInput(t *testing.T) {
	cmd, address, dir, closeInput := rig(t)
	conn, err := net.Dial("tcp", host(t, address))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	closeInput()
	require.NoError(t, cmd.Wait())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
	_, err = net.Dial("tcp", host(t, address))
	assert.Error(t, err)
}

func TestTheServerDiesWithTheRig(t *testing.T) {
	cmd, address, _, _ := rig(t)
	conn, err := net.Dial("tcp", host(t, address))
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	// An SSLRequest has its answer when the connection has its process. A connection that the server takes up after it was told
	// to end is not told in its turn: it may wait for its first packet for a minute.
	_, err = conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f})
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server still holds the connection")
}
