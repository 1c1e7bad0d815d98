//go:build linux

package rig_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/pkcs11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/rig"
)

const wrongPIN = "999999"

// The CKA_IDs that OpenSC gives to the slots.
var ids = map[byte]byte{piv.Slot9A: 1, piv.Slot9C: 2, piv.Slot9D: 3}

// opensc is the real module in this process. It is called only while what the daemon believes is
// true: OpenSC 0.23 can hang for ever on a card that was pulled and not yet noticed.
type opensc struct {
	*testing.T
	p       *pkcs11.Ctx
	session pkcs11.SessionHandle
}

func newOpenSC(t *testing.T) *opensc {
	t.Helper()
	path, err := rig.OpenSC()
	require.NoError(t, err)
	p := pkcs11.New(path)
	require.NotNil(t, p)
	require.NoError(t, p.Initialize())
	t.Cleanup(func() {
		assert.NoError(t, p.Finalize())
		p.Destroy()
	})
	return &opensc{T: t, p: p}
}

// slot gives the only slot with a token.
func (o *opensc) slot() uint {
	o.Helper()
	slots, err := o.p.GetSlotList(true)
	require.NoError(o, err)
	require.Len(o, slots, 1)
	return slots[0]
}

func (o *opensc) open() {
	o.Helper()
	var err error
	o.session, err = o.p.OpenSession(o.slot(), pkcs11.CKF_SERIAL_SESSION)
	require.NoError(o, err)
}

func (o *opensc) login(pin string) error { return o.p.Login(o.session, pkcs11.CKU_USER, pin) }

func (o *opensc) flags() uint {
	o.Helper()
	info, err := o.p.GetTokenInfo(o.slot())
	require.NoError(o, err)
	return info.Flags & (pkcs11.CKF_USER_PIN_COUNT_LOW | pkcs11.CKF_USER_PIN_FINAL_TRY | pkcs11.CKF_USER_PIN_LOCKED)
}

// sign signs a digest with the key of a slot and verifies the signature; contextPIN, if not "", is
// given once more for the operation.
func (o *opensc) sign(c *deck.Card, ref byte, contextPIN string) error {
	o.Helper()
	require.NoError(o, o.p.FindObjectsInit(o.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, []byte{ids[ref]})}))
	found, _, err := o.p.FindObjects(o.session, 1)
	require.NoError(o, err)
	require.NoError(o, o.p.FindObjectsFinal(o.session))
	require.Len(o, found, 1, "the private key of slot %X", ref)
	s, ok := c.Slot(ref)
	require.True(o, ok)
	mechanism, input, verify := signing(s)
	if err := o.p.SignInit(o.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, found[0]); err != nil {
		return err
	}
	if contextPIN != "" {
		if err := o.p.Login(o.session, pkcs11.CKU_CONTEXT_SPECIFIC, contextPIN); err != nil {
			return err
		}
	}
	signature, err := o.p.Sign(o.session, input)
	if err != nil {
		return err
	}
	assert.True(o, verify(signature), "the signature of slot %X", ref)
	return nil
}

// signing gives how to sign with a slot's key, something to sign, and how to verify it.
func signing(s piv.Slot) (mechanism uint, input []byte, verify func([]byte) bool) {
	h := sha256.Sum256([]byte("x"))
	switch k := s.Key.Public().(type) {
	case *rsa.PublicKey:
		info := append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, h[:]...)
		return pkcs11.CKM_RSA_PKCS, info, func(sig []byte) bool { return rsa.VerifyPKCS1v15(k, crypto.SHA256, h[:], sig) == nil }
	case *ecdsa.PublicKey:
		digest := h[:]
		if k.Params().BitSize == 384 {
			d := sha512.Sum384([]byte("x"))
			digest = d[:]
		}
		return pkcs11.CKM_ECDSA, digest, func(sig []byte) bool {
			half := len(sig) / 2
			return ecdsa.Verify(k, digest, new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:]))
		}
	}
	return 0, nil, func([]byte) bool { return false }
}

func TestOpenSCSignsWithEachKeyType(t *testing.T) {
	o := newOpenSC(t)
	for _, name := range []string{"citizen", "citizen-p256", "citizen-p384", "agency", "yubikey"} {
		c := card(t, name)
		insert(t, 0, c)
		o.open()
		require.NoError(t, o.login(deck.PIN), name)
		require.NoError(t, o.sign(c, piv.Slot9A, ""), name)
		assert.Equal(t, piv.State{PINTries: 3, PUKTries: 3, Verified: true, Verifies: 1, Signatures: 1}, c.State(), name)
		require.NoError(t, shared.Remove(0), name)
		assert.False(t, c.State().Verified, name)
	}
}

func TestOpenSCTakesLetters(t *testing.T) {
	o := newOpenSC(t)
	c := card(t, "letters")
	insert(t, 0, c)
	o.open()
	require.ErrorIs(t, o.login(deck.PIN), pkcs11.Error(pkcs11.CKR_PIN_INCORRECT))
	require.NoError(t, o.login(deck.PINLetters))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))
}

