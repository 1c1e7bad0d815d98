package piv_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/piv"
)

const (
	rightPIN = "0020008008313233343536FFFF"
	wrongPIN = "0020008008393939393939FFFF"
	askPIN   = "00200080"
	puk      = "3132333435363738"
)

// send gives the answer to a command, both in hex.
func send(t *testing.T, c *piv.Card, command string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(command, " ", ""))
	require.NoError(t, err)
	return strings.ToUpper(hex.EncodeToString(c.Transmit(b)))
}

var testKeys = sync.OnceValue(func() map[byte]crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[byte]crypto.Signer{piv.Slot9A: r, piv.Slot9C: p256, piv.Slot9D: p384, piv.Slot9E: p256}
})

// newCard has RSA in 9A, P-256 in 9C (PIN always) and 9E (never), P-384 in 9D.
func newCard(t testing.TB, conf piv.Config) *piv.Card {
	t.Helper()
	conf.PIN, conf.PUK = "123456", "12345678"
	c := piv.New(conf)
	for ref, key := range testKeys() {
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		require.NoError(t, err)
		cert, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		policy := map[byte]piv.PINPolicy{piv.Slot9C: piv.PINAlways, piv.Slot9E: piv.PINNever}[ref]
		c.SetSlot(ref, piv.Slot{Key: key, Certificate: cert, PIN: policy})
	}
	return c
}

// signCommand asks slot ref for a private key operation over input, as one extended APDU.
func signCommand(alg, ref byte, input []byte) []byte {
	inner := append([]byte{0x82, 0x00, 0x81, 0x82, byte(len(input) >> 8), byte(len(input))}, input...)
	body := append([]byte{0x7C, 0x82, byte(len(inner) >> 8), byte(len(inner))}, inner...)
	b := append([]byte{0x00, 0x87, alg, ref, 0x00, byte(len(body) >> 8), byte(len(body))}, body...)
	return append(b, 0, 0)
}

func status(answer []byte) string {
	if len(answer) < 2 {
		return "none"
	}
	return strings.ToUpper(hex.EncodeToString(answer[len(answer)-2:]))
}

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

func TestPINLocksAfterThreeTriesAndPUKUnblocks(t *testing.T) {
	c := newCard(t, piv.Config{})
	assert.Equal(t, "63C3", send(t, c, askPIN))
	assert.Equal(t, "63C2", send(t, c, wrongPIN))
	assert.Equal(t, "9000", send(t, c, rightPIN))
	assert.Equal(t, "9000", send(t, c, askPIN))
	assert.True(t, c.State().Verified)
	for _, want := range []string{"63C2", "63C1", "63C0", "6983"} {
		assert.Equal(t, want, send(t, c, wrongPIN))
	}
	assert.Equal(t, "6983", send(t, c, rightPIN), "a locked card takes no right PIN either")
	assert.Equal(t, "6983", send(t, c, askPIN))
	assert.Equal(t, piv.State{PUKTries: 3, Verifies: 7}, c.State(), "asking without data is no VERIFY")

	newPIN := "363534333231FFFF"
	assert.Equal(t, "63C2", send(t, c, "002C008010 3030303030303030 "+newPIN))
	assert.Equal(t, 2, c.State().PUKTries)
	assert.Equal(t, "9000", send(t, c, "002C008010 "+puk+newPIN))
	assert.Equal(t, "63C2", send(t, c, rightPIN), "the PIN is another one now")
	assert.Equal(t, "9000", send(t, c, "0020008008"+newPIN))

	c.Renew()
	assert.Equal(t, piv.State{PINTries: 3, PUKTries: 3}, c.State())
	assert.Equal(t, "9000", send(t, c, rightPIN), "Renew brings the first PIN back")
}

func TestPUKLocks(t *testing.T) {
	c := newCard(t, piv.Config{})
	for _, want := range []string{"63C2", "63C1", "63C0", "6983"} {
		assert.Equal(t, want, send(t, c, "002C008010 3030303030303030 363534333231FFFF"))
	}
	assert.Equal(t, "6983", send(t, c, "002C008010 "+puk+"363534333231FFFF"))
}

func TestChangeReferenceData(t *testing.T) {
	c := newCard(t, piv.Config{})
	assert.Equal(t, "63C2", send(t, c, "0024008010 393939393939FFFF 363534333231FFFF"))
	assert.Equal(t, "9000", send(t, c, "0024008010 313233343536FFFF 363534333231FFFF"))
	assert.Equal(t, "9000", send(t, c, "0020008008 363534333231FFFF"))
	assert.Equal(t, "9000", send(t, c, "0024008110 "+puk+"3837363534333231"))
	assert.Equal(t, "6A88", send(t, c, "0024008210 "+puk+"3837363534333231"))
	assert.Equal(t, "6A80", send(t, c, "0024008008 "+puk))
}

func TestOddVerify(t *testing.T) {
	c := newCard(t, piv.Config{})
	assert.Equal(t, "6A80", send(t, c, "0020008003313233"), "a PIN of the wrong length")
	assert.Equal(t, 3, c.State().PINTries, "costs no try")
	assert.Equal(t, "6A88", send(t, c, "0020008108"+puk), "the PUK is not verified")
	assert.Equal(t, "6A86", send(t, c, "0020018008313233343536FFFF"))
	assert.Equal(t, "9000", send(t, c, rightPIN))
	assert.Equal(t, "9000", send(t, c, "0020FF80"), "forget the verification")
	assert.False(t, c.State().Verified)
}

func TestResetTakesTheVerificationAndKeepsTheTries(t *testing.T) {
	c := newCard(t, piv.Config{})
	send(t, c, rightPIN)
	send(t, c, wrongPIN)
	send(t, c, rightPIN)
	c.SetTries(2)
	c.Reset()
	assert.Equal(t, piv.State{PINTries: 2, PUKTries: 3, Verifies: 3}, c.State())
	c.SetTries(99)
	assert.Equal(t, 3, c.State().PINTries)
	c.SetTries(-1)
	assert.Equal(t, 0, c.State().PINTries)
}

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

func TestOnAPDUSeesNoPIN(t *testing.T) {
	c := newCard(t, piv.Config{})
	var seen []string
	c.OnAPDU(func(command, response []byte) { seen = append(seen, hex.EncodeToString(command)) })
	send(t, c, rightPIN)
	send(t, c, "002C008010 "+puk+"363534333231FFFF")
	require.Len(t, seen, 2)
	assert.Equal(t, "0020008008"+strings.Repeat("2a", 8), seen[0])
	assert.Equal(t, "002c008010"+strings.Repeat("2a", 16), seen[1])
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
