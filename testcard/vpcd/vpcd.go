// Package vpcd speaks the card's side of vsmartcard's virtual reader (vpcd).
//
// Over TCP each message has a 2-byte big-endian length. A message of one byte from the reader is
// control (0 power off, 1 power on, 2 reset, 4 tell the ATR; only 4 is answered), a longer one is a
// command APDU.
package vpcd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Card is what sits in the reader.
type Card interface {
	ATR() []byte
	// Reset takes what the PIN permitted; it is power on, power off and warm reset alike.
	Reset()
	// Transmit answers a command with data and status word, or gives nil once its power is gone.
	Transmit(command []byte) []byte
}

// ErrNoPower ends Serve when the card was pulled during a command.
var ErrNoPower = errors.New("vpcd: the card lost its power during a command; put it in again")

// Control messages.
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	tellATR  = 4
)

// Serve plays the card on a connection until either side closes it, which is the only way it ends:
// its error is never nil.
func Serve(conn net.Conn, c Card) error {
	var header [2]byte
	message := make([]byte, 1<<16)
	for {
		// vpcd sends length and message apart with Nagle's algorithm on: without an immediate
		// ACK each APDU waits 40 ms. The option is not sticky.
		quickACK(conn)
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			return fmt.Errorf("vpcd: reader closed: %w", err)
		}
		m := message[:binary.BigEndian.Uint16(header[:])]
		quickACK(conn)
		if _, err := io.ReadFull(conn, m); err != nil {
			return fmt.Errorf("vpcd: reader closed within a message: %w", err)
		}
		out, answered := handle(c, m)
		if !answered {
			continue
		}
		if out == nil {
			return ErrNoPower
		}
		if len(out) > 1<<16-1 {
			return fmt.Errorf("vpcd: an answer of %d bytes does not fit a message; make the card answer less", len(out))
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)); err != nil {
			return fmt.Errorf("vpcd: reader closed: %w", err)
		}
	}
}

func handle(c Card, m []byte) (out []byte, answered bool) {
	if len(m) != 1 {
		return c.Transmit(m), true
	}
	switch m[0] {
	case powerOff, powerOn, reset:
		c.Reset()
	case tellATR:
		return c.ATR(), true
	}
	return nil, false
}
