package secret

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProcessesThatStartAtOnceShareOneSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	keys := make([]string, 16)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			s, err := LoadOrCreate(path)
			if assert.NoError(t, err) {
				keys[i] = string(s.Key("test"))
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		assert.Equal(t, keys[0], key)
		assert.Len(t, key, 32)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing but the secret is left")
}

func TestKeysDifferByPurpose(t *testing.T) {
	s := New()
	assert.NotEqual(t, s.Key("csrf"), s.Key("id numbers"))
	assert.Equal(t, s.Key("csrf"), s.Key("csrf"))
	assert.NotEqual(t, s.Key("csrf"), New().Key("csrf"))
}

func TestBadFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	_, err := Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	for name, text := range map[string]string{"empty": "", "short": "c2hvcnQ=", "no base64": strings.Repeat("?", 44)} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := LoadOrCreate(path)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	require.NoError(t, os.Remove(path))
	_, err = LoadOrCreate(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = Load(path)
	require.ErrorContains(t, err, "chmod 600")
}

func TestASecretShowsItselfToNobody(t *testing.T) {
	s := New()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, "[secret]", fmt.Sprintf(verb, s))
		assert.NotContains(t, fmt.Sprintf(verb, struct{ S any }{s}), fmt.Sprintf("%x", s.bytes[:4]))
	}
	_, err := s.MarshalText()
	require.Error(t, err)
}
