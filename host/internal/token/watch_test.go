package token

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// daemon is PC/SC as a script: what it lists, then what changed, turn by turn; after the last turn it is gone.
type daemon struct {
	lists [][]string
	turns []func([]readerState) error
	asked int
}

func (d *daemon) readers() ([]string, error) {
	if d.asked >= len(d.lists) {
		return nil, pcscError(scardNoService)
	}
	return d.lists[d.asked], nil
}

func (d *daemon) statusChange(_ uint32, states []readerState) error {
	d.asked++
	return d.turns[d.asked-1](states)
}

func (*daemon) release()           {}
func (*daemon) cancel()            {}
func (*daemon) reset(string) error { return nil }

func tells(states ...uint32) func([]readerState) error {
	return func(known []readerState) error {
		for i, s := range states {
			known[i+1].event = s | stateChanged
		}
		return nil
	}
}

// A reader that is unplugged announces nothing any more: the list without it is the news.
func TestAReaderThatIsGoneIsPublished(t *testing.T) {
	for name, d := range map[string]*daemon{
		"told as unknown": {
			lists: [][]string{{"a", "b"}, {"a", "b"}, {"b"}},
			turns: []func([]readerState) error{tells(statePresent, statePresent), tells(stateUnknown, statePresent)},
		},
		"refused as unknown": {
			lists: [][]string{{"a", "b"}, {"a", "b"}, {"b"}},
			turns: []func([]readerState) error{tells(statePresent, statePresent), func([]readerState) error { return pcscError(scardUnknownReader) }},
		},
		"only missing": {
			lists: [][]string{{"a", "b"}, {"b"}},
			turns: []func([]readerState) error{tells(statePresent, statePresent)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher()
			d.turns = append(d.turns, func([]readerState) error { return pcscError(scardNoService) })
			require.Equal(t, ServiceNotRunning, w.followContext(d))
			require.Equal(t, []Reader{{Name: "b", State: ReaderPresent}}, w.view.Readers)
		})
	}
}

// Readers that come between a list without any and the wait are announced by nobody: the list is asked for again.
func TestNoReaderIsNotBelievedForEver(t *testing.T) {
	require.EqualValues(t, 1000, patience([]readerState{{name: pnpReader}}))
	d := &daemon{
		lists: [][]string{nil, {"a"}},
		turns: []func([]readerState) error{
			func([]readerState) error { return pcscError(scardTimeout) }, tells(statePresent), func([]readerState) error { return pcscError(scardNoService) },
		},
	}
	w := newWatcher()
	require.Equal(t, ServiceNotRunning, w.followContext(d))
	require.Equal(t, []Reader{{Name: "a", State: ReaderPresent}}, w.view.Readers)
}

// Nothing tells that another program let go of a card: it is asked for, then alone.
func TestACardInUseIsAskedForAgain(t *testing.T) {
	require.EqualValues(t, 300, patience([]readerState{{name: pnpReader}, {current: statePresent}, {current: statePresent | stateExclusive}}))
	require.EqualValues(t, infinite, patience([]readerState{{name: pnpReader}, {current: statePresent}}))
}

// door is a daemon that answers nobody.
type door struct{ code uint32 }

func (d door) establish() (scContext, error) { return nil, pcscResult(d.code) }

// A service that keeps a person out is another thing than one that does not run.
func TestARefusalIsTold(t *testing.T) {
	for code, out := range map[uint32]bool{scardSecurity: true, scardCommunication: true, scardNoService: false, scardServiceStopped: false} {
		require.Equal(t, View{Service: ServiceNotRunning, Refused: out}, newWatcher().followIn(door{code}), "%X", code)
	}
	require.False(t, sameView(View{Service: ServiceNotRunning}, View{Service: ServiceNotRunning, Refused: true}), "the change is published")
}
