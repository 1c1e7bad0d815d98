package piv

import (
	"bytes"
	"time"
)

// Status words (ISO 7816-4, 5.1.3).
const (
	swOK          = 0x9000
	swMore        = 0x6100 // low byte: how much more, 0 for 256 or above
	swTries       = 0x63C0 // low digit: tries left
	swWrongLength = 0x6700
	swChaining    = 0x6884 // chaining not supported, or the chain is too long
	swSecurity    = 0x6982
	swBlocked     = 0x6983
	swCondition   = 0x6985
	swWrongData   = 0x6A80
	swNotFound    = 0x6A82
	swWrongP1P2   = 0x6A86
	swNoReference = 0x6A88
	swNoINS       = 0x6D00
	swNoCLA       = 0x6E00
)

// Instructions (SP 800-73-4, part 2, table 2).
const (
	insVerify      = 0x20
	insChange      = 0x24
	insResetRetry  = 0x2C
	insGeneralAuth = 0x87
	insSelect      = 0xA4
	insGetResponse = 0xC0
	insGetData     = 0xCB
	insYubiSerial  = 0xF8
	insYubiVersion = 0xFD
)

const (
	chained  = 0x10 // CLA bit: more of this command follows
	maxChain = 4096 // bytes of one chained command; a PIV card takes no more than a certificate
)

// Transmit answers one command APDU with data and status word. A card that lost its power meanwhile gives nil.
func (c *Card) Transmit(command []byte) []byte {
	c.mu.Lock()
	delay, seen, power := c.apduDelay, c.onAPDU, c.power
	c.mu.Unlock()
	if !wait(delay, power) {
		return nil
	}
	response := c.transmit(command)
	if seen != nil {
		seen(withoutPIN(command), response)
	}
	return response
}

// wait lets d pass; it is false when the power went first.
func wait(d time.Duration, power <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-power:
		return false
	}
}

// withoutPIN covers the body of the commands that carry a PIN or a PUK.
func withoutPIN(command []byte) []byte {
	b := bytes.Clone(command)
	if len(b) > 5 && (b[1] == insVerify || b[1] == insChange || b[1] == insResetRetry) {
		for i := range b[5:] {
			b[5+i] = '*'
		}
	}
	return b
}

func (c *Card) transmit(command []byte) []byte {
	a, ok := parseAPDU(command)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !ok:
		return answer(nil, swWrongLength)
	case c.conf.Dumb:
		return answer(nil, swNoINS)
	case a.cla&^chained != 0:
		return answer(nil, swNoCLA)
	case a.ins == insGetResponse:
		return c.deliver(a.le)
	}
	c.pending = nil
	if done, sw := c.collect(&a); !done {
		return answer(nil, sw)
	}
	fresh := c.fresh
	if a.ins != insGeneralAuth && !c.conf.Lax9C {
		c.fresh = false
	}
	power := c.power
	out, sw := c.dispatch(a, fresh)
	select {
	case <-power: // pulled during the operation
		return nil
	default:
	}
	if sw != swOK || out == nil {
		return answer(nil, sw)
	}
	c.pending = out
	return c.deliver(a.le)
}

// collect gathers a chained command (ISO 7816-4, 5.1.1.1); done is true when a is whole.
func (c *Card) collect(a *apdu) (done bool, sw int) {
	h := a.header()
	if c.chain != nil && c.chainHdr != h {
		c.chain = nil // another command ends a chain that was not finished
	}
	if len(c.chain)+len(a.data) > maxChain {
		c.chain = nil
		return false, swChaining
	}
	if a.cla&chained != 0 {
		c.chain, c.chainHdr = append(append([]byte{}, c.chain...), a.data...), h
		return false, swOK
	}
	if c.chain != nil {
		a.data = append(c.chain, a.data...)
		c.chain = nil
	}
	return true, swOK
}

// deliver hands out up to le bytes of what is pending, then says how much is left.
func (c *Card) deliver(le int) []byte {
	if c.pending == nil {
		return answer(nil, swCondition)
	}
	if le <= 0 {
		le = 256
	}
	if le >= len(c.pending) {
		out := c.pending
		c.pending = nil
		return answer(out, swOK)
	}
	out := c.pending[:le]
	c.pending = c.pending[le:]
	left := len(c.pending)
	if left > 255 {
		left = 0
	}
	return answer(out, swMore|left)
}

func (c *Card) dispatch(a apdu, fresh bool) ([]byte, int) {
	switch a.ins {
	case insSelect:
		return selectApplication(a)
	case insGetData:
		return c.getData(a)
	case insVerify:
		return nil, c.verify(a)
	case insChange:
		return nil, c.change(a)
	case insResetRetry:
		return nil, c.resetRetry(a)
	case insGeneralAuth:
		return c.generalAuthenticate(a, fresh)
	case insYubiVersion:
		if c.conf.YubiKey {
			return []byte{5, 2, 4}, swOK
		}
	case insYubiSerial:
		if c.conf.YubiKey {
			return c.conf.GUID[12:], swOK
		}
	}
	return nil, swNoINS
}

// selectApplication knows PIV alone. It is the card's default application and stays selected, with
// its security status, whatever is asked for (SP 800-73-4, part 2, 3.1.1).
func selectApplication(a apdu) ([]byte, int) {
	if a.p1 != 0x04 || len(a.data) < 5 || !bytes.HasPrefix(aid, a.data) {
		return nil, swNotFound
	}
	return tlv(0x61, cat(tlv(0x4F, aid[5:]), tlv(0x79, tlv(0x4F, aid[:5])), tlv(0x50, []byte("virtual PIV card")))), swOK
}

func (c *Card) getData(a apdu) ([]byte, int) {
	if a.p1 != 0x3F || a.p2 != 0xFF {
		return nil, swWrongP1P2
	}
	d := a.data
	if len(d) < 3 || len(d) > 5 || d[0] != 0x5C || int(d[1]) != len(d)-2 {
		return nil, swWrongData
	}
	var tag uint32
	for _, b := range d[2:] {
		tag = tag<<8 | uint32(b)
	}
	if readProtected[tag] && !c.verified {
		return nil, swSecurity
	}
	o, ok := c.objects[tag]
	if !ok {
		return nil, swNotFound
	}
	return o, swOK
}
