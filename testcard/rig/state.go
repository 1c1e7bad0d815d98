//go:build linux

package rig

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
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

// The daemon's protocol, pcsc-lite 1.8 to 2 (its src/winscard_msg.h, src/eventhandler.h).
const (
	cmdGetReadersState = 0x12
	maxReaders         = 16
	nameSize           = 128
	atrSize            = 33
	// name, event counter, state, sharing, ATR, its padding, ATR length, protocol
	readerSize   = nameSize + 4 + 4 + 4 + atrSize + 3 + 4 + 4
	statePresent = 0x0004
)

// askTimeout bounds one question to the daemon.
const askTimeout = 2 * time.Second

// State asks the daemon, in its own protocol, so that no PC/SC library is needed and no connection
// to a card is made.
func (r *Rig) State() ([]ReaderState, error) {
	c, err := net.DialTimeout("unix", r.Socket(), askTimeout)
	if err != nil {
		return nil, fmt.Errorf("rig: ask the PC/SC daemon: %w", err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return nil, err
	}
	var q [8]byte // size of what follows (nothing), command
	binary.NativeEndian.PutUint32(q[4:], cmdGetReadersState)
	if _, err := c.Write(q[:]); err != nil {
		return nil, fmt.Errorf("rig: ask the PC/SC daemon: %w", err)
	}
	b := make([]byte, maxReaders*readerSize)
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, fmt.Errorf("rig: the PC/SC daemon does not answer as versions 1.8 to 2 do; install one of them: %w", err)
	}
	return parseStates(b), nil
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
func (r *Rig) WaitCard(reader int, present bool) error {
	if reader < 0 || reader >= len(Readers) {
		return ErrNoReader
	}
	err := r.wait(nil, func(s []ReaderState) bool {
		return len(s) > reader && s[reader].Present == present && (!present || len(s[reader].ATR) > 0)
	})
	if err != nil {
		return fmt.Errorf("rig: the PC/SC daemon has not noticed the card in reader %d (present: %v); its own words: %q: %w", reader, present, r.Log(), err)
	}
	return nil
}

// wait asks the daemon again and again until it says what is wanted, or until its process has ended
// (nil: no matter). The pause only spares the processor.
func (r *Rig) wait(p *process, want func([]ReaderState) bool) error {
	const pause = 3 * time.Millisecond
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
