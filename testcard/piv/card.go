// Package piv emulates the card side of a NIST SP 800-73-4 PIV card at the level of APDUs.
//
// It exists for tests: private keys lie in plain memory, RSA is not constant-time, and a test may
// read what a real card never tells.
package piv

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"sync"
	"time"
)

// Key references (SP 800-78-4, table 6-1).
const (
	Slot9A = 0x9A // PIV Authentication
	Slot9C = 0x9C // Digital Signature
	Slot9D = 0x9D // Key Management
	Slot9E = 0x9E // Card Authentication
)

// PINPolicy says when a private key wants the PIN.
type PINPolicy int

// The three policies of SP 800-73-4, part 1, table 5.
const (
	PINOnce   PINPolicy = iota // once after power-on
	PINAlways                  // directly before each operation
	PINNever
)

// Slot is one private key with its certificate.
type Slot struct {
	Key         crypto.Signer // *rsa.PrivateKey (2048 bits) or *ecdsa.PrivateKey (P-256, P-384)
	Certificate *x509.Certificate
	PIN         PINPolicy
}

// Config is how a card leaves the factory. The zero Config with a PIN and a PUK is an ordinary card.
type Config struct {
	GUID     [16]byte // OpenSC shows the last 8 bytes as the token's serial number
	PIN, PUK string   // up to 8 bytes each
	Tries    int      // for PIN and PUK; 0 means 3
	ATR      []byte   // nil means the ATR of a PIV card

	// Lax9C lets the permission of a PINAlways key last until it is used. Without it any command
	// between VERIFY and GENERAL AUTHENTICATE takes it away, as SP 800-73-4 says.
	Lax9C bool
	// YubiKey answers the version and serial commands of a YubiKey 5.2.4, which ykcs11 asks for.
	YubiKey bool
	// Dumb answers 6D00 to every command: a card that no module knows.
	Dumb bool
}

// State is what the card itself knows. Verifies and Signatures count since New or Renew.
type State struct {
	PINTries, PUKTries int
	Verified           bool // the PIN is verified in this power cycle
	Verifies           int  // VERIFY commands that carried a PIN
	Signatures         int  // private key operations that were carried out
}

// Card is one card. Its counters survive being pulled; what its PIN permitted does not.
// All methods may be called from any goroutine.
type Card struct {
	mu   sync.Mutex
	conf Config

	pin, puk           string
	pinTries, pukTries int
	slots              map[byte]Slot
	objects            map[uint32][]byte // GET DATA's answers, outer tag included
	verifies, signs    int

	signDelay, apduDelay time.Duration
	onSign               func(slot byte)
	onAPDU               func(command, response []byte)

	power    chan struct{} // closed at the next reset
	verified bool
	fresh    bool // the last command was a VERIFY that succeeded
	chain    []byte
	chainHdr [4]byte
	pending  []byte // the rest of an answer, for GET RESPONSE
}

// New makes a card without keys.
func New(conf Config) *Card {
	if conf.Tries == 0 {
		conf.Tries = 3
	}
	if conf.ATR == nil {
		conf.ATR = defaultATR()
	}
	c := &Card{conf: conf, slots: map[byte]Slot{}, objects: dataObjects(conf.GUID), power: make(chan struct{})}
	c.Renew()
	return c
}

// SetSlot puts a key and its certificate into a slot.
func (c *Card) SetSlot(ref byte, s Slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[ref] = s
	c.objects[certificateTag[ref]] = certificateObject(s.Certificate.Raw)
}

// Slot gives what is in a slot; ok is false for an empty one.
func (c *Card) Slot(ref byte) (s Slot, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok = c.slots[ref]
	return s, ok
}

// State asks the card's own counters.
func (c *Card) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return State{c.pinTries, c.pukTries, c.verified, c.verifies, c.signs}
}

// SetTries sets the PIN tries that are left, from 0 (locked) to Config.Tries.
func (c *Card) SetTries(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pinTries = min(max(n, 0), c.conf.Tries)
}

// SetDelays makes each private key operation, or each command, take that long.
func (c *Card) SetDelays(sign, apdu time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signDelay, c.apduDelay = sign, apdu
}

// Delays gives what SetDelays set.
func (c *Card) Delays() (sign, apdu time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.signDelay, c.apduDelay
}

// OnSign sets a function that is called after the delay, before a private key operation is carried
// out; nil takes it away. It may pull the card: then the operation never happens.
func (c *Card) OnSign(f func(slot byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onSign = f
}

// OnAPDU sets a function that sees every command and its answer; PIN and PUK bytes arrive as '*'.
func (c *Card) OnAPDU(f func(command, response []byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onAPDU = f
}

// Renew gives the card its first PIN, PUK and tries back, no delays and no hooks, and counters at zero.
func (c *Card) Renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pin, c.puk = c.conf.PIN, c.conf.PUK
	c.pinTries, c.pukTries = c.conf.Tries, c.conf.Tries
	c.verifies, c.signs = 0, 0
	c.signDelay, c.apduDelay = 0, 0
	c.onSign, c.onAPDU = nil, nil
	c.verified, c.fresh = false, false
}

// ATR is the answer to reset.
func (c *Card) ATR() []byte { return bytes.Clone(c.conf.ATR) }

// Reset is power-on, power-off or a warm reset: what the PIN permitted is gone, and so is an operation in flight.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.power)
	c.power = make(chan struct{})
	c.verified, c.fresh = false, false
	c.chain, c.pending = nil, nil
}

// defaultATR carries the PIV AID in its historical bytes. That makes OpenSC choose its card type
// PIV_II_HIST, which trusts VERIFY without data to tell the tries left.
func defaultATR() []byte {
	hist := cat([]byte{0x80, 0xF9}, aid[:9])
	b := cat([]byte{0x80 | byte(len(hist)), 0x80, 0x01}, hist) // T0, TD1 (T=0), TD2 (T=1)
	var tck byte
	for _, x := range b {
		tck ^= x
	}
	return cat([]byte{0x3B}, b, []byte{tck})
}
