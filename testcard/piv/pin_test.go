package piv_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/piv"
)

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