func TestOpenSCLocksAndPUKUnblocks(t *testing.T) {
	o := newOpenSC(t)
	c := card(t, "citizen")
	insert(t, 0, c)
	o.open()
	for i, flag := range []uint{0, pkcs11.CKF_USER_PIN_FINAL_TRY, pkcs11.CKF_USER_PIN_LOCKED} {
		require.ErrorIs(t, o.login(wrongPIN), pkcs11.Error(pkcs11.CKR_PIN_INCORRECT))
		assert.Equal(t, flag, o.flags(), "after %d wrong PINs", i+1)
		assert.Equal(t, 2-i, c.State().PINTries)
	}
	require.ErrorIs(t, o.login(deck.PIN), pkcs11.Error(pkcs11.CKR_PIN_LOCKED))
	require.ErrorIs(t, o.login("1"), pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE))

	out, err := tool(t, shared, "pkcs15-tool", "--unblock-pin", "--auth-id", "01", "--puk", "00000000", "--new-pin", "654321")
	require.Error(t, err, out)
	assert.Equal(t, 2, c.State().PUKTries)
	out, err = tool(t, shared, "pkcs15-tool", "--unblock-pin", "--auth-id", "01", "--puk", deck.PUK, "--new-pin", "654321")
	require.NoError(t, err, out)
	assert.Equal(t, 3, c.State().PUKTries)
	assert.Equal(t, 3, c.State().PINTries)
	o.open()
	require.NoError(t, o.login("654321"))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))
}

func TestOpenSCSeesRemovalAndInsertion(t *testing.T) {
	o := newOpenSC(t)
	c := card(t, "citizen")
	insert(t, 0, c)
	o.open()
	require.NoError(t, o.login(deck.PIN))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))
	require.NoError(t, shared.Remove(0))
	slots, err := o.p.GetSlotList(true)
	require.NoError(t, err)
	assert.Empty(t, slots)
	_, err = o.p.GetSessionInfo(o.session)
	require.ErrorIs(t, err, pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID))

	other := card(t, "citizen2")
	insert(t, 0, other)
	o.open()
	require.NoError(t, o.login(deck.PIN))
	require.NoError(t, o.sign(other, piv.Slot9A, ""))
	require.NoError(t, shared.Swap(0, c.Card))
	o.open()
	require.NoError(t, o.login(deck.PIN))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))

	// A module that is not called while the daemon is down misses its restart, and would say
	// CKR_USER_ALREADY_LOGGED_IN afterwards although the card wants its PIN.
	require.NoError(t, o.p.CloseAllSessions(o.slot()))
	require.NoError(t, shared.Down())
	require.NoError(t, shared.Up())
	insert(t, 0, c)
	o.open()
	require.NoError(t, o.login(deck.PIN))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))
	require.NoError(t, shared.Remove(0))
}

func TestOpenSCAlwaysAuthenticate(t *testing.T) {
	o := newOpenSC(t)
	c := card(t, "citizen-two")
	insert(t, 0, c)
	o.open()
	require.NoError(t, o.login(deck.PIN))
	require.NoError(t, o.sign(c, piv.Slot9A, ""))
	require.NoError(t, o.sign(c, piv.Slot9C, deck.PIN))
	require.NoError(t, o.sign(c, piv.Slot9C, deck.PIN), "and again")
	require.ErrorIs(t, o.sign(c, piv.Slot9C, ""), pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN))
	assert.Equal(t, 3, c.State().Signatures)
	require.NoError(t, o.login(deck.PIN))
	require.ErrorIs(t, o.sign(c, piv.Slot9C, wrongPIN), pkcs11.Error(pkcs11.CKR_PIN_INCORRECT))
	assert.Equal(t, 2, c.State().PINTries)
}

func TestOpenSCDoesNotKnowTheDumbCard(t *testing.T) {
	o := newOpenSC(t)
	insert(t, 0, card(t, "dumb"))
	slots, err := o.p.GetSlotList(true)
	require.NoError(t, err)
	assert.Empty(t, slots)
	_, err = o.p.GetTokenInfo(0)
	require.ErrorIs(t, err, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_RECOGNIZED))
}

// TestPulledDuringASignature pulls the card under another process, which may hang and is killed then.
func TestPulledDuringASignature(t *testing.T) {
	r, err := rig.Start("")
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	c := card(t, "citizen")
	require.NoError(t, r.Insert(0, c.Card))
	r.PullOnSign(c.Card, true)
	out, err := signOnce(t, r)
	require.Error(t, err, out)
	require.NoError(t, r.WaitCard(0, false))
	assert.Nil(t, r.Card(0))
	assert.Equal(t, piv.State{PINTries: 3, PUKTries: 3, Verifies: 1}, c.State())

	r.PullOnSign(c.Card, false)
	require.NoError(t, r.Insert(0, c.Card))
	out, err = signOnce(t, r)
	require.NoError(t, err, out)
	assert.Equal(t, 1, c.State().Signatures)
}

// signOnce signs with pkcs11-tool. A hang is an outcome too, so the tool is killed after 5 s, a
// hundred times what a signature takes.
func signOnce(t *testing.T, r *rig.Rig) (string, error) {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(in, []byte("x"), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "pkcs11-tool", "--login", "--pin", deck.PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01", "--input-file", in)
	cmd.Env = append(os.Environ(), r.Env())
	out, err := cmd.CombinedOutput()
	return string(out), err
}
