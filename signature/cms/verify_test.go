package cms

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

// No content is not an empty one: what a portal failed to find must let nothing pass.
func TestNoContentIsNotAnEmptyOne(t *testing.T) {
	h := holderOf(t, "P-256")
	empty, something := Document{Content: []byte{}}, Document{Content: []byte("x")}
	for _, attached := range []bool{false, true} {
		ofEmpty := signed(t, h, sha256Scheme, Document{Content: []byte{}, Attached: attached}, facts)
		ofSomething := signed(t, h, sha256Scheme, Document{Content: []byte("x"), Attached: attached}, facts)
		for _, none := range []Document{{}, {Attached: true}} {
			_, err := Verify(ofEmpty, none)
			require.ErrorIs(t, err, ErrDocument)
			_, err = Verify(ofSomething, none)
			require.ErrorIs(t, err, ErrDocument)
		}
		got, err := Verify(ofEmpty, empty)
		require.NoError(t, err)
		require.Equal(t, attached, got.Content != nil)
		_, err = Verify(ofEmpty, something)
		require.ErrorIs(t, err, ErrDigest)
		_, err = Verify(ofSomething, empty)
		require.ErrorIs(t, err, ErrDigest)
		_, err = Verify(ofSomething, Document{Digest: []byte{}})
		require.ErrorIs(t, err, ErrDigest)
		sum := sha256.Sum256([]byte("x"))
		_, err = Verify(ofSomething, Document{Content: []byte("x"), Digest: sum[:]})
		require.NoError(t, err)
		_, err = Verify(ofSomething, Document{Content: []byte("y"), Digest: sum[:]})
		require.ErrorIs(t, err, ErrDigest, "the digest alone must not do")
	}
}
