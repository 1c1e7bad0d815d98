//go:build linux

package fleet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// browser is Chromium with a person before it.
type browser struct {
	t       *testing.T
	in      io.WriteCloser
	answers *bufio.Scanner
	errors  bytes.Buffer
	cmd     *exec.Cmd
	closed  bool
}

// browser opens one, in the person's own profile, and waits until it is up.
func (d *desk) browser() *browser {
	d.t.Helper()
	b := &browser{t: d.t, cmd: exec.Command(*node, "browser.mjs", d.wrapper(), origin, filepath.Join(d.t.TempDir(), "profile"))}
	b.cmd.Stderr = &b.errors
	var err error
	b.in, err = b.cmd.StdinPipe()
	require.NoError(d.t, err)
	out, err := b.cmd.StdoutPipe()
	require.NoError(d.t, err)
	b.answers = bufio.NewScanner(out)
	b.answers.Buffer(nil, 1<<20)
	require.NoError(d.t, b.cmd.Start())
	d.t.Cleanup(b.close)
	d.t.Logf("Chromium %s", b.answer())
	return b
}

func (b *browser) order(order map[string]any) string {
	b.t.Helper()
	raw, err := json.Marshal(order)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(raw, '\n'))
	require.NoError(b.t, err, "%s", &b.errors)
	return b.answer()
}

func (b *browser) answer() string {
	b.t.Helper()
	require.True(b.t, b.answers.Scan(), "the browser is gone: %s", &b.errors)
	var said struct {
		OK          bool
		Said, Error string
	}
	require.NoError(b.t, json.Unmarshal(b.answers.Bytes(), &said))
	require.True(b.t, said.OK, "%s", said.Error)
	return said.Said
}

func (b *browser) close() {
	if b.closed {
		return
	}
	b.closed = true
	_ = b.in.Close()
	_ = b.cmd.Wait() // a box that ends takes the browser with it
}
