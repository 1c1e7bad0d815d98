package session

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

func TestWhatWasSentLeavesInItsOrder(t *testing.T) {
	var out bytes.Buffer
	o := newOutbox(frame.NewWriter(&out))
	for _, text := range []string{"one", "two", "three"} {
		require.NoError(t, o.send([]byte(text), nil))
	}
	o.close()
	r := frame.NewReader(&out)
	for _, want := range []string{"one", "two", "three"} {
		got, err := r.Read()
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

// A browser that reads nothing: whoever has something to say goes on, until the connection is over.
func TestNobodyWaitsForABrowserThatDoesNotRead(t *testing.T) {
	never, end := io.Pipe()
	defer never.Close()
	o := newOutbox(frame.NewWriter(end))
	for range waitingFrames {
		require.NoError(t, o.send([]byte("x"), nil))
	}
	gone := make(chan struct{})
	close(gone)
	var err error
	for err == nil { // the writer may have taken one
		err = o.send([]byte("x"), gone)
	}
	require.ErrorIs(t, err, errPortClosed)
	o.close()
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("EPIPE") }

func TestABrokenPipeIsTold(t *testing.T) {
	o := newOutbox(frame.NewWriter(broken{}))
	require.NoError(t, o.send([]byte("x"), nil))
	<-o.done
	require.ErrorIs(t, o.send([]byte("y"), nil), errNotRead)
}
