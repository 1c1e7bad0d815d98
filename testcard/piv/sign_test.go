package piv_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/piv"
)

// signature takes the value out of 7C { 82 value }, whose lengths are short or of two bytes.
func signature(t *testing.T, answer []byte) []byte {
	t.Helper()
	require.Equal(t, "9000", status(answer))
	b := answer[:len(answer)-2]
	for _, tag := range []byte{0x7C, 0x82} {
		require.Equal(t, tag, b[0])
		switch b[1] {
		case 0x82:
			b = b[4:]
		case 0x81:
			b = b[3:]
		default:
			b = b[2:]
		}
	}
	return b
}

func TestSignaturesVerify(t *testing.T) {
	c := newCard(t, piv.Config{})
	h := sha256.Sum256([]byte("x"))
	h384 := sha512.Sum384([]byte("x"))

	padded := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xFF}, 256-3-len(digestInfo)-32)...), 0)
	padded = append(append(padded, digestInfo...), h[:]...)
	send(t, c, rightPIN)
	sig := signature(t, c.Transmit(signCommand(0x07, piv.Slot9A, padded)))
	require.NoError(t, rsa.VerifyPKCS1v15(testKeys()[piv.Slot9A].Public().(*rsa.PublicKey), crypto.SHA256, h[:], sig))

	sig = signature(t, c.Transmit(signCommand(0x14, piv.Slot9D, h384[:])))
	assert.True(t, ecdsa.VerifyASN1(testKeys()[piv.Slot9D].Public().(*ecdsa.PublicKey), h384[:], sig))

	c.Reset()
	sig = signature(t, c.Transmit(signCommand(0x11, piv.Slot9E, h[:])))
	assert.True(t, ecdsa.VerifyASN1(testKeys()[piv.Slot9E].Public().(*ecdsa.PublicKey), h[:], sig), "9E wants no PIN")
	assert.Equal(t, 3, c.State().Signatures)

	send(t, c, rightPIN)
	for name, wrong := range map[string][]byte{
		"another algorithm":      signCommand(0x11, piv.Slot9A, padded),
		"too short for RSA":      signCommand(0x07, piv.Slot9A, h[:]),
		"not below the modulus":  signCommand(0x07, piv.Slot9A, bytes.Repeat([]byte{0xFF}, 256)),
		"too long for the curve": signCommand(0x11, piv.Slot9E, padded),
		"nothing to sign":        signCommand(0x11, piv.Slot9E, nil),
	} {
		assert.Equal(t, "6A80", status(c.Transmit(wrong)), name)
	}
	assert.Equal(t, 3, c.State().Signatures)
}

// digestInfo is RFC 8017's prefix for SHA-256.
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

func TestAlwaysKeyWantsVerifyDirectlyBefore(t *testing.T) {
	h := sha256.Sum256([]byte("x"))
	sign := signCommand(0x11, piv.Slot9C, h[:])
	c := newCard(t, piv.Config{})
	assert.Equal(t, "6982", status(c.Transmit(sign)))
	send(t, c, rightPIN)
	assert.Equal(t, "9000", status(c.Transmit(sign)))
	assert.Equal(t, "6982", status(c.Transmit(sign)), "a second signature wants the PIN again")
	send(t, c, rightPIN)
	send(t, c, "00CB3FFF035C017E00")
	assert.Equal(t, "6982", status(c.Transmit(sign)), "a command came between")

	lax := newCard(t, piv.Config{Lax9C: true})
	send(t, lax, rightPIN)
	send(t, lax, "00CB3FFF035C017E00")
	assert.Equal(t, "9000", status(lax.Transmit(sign)))
	assert.Equal(t, "6982", status(lax.Transmit(sign)))
}

func TestPulledDuringASignature(t *testing.T) {
	h := sha256.Sum256([]byte("x"))
	c := newCard(t, piv.Config{})
	c.OnSign(func(byte) { c.Reset() })
	assert.Nil(t, c.Transmit(signCommand(0x11, piv.Slot9E, h[:])))
	assert.Zero(t, c.State().Signatures)
	c.OnSign(nil)

	// A card without power does not sit out its delay either.
	c.SetDelays(time.Hour, 0)
	done := make(chan []byte)
	go func() { done <- c.Transmit(signCommand(0x11, piv.Slot9E, h[:])) }()
	for {
		c.Reset() // whether the command has begun cannot be seen: reset until it has ended
		select {
		case answer := <-done:
			assert.Nil(t, answer)
			return
		default:
		}
	}
}
