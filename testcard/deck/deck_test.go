package deck_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// usable counts the certificates that a login may use: valid now, digitalSignature, extended key
// usage absent or clientAuth.
func usable(c *deck.Card) int {
	n := 0
	for _, ref := range []byte{piv.Slot9A, piv.Slot9C, piv.Slot9D, piv.Slot9E} {
		s, ok := c.Slot(ref)
		if !ok {
			continue
		}
		x := s.Certificate
		now := time.Now()
		client := len(x.ExtKeyUsage) == 0
		for _, u := range x.ExtKeyUsage {
			client = client || u == x509.ExtKeyUsageClientAuth
		}
		if client && x.KeyUsage&x509.KeyUsageDigitalSignature != 0 && now.After(x.NotBefore) && now.Before(x.NotAfter) {
			n++
		}
	}
	return n
}

func TestEveryCard(t *testing.T) {
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	d := deck.New(p)
	want := map[string]int{"citizen-two": 2, "expired": 0, "notyet": 0, "emailonly": 0, "wrongusage": 0, "encryption": 0, "dumb": 0}
	names := deck.Names()
	require.NotEmpty(t, names)
	serials := map[string]string{}
	for _, name := range names {
		c, err := d.Card(name)
		require.NoError(t, err, name)
		n, special := want[name]
		if !special {
			n = 1
		}
		assert.Equal(t, n, usable(c), name)
		again, err := d.Card(name)
		require.NoError(t, err)
		assert.Same(t, c, again)
		if name == "dumb" {
			continue
		}
		_, has9E := c.Slot(piv.Slot9E)
		assert.False(t, has9E, name)
		encryption, ok := c.Slot(piv.Slot9D)
		require.True(t, ok, name)
		assert.NotZero(t, encryption.Certificate.KeyUsage&x509.KeyUsageKeyEncipherment, name)
		if c.Certificate == nil {
			assert.Equal(t, "encryption", name)
			continue
		}
		serials[c.Certificate.SerialNumber.String()] = name
		issued := c.Certificate.CheckSignatureFrom(p.Certificate(pki.Citizen)) == nil ||
			c.Certificate.CheckSignatureFrom(p.Certificate(pki.CitizenOld)) == nil ||
			c.Certificate.CheckSignatureFrom(p.Certificate(pki.Agency)) == nil ||
			c.Certificate.CheckSignatureFrom(p.Certificate(pki.Organisation)) == nil ||
			c.Certificate.CheckSignatureFrom(p.Certificate(pki.Business)) == nil ||
			c.Certificate.CheckSignatureFrom(p.Certificate(pki.Test)) == nil
		assert.Equal(t, name != "untrusted", issued, name)
	}
	assert.Len(t, d.Made(), len(names))
	assert.Len(t, serials, len(names)-2, "each card but dumb and encryption has a login certificate of its own")
	_, err = d.Card("nobody")
	require.ErrorIs(t, err, deck.ErrName)
}
