//go:build linux

package rig

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// The daemon's protocol, pcsc-lite 1.8 to 2 (its src/winscard_msg.h, src/eventhandler.h): length of what follows, command,
// then a struct, which most commands give back with its last word as the result.
const (
	cmdEstablish       = 0x01
	cmdConnect         = 0x04
	cmdDisconnect      = 0x06
	cmdGetReadersState = 0x12
	cmdWaitChange      = 0x13
)

// askTimeout bounds one question to the daemon.
const askTimeout = 2 * time.Second

// client is a connection to the daemon.
type client struct{ net.Conn }

func (r *Rig) dial() (client, error) {
	c, err := net.DialTimeout("unix", r.Socket(), askTimeout)
	if err != nil {
		return client{}, fmt.Errorf("rig: ask the PC/SC daemon: %w", err)
	}
	return client{c}, c.SetDeadline(time.Now().Add(askTimeout))
}

func (c client) send(command uint32, body []byte) error {
	b := binary.NativeEndian.AppendUint32(nil, uint32(len(body)))
	b = append(binary.NativeEndian.AppendUint32(b, command), body...)
	if _, err := c.Write(b); err != nil {
		return fmt.Errorf("rig: ask the PC/SC daemon: %w", err)
	}
	return nil
}

func (c client) receive(b []byte) error {
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("rig: the PC/SC daemon does not answer as versions 1.8 to 2 do; install one of them: %w", err)
	}
	return nil
}

// ask sends a struct and reads it back in place.
func (c client) ask(command uint32, body []byte) error {
	if err := c.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	if err := c.send(command, body); err != nil {
		return err
	}
	if err := c.receive(body); err != nil {
		return err
	}
	if rv := binary.NativeEndian.Uint32(body[len(body)-4:]); rv != 0 {
		return &Refusal{rv}
	}
	return nil
}

// Refusal is a PC/SC error of the daemon's.
type Refusal struct{ Code uint32 }

func (r *Refusal) Error() string { return fmt.Sprintf("rig: the PC/SC daemon refuses: %#x", r.Code) }

// How another program holds a card (PC/SC part 5, share modes).
const (
	Exclusive = 1
	Shared    = 2
)

// sharingViolation: others are connected to the card.
const sharingViolation = 0x8010000B

// Hold has another program connect to the card in a reader until release: Exclusive keeps all others out, Shared only keeps
// the card powered. It waits while a program that holds the card, or that just left it, stands in the way.
func (r *Rig) Hold(reader int, mode uint32) (release func() error, err error) {
	if _, err := r.reader(reader); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		release, err = r.HoldNow(reader, mode)
		if refused, ok := err.(*Refusal); !ok || refused.Code != sharingViolation || time.Now().After(end) {
			return release, err
		}
	}
}

// HoldNow is Hold without patience: a card that another program is connected to is a *Refusal.
func (r *Rig) HoldNow(reader int, mode uint32) (release func() error, err error) {
	c, err := r.dial()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.Close() // the first error says more
		}
	}()
	context := make([]byte, 12) // scope, context, result
	if err := c.ask(cmdEstablish, context); err != nil {
		return nil, err
	}
	connect := make([]byte, 4+nameSize+5*4) // context, reader, mode, protocols, card, protocol, result
	copy(connect, context[4:8])
	copy(connect[4:], r.names[reader])
	binary.NativeEndian.PutUint32(connect[4+nameSize:], mode)
	binary.NativeEndian.PutUint32(connect[8+nameSize:], 3) // T=0 or T=1
	if err := c.ask(cmdConnect, connect); err != nil {
		return nil, err
	}
	card := connect[12+nameSize : 16+nameSize]
	return func() error {
		defer c.Close()
		disconnect := make([]byte, 12) // card, disposition (0: leave it as it is), result
		copy(disconnect, card)
		return c.ask(cmdDisconnect, disconnect)
	}, nil
}

// Notice gives the moment at which the daemon next tells its clients that a reader changed. The daemon counts us in before
// Notice returns.
func (r *Rig) Notice() (<-chan time.Time, error) {
	c, err := r.dial()
	if err != nil {
		return nil, err
	}
	if err := c.send(cmdWaitChange, nil); err != nil {
		return nil, err
	}
	// From 1.9.7 on the daemon answers with the readers' states, and then, like before, with the change.
	if err := c.receive(make([]byte, maxReaders*readerSize)); err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	at := make(chan time.Time, 1)
	go func() {
		defer c.Close()
		if c.receive(make([]byte, 8)) == nil { // timeout, result
			at <- time.Now()
		}
		close(at)
	}()
	return at, nil
}
