package piv

import (
	"bytes"
	"crypto/subtle"
)

// References of the PINs (SP 800-73-4, part 1, table 4).
const (
	refPIN = 0x80
	refPUK = 0x81
)

const pinLength = 8 // on the wire, filled up with FF

func padded(pin string) []byte {
	b := bytes.Repeat([]byte{0xFF}, pinLength)
	copy(b, pin)
	return b
}

func unpadded(b []byte) string { return string(bytes.TrimRight(b, "\xFF")) }

func same(given []byte, pin string) bool {
	return subtle.ConstantTimeCompare(given, padded(pin)) == 1
}

// verify is VERIFY (SP 800-73-4, part 2, 3.2.1). Without data it tells the tries left and uses none.
func (c *Card) verify(a apdu) int {
	c.fresh = false
	switch {
	case a.p2 != refPIN:
		return swNoReference
	case a.p1 == 0xFF && len(a.data) == 0: // forget the verification
		c.verified = false
		return swOK
	case a.p1 != 0:
		return swWrongP1P2
	case len(a.data) == 0:
		return c.pinStatus()
	}
	c.verifies++
	switch {
	case c.pinTries == 0:
		c.verified = false
		return swBlocked
	case len(a.data) != pinLength:
		return swWrongData // no try used
	case !same(a.data, c.pin):
		c.verified = false
		c.pinTries--
		return swTries | c.pinTries
	}
	c.pinTries = c.conf.Tries
	c.verified, c.fresh = true, true
	return swOK
}

func (c *Card) pinStatus() int {
	switch {
	case c.verified:
		return swOK
	case c.pinTries == 0:
		return swBlocked
	}
	return swTries | c.pinTries
}

// change is CHANGE REFERENCE DATA (3.2.2): old and new, of the PIN or the PUK.
func (c *Card) change(a apdu) int {
	if a.p1 != 0 || len(a.data) != 2*pinLength {
		return swWrongData
	}
	switch a.p2 {
	case refPIN:
		sw := c.replace(&c.pinTries, &c.pin, a.data)
		c.verified = sw == swOK
		return sw
	case refPUK:
		return c.replace(&c.pukTries, &c.puk, a.data)
	}
	return swNoReference
}

func (c *Card) replace(tries *int, pin *string, data []byte) int {
	if *tries == 0 {
		return swBlocked
	}
	if !same(data[:pinLength], *pin) {
		*tries--
		return swTries | *tries
	}
	*tries, *pin = c.conf.Tries, unpadded(data[pinLength:])
	return swOK
}

// resetRetry is RESET RETRY COUNTER (3.2.3): the PUK and a new PIN.
func (c *Card) resetRetry(a apdu) int {
	switch {
	case a.p1 != 0 || a.p2 != refPIN || len(a.data) != 2*pinLength:
		return swWrongData
	case c.pukTries == 0:
		return swBlocked
	case !same(a.data[:pinLength], c.puk):
		c.pukTries--
		return swTries | c.pukTries
	}
	c.pukTries, c.pinTries = c.conf.Tries, c.conf.Tries
	c.pin, c.verified = unpadded(a.data[pinLength:]), false
	return swOK
}
