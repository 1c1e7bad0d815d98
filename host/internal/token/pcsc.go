package token

import (
	"errors"
	"fmt"
)

// What PC/SC answers (pcsclite.h and winscard.h share the numbers).
const (
	scardOK               = 0
	scardCancelled        = 0x80100002
	scardTimeout          = 0x8010000A
	scardSharingViolation = 0x8010000B
	scardNoSmartCard      = 0x8010000C
	scardUnknownReader    = 0x80100009
	scardNoService        = 0x8010001D
	scardServiceStopped   = 0x8010001E
	scardReaderGone       = 0x80100017
	scardNoReaders        = 0x8010002E
	scardUnresponsive     = 0x80100066
	scardUnpowered        = 0x80100067
	scardRemoved          = 0x80100069
	scardCommunication    = 0x80100013
	scardSecurity         = 0x8010006A
)

// A reader's state bits.
const (
	stateUnaware   = 0x0000
	stateChanged   = 0x0002
	stateUnknown   = 0x0004
	stateEmpty     = 0x0010
	statePresent   = 0x0020
	stateExclusive = 0x0080
	stateInUse     = 0x0100
	stateMute      = 0x0200
)

const (
	scopeSystem = 2
	shareShared = 2
	protocolAny = 1 | 2 // T=0, T=1
	resetCard   = 1
	infinite    = 0xFFFFFFFF
)

// pnpReader is the name under which PC/SC announces readers themselves.
const pnpReader = `\\?PnP?\Notification`

// errNoPCSC says that the PC/SC library is not on this machine.
var errNoPCSC = errors.New("token: no PC/SC library on this machine")

// pcscError is what the PC/SC library answered.
type pcscError uint32

// refused tells of a daemon that closed the connection at once: its rules (polkit) keep this person out. Older libraries of it say
// that the communication failed.
func refused(err error) bool {
	var code pcscError
	return errors.As(err, &code) && (code == scardSecurity || code == scardCommunication)
}

func (e pcscError) Error() string { return fmt.Sprintf("token: PC/SC answered 0x%08X", uint32(e)) }

func pcscResult(code uint32) error {
	if code == scardOK {
		return nil
	}
	return pcscError(code)
}

// readerState goes into statusChange with what is believed, comes back with what is.
type readerState struct {
	name    string
	current uint32
	event   uint32
}

// smartCards is the part of PC/SC that we use, the same on each OS. It is loaded when first needed: no link-time need, so
// that a machine without it starts and explains.
type smartCards interface {
	establish() (scContext, error)
}

// scContext is one PC/SC context. Its calls block, so each goroutine that waits has one of its own; cancel alone may come
// from elsewhere.
type scContext interface {
	readers() ([]string, error)
	statusChange(timeoutMS uint32, states []readerState) error
	// reset connects and disconnects with a reset: no APDU.
	reset(reader string) error
	cancel()
	release()
}
