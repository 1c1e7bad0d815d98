package deck_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

func describe(t *testing.T, name string) deck.Facts {
	t.Helper()
	f, err := deck.Describe(name)
	require.NoError(t, err, name)
	return f
}

func TestFacts(t *testing.T) {
	kinds := map[deck.Kind]int{}
	for _, name := range deck.Names() {
		f := describe(t, name)
		kinds[f.Kind]++
		assert.Equal(t, name, f.Name)
		assert.NotEmpty(t, f.PIN, name)
		assert.Equal(t, f.Kind == deck.Unknown, f.Holder == "", name)
		assert.Equal(t, f.Kind == deck.Citizen, f.IDNumber != "", name)
		assert.Equal(t, f.Kind == deck.Agency || f.Kind == deck.Organisation, f.OID != nil, name)
		if f.IDTail != "" {
			assert.Equal(t, f.IDNumber[6:], f.IDTail, name)
		}
	}
	assert.Len(t, kinds, 5)
	_, err := deck.Describe("nobody")
	require.ErrorIs(t, err, deck.ErrName)
}

// The cards that a portal must tell apart differ in just the right field.
func TestPersonas(t *testing.T) {
	old, renewed, reissued := describe(t, "citizen"), describe(t, "citizen-p256"), describe(t, "reissued")
	assert.Equal(t, old.SerialNumber, renewed.SerialNumber)
	assert.NotEqual(t, old.SerialNumber, reissued.SerialNumber)
	assert.Equal(t, [2]string{old.Holder, old.IDNumber}, [2]string{reissued.Holder, reissued.IDNumber})

	chen, namesake := describe(t, "citizen2"), describe(t, "namesake")
	assert.Equal(t, chen.Holder, namesake.Holder)
	assert.NotEqual(t, chen.IDTail, namesake.IDTail)

	assert.NotEqual(t, describe(t, "agency").OID, describe(t, "agency-unknown").OID)
	assert.Equal(t, describe(t, "agency").OID, describe(t, "test-agency").OID, "only the issuer says that it is a test")
}

// What is left out of a certificate is really not there, and a locked card is locked until it is renewed.
func TestMissingParts(t *testing.T) {
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	d := deck.New(p)
	whole, err := d.Card("citizen")
	require.NoError(t, err)
	notail, err := d.Card("notail")
	require.NoError(t, err)
	noserial, err := d.Card("noserial")
	require.NoError(t, err)
	assert.Equal(t, "0000000000000001", whole.Certificate.Subject.SerialNumber)
	assert.Contains(t, string(whole.Certificate.Raw), whole.IDTail)
	assert.NotContains(t, string(notail.Certificate.Raw), notail.IDNumber[6:])
	assert.Empty(t, noserial.Certificate.Subject.SerialNumber)

	locked, err := d.Card("locked")
	require.NoError(t, err)
	assert.True(t, locked.Locked)
	assert.Zero(t, locked.State().PINTries)
	locked.Renew()
	assert.Equal(t, 3, locked.State().PINTries)
}
