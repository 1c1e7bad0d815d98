package piv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
)

// Algorithm references (SP 800-78-4, table 6-2).
const (
	algRSA2048 = 0x07
	algP256    = 0x11
	algP384    = 0x14
)

// refManagement is the card management key: this card only gives challenges for it, so nobody is let in.
const refManagement = 0x9B

// template is what GENERAL AUTHENTICATE's dynamic authentication template holds (SP 800-73-4, part 2, table 7).
type template struct {
	challenge, point       []byte // tags 81 and 85
	hasChallenge, hasPoint bool
}

func parseTemplate(data []byte) (t template, ok bool) {
	tag, body, _, ok := readTLV(data)
	if !ok || tag != 0x7C {
		return t, false
	}
	for len(body) > 0 {
		tag, v, rest, ok := readTLV(body)
		if !ok {
			return t, false
		}
		switch tag {
		case 0x81:
			t.challenge, t.hasChallenge = v, true
		case 0x85:
			t.point, t.hasPoint = v, true
		}
		body = rest
	}
	return t, true
}

// generalAuthenticate carries out a private key operation. P1 is the algorithm, P2 the key. fresh
// says that the command before was a VERIFY that succeeded.
func (c *Card) generalAuthenticate(a apdu, fresh bool) ([]byte, int) {
	t, ok := parseTemplate(a.data)
	if !ok {
		return nil, swWrongData
	}
	if a.p2 == refManagement {
		return managementChallenge(a.p1, t)
	}
	s, ok := c.slots[a.p2]
	if !ok {
		return nil, swNoReference
	}
	if s.PIN != PINNever && !c.verified || s.PIN == PINAlways && !fresh {
		return nil, swSecurity
	}
	c.fresh = false
	if !c.takeTime(a.p2) {
		return nil, swCondition // not heard by anyone: the power is gone
	}
	out, ok := operate(s, a.p1, t)
	if !ok {
		return nil, swWrongData
	}
	c.signs++
	return tlv(0x7C, tlv(0x82, out)), swOK
}

func managementChallenge(alg byte, t template) ([]byte, int) {
	if !t.hasChallenge || len(t.challenge) != 0 {
		return nil, swSecurity
	}
	n := 8 // 3DES
	if alg == 0x08 || alg == 0x0A || alg == 0x0C {
		n = 16 // AES
	}
	r := make([]byte, n)
	rand.Read(r) // never fails (crypto/rand)
	return tlv(0x7C, tlv(0x81, r)), swOK
}

// takeTime lets the operation take its time, with the lock released so that the card can be pulled
// and asked meanwhile. It is false when the power went.
func (c *Card) takeTime(ref byte) bool {
	delay, hook, power := c.signDelay, c.onSign, c.power
	c.mu.Unlock()
	on := wait(delay, power)
	if on && hook != nil {
		hook(ref)
	}
	c.mu.Lock()
	select {
	case <-power:
		return false
	default:
		return on
	}
}

func operate(s Slot, alg byte, t template) (out []byte, ok bool) {
	switch k := s.Key.(type) {
	case *rsa.PrivateKey:
		if alg != algRSA2048 || k.Size() != 256 {
			return nil, false
		}
		return rawRSA(k, t.challenge)
	case *ecdsa.PrivateKey:
		if alg != curveAlgorithm(k.Curve) {
			return nil, false
		}
		if t.hasPoint {
			return agree(k, t.point)
		}
		if len(t.challenge) == 0 || len(t.challenge) > (k.Params().BitSize+7)/8 {
			return nil, false
		}
		out, err := ecdsa.SignASN1(rand.Reader, k, t.challenge)
		return out, err == nil
	}
	return nil, false
}

func curveAlgorithm(c elliptic.Curve) byte {
	switch c {
	case elliptic.P256():
		return algP256
	case elliptic.P384():
		return algP384
	}
	return 0
}

// agree is ECDH with the sender's uncompressed point.
func agree(k *ecdsa.PrivateKey, point []byte) (out []byte, ok bool) {
	private, err := k.ECDH()
	if err != nil {
		return nil, false
	}
	public, err := private.Curve().NewPublicKey(point)
	if err != nil {
		return nil, false
	}
	out, err = private.ECDH(public)
	return out, err == nil
}

// rawRSA is m^d mod n by the Chinese remainder theorem, without any padding: what a PIV card does.
func rawRSA(k *rsa.PrivateKey, m []byte) (out []byte, ok bool) {
	x := new(big.Int).SetBytes(m)
	if len(m) != k.Size() || x.Cmp(k.N) >= 0 {
		return nil, false
	}
	p, q := k.Primes[0], k.Primes[1]
	m1 := new(big.Int).Exp(x, k.Precomputed.Dp, p)
	m2 := new(big.Int).Exp(x, k.Precomputed.Dq, q)
	m1.Sub(m1, m2).Mul(m1, k.Precomputed.Qinv).Mod(m1, p).Mul(m1, q).Add(m1, m2)
	return m1.FillBytes(make([]byte, k.Size())), true
}
