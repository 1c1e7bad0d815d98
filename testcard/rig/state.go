//go:build linux

package rig

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// ReaderState is what the daemon itself believes about a reader.
type ReaderState struct {
	Name    string
	Events  uint32 // insertions and removals so far
	Present bool
	Clients int32 // connections to the card; -1 for an exclusive one
	ATR     []byte
}

const (
	maxReaders = 16
	nameSize   = 128
	atrSize    = 33
	// name, event counter, state, sharing, ATR, its padding, ATR length, protocol
	readerSize   = nameSize + 4 + 4 + 4 + atrSize + 3 + 4 + 4
	statePresent = 0x0004
)

// State asks the daemon, in its own protocol, so that no PC/SC library is needed and no connection
// to a card is made. Readers come in the order of the rig's own numbers.
func (r *Rig) State() ([]ReaderState, error) {
	c, err := r.dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.send(cmdGetReadersState, nil); err != nil {
		return nil, err
	}
	b := make([]byte, maxReaders*readerSize)
	if err := c.receive(b); err != nil {
		return nil, err
	}
	states := parseStates(b)
	slices.SortStableFunc(states, func(a, b ReaderState) int {
		return cmp.Compare(slices.Index(r.names[:], a.Name), slices.Index(r.names[:], b.Name))
	})
	return states, nil
}

// stateOf picks a reader; a reader that is not plugged in is not there.
func (r *Rig) stateOf(states []ReaderState, reader int) (ReaderState, bool) {
	i := slices.IndexFunc(states, func(s ReaderState) bool { return s.Name == r.names[reader] })
	if i < 0 {
		return ReaderState{}, false
	}
	return states[i], true
}

func parseStates(b []byte) []ReaderState {
	var out []ReaderState
	for ; len(b) >= readerSize; b = b[readerSize:] {
		name, _, _ := bytes.Cut(b[:nameSize], []byte{0})
		if len(name) == 0 {
			continue
		}
		rest := b[nameSize:]
		atr := rest[12 : 12+atrSize]
		out = append(out, ReaderState{
			Name:    string(name),
			Events:  binary.NativeEndian.Uint32(rest),
			Present: binary.NativeEndian.Uint32(rest[4:])&statePresent != 0,
			Clients: int32(binary.NativeEndian.Uint32(rest[8:])),
			ATR:     bytes.Clone(atr[:min(binary.NativeEndian.Uint32(rest[12+atrSize+3:]), atrSize)]),
		})
	}
	return out
}

// WaitCard waits until the daemon has noticed that a card is in the reader, or that none is.
//
// Its poll must have noticed, which counts events, so that an odd count since the reader was plugged in is a card: a client whose reset meets a card that was
// pulled makes the daemon show an empty reader before that, and a card put in between would never be shown.
func (r *Rig) WaitCard(reader int, present bool) error {
	if reader < 0 || reader >= len(Readers) {
		return ErrNoReader
	}
	err := r.wait(nil, func(all []ReaderState) bool {
		s, there := r.stateOf(all, reader)
		return there && s.Present == present && ((s.Events-r.eventsAtPlug(reader))%2 == 1) == present && (!present || len(s.ATR) > 0)
	})
	if err != nil {
		return fmt.Errorf("rig: the PC/SC daemon has not noticed the card in reader %d (present: %v; %d events when it was plugged in); its own words: %q: %w",
			reader, present, r.eventsAtPlug(reader), r.Log(), err)
	}
	return nil
}

// wait asks the daemon again and again until it says what is wanted, or until its process has ended
// (nil: no matter). The pause only spares the processor.
func (r *Rig) wait(p *process, want func([]ReaderState) bool) error {
	const pause = 8 * time.Millisecond
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		s, err := r.State()
		if err == nil && want(s) {
			return nil
		}
		if p.hasEnded() || time.Now().After(end) {
			if err == nil {
				err = fmt.Errorf("rig: it says %+v", s)
			}
			return err
		}
	}
}
