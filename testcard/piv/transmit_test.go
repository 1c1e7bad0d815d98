package piv_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/piv"
)

func TestAPDUEdgeCases(t *testing.T) {
	for name, x := range map[string][2]string{
		"empty":                        {"", "6700"},
		"three bytes":                  {"00A404", "6700"},
		"Lc longer than the data":      {"00A4040009A000000308", "6700"},
		"Lc shorter than the data":     {"00A4040001A000000308", "6700"},
		"Lc 0 with two bytes":          {"00A4040000", "6A82"},
		"extended Lc without data":     {"00A40400000009", "6A82"}, // an extended Le, so no data
		"extended Lc too long":         {"00A4040000FFFF01", "6700"},
		"unknown CLA":                  {"80A40400", "6E00"},
		"unknown INS":                  {"00FF0000", "6D00"},
		"other application":            {"00A4040007A0000001510000", "6A82"},
		"AID longer than ours":         {"00A404000CA00000030800001000010000", "6A82"},
		"GET RESPONSE without answer":  {"00C00000FF", "6985"},
		"GET DATA, wrong P1 P2":        {"00CB0000055C035FC10200", "6A86"},
		"GET DATA, no tag list":        {"00CB3FFF0400010203", "6A80"},
		"GET DATA, wrong inner length": {"00CB3FFF055C045FC10200", "6A80"},
		"GET DATA, unknown object":     {"00CB3FFF055C035FC1FF00", "6A82"},
		"GET DATA, read-protected":     {"00CB3FFF055C035FC10900", "6982"},
		"sign without PIN":             {"0087079A047C028100", "6982"},
		"sign, empty slot":             {"00870795047C028100", "6A88"},
		"sign, no template":            {"0087079A00", "6A80"},
		"sign, broken template":        {"0087079A047C058100", "6A80"},
		"management key, a guess":      {"0087039B047C028200", "6982"},
		"YubiKey's version":            {"00FD0000", "6D00"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, x[1], send(t, newCard(t, piv.Config{}), x[0]))
		})
	}
}

func TestSelectAndDiscovery(t *testing.T) {
	c := newCard(t, piv.Config{YubiKey: true})
	answer := send(t, c, "00A4040005A00000030800")
	assert.True(t, strings.HasPrefix(answer, "61") && strings.HasSuffix(answer, "9000"), answer)
	assert.Equal(t, "7E124F0BA0000003080000100001005F2F0240009000", send(t, c, "00CB3FFF035C017E00"))
	assert.Equal(t, "0502049000", send(t, c, "00FD0000"))
	assert.Equal(t, "000000009000", send(t, c, "00F80000"))
	assert.Equal(t, "6D00", send(t, newCard(t, piv.Config{Dumb: true}), "00A4040005A00000030800"))
	challenge := c.Transmit([]byte{0, 0x87, 0x03, 0x9B, 4, 0x7C, 2, 0x81, 0, 0})
	assert.Equal(t, "9000", status(challenge))
}

func TestLongAnswersComeInParts(t *testing.T) {
	c := newCard(t, piv.Config{})
	s, ok := c.Slot(piv.Slot9A)
	require.True(t, ok)
	var whole []byte
	answer := c.Transmit([]byte{0x00, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xC1, 0x05, 0})
	for {
		whole = append(whole, answer[:len(answer)-2]...)
		if answer[len(answer)-2] != 0x61 {
			break
		}
		answer = c.Transmit([]byte{0x00, 0xC0, 0, 0, answer[len(answer)-1]})
	}
	assert.Equal(t, "9000", status(answer))
	assert.True(t, bytes.Contains(whole, s.Certificate.Raw))
}

func TestChaining(t *testing.T) {
	h := sha256.Sum256([]byte("x"))
	whole := signCommand(0x11, piv.Slot9E, h[:])
	body := whole[7 : len(whole)-2]
	c := newCard(t, piv.Config{})
	part := func(cla byte, b []byte) []byte {
		return c.Transmit(append([]byte{cla, 0x87, 0x11, piv.Slot9E, byte(len(b))}, b...))
	}
	assert.Equal(t, "9000", status(part(0x10, body[:10])))
	assert.Equal(t, "9000", status(part(0x00, body[10:])))
	assert.Equal(t, 1, c.State().Signatures)

	assert.Equal(t, "9000", status(part(0x10, body[:10])))
	send(t, c, "00CB3FFF035C017E00") // another command ends the chain
	assert.Equal(t, "6A80", status(part(0x00, body[10:])))

	long := make([]byte, 255)
	var last string
	for range 17 { // 17 times 255 is above the 4096 bytes that a chain may have
		last = status(part(0x10, long))
	}
	assert.Equal(t, "6884", last)
}

func TestDelayPerCommandEndsWithThePower(t *testing.T) {
	c := newCard(t, piv.Config{})
	c.SetDelays(0, time.Hour)
	done := make(chan []byte)
	go func() { done <- c.Transmit([]byte{0, 0x20, 0, 0x80}) }()
	for {
		c.Reset()
		select {
		case answer := <-done:
			assert.Nil(t, answer)
			return
		default:
		}
	}
}

// FuzzTransmit: whatever comes, the card answers with a status word and never loses a counter below zero.
func FuzzTransmit(f *testing.F) {
	h := sha256.Sum256([]byte("x"))
	for _, seed := range []string{"", "00", "00A4040005A00000030800", "00CB3FFF055C035FC10500", "00C0000000", rightPIN, wrongPIN,
		askPIN, "0020FF80", "002C008010" + puk + "363534333231FFFF", "0024008010313233343536FFFF363534333231FFFF",
		"10870795047C028100", "0087079A047C028100", "0087119D067C0485020400", "0087039B047C028100", "00A40400000009", "00FD0000"} {
		b, err := hex.DecodeString(seed)
		require.NoError(f, err)
		f.Add(b, b)
	}
	f.Add(signCommand(0x11, piv.Slot9E, h[:]), signCommand(0x14, piv.Slot9D, h[:]))
	c := newCard(f, piv.Config{YubiKey: true})
	pin, err := hex.DecodeString(rightPIN)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c.Renew()
		c.Reset()
		for _, command := range [][]byte{first, second, pin, first, second} {
			answer := c.Transmit(command)
			if len(answer) < 2 {
				t.Fatalf("no status word after %X", command)
			}
			if s := c.State(); s.PINTries < 0 || s.PINTries > 3 || s.PUKTries < 0 || s.PUKTries > 3 || s.Verified && s.PINTries == 0 {
				t.Fatalf("impossible state %+v after %X", s, command)
			}
		}
	})
}
