package piv_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"testing"

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
