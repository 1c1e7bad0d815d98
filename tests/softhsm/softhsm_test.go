package softhsm

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

func id(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func TestLoginWithEachAlgorithm(t *testing.T) {
	for key, algorithms := range map[string]string{
		"RSA-2048":         "RS256 RS384 RS512 PS256 PS384 PS512",
		"RSA-3072":         "RS256 RS384 RS512 PS256 PS384 PS512",
		"RSA-4096":         "RS256 RS512 PS256 PS512",
		"P-256":            "ES256",
		"P-384":            "ES384",
		"P-521":            "ES512",
		"RSA-2048 private": "RS256 RS384 RS512 PS256 PS384 PS512",
		"P-256 private":    "ES256",
		"RSA-2048 always":  "RS256 PS256",
		"P-256 always":     "ES256",
	} {
		for algorithm := range strings.FieldsSeq(algorithms) {
			t.Run(key+" "+algorithm, func(t *testing.T) {
				h := start(t, world.store)
				cert := world.token.Certificates[key]
				_, answer := h.Login(map[string]any{"certificate": id(cert), "algorithm": algorithm})
				p := h.Prompt("pin")
				require.Equal(t, id(cert), p.Certificate.ID)
				h.PIN(p, pin)
				m := h.Await(answer)
				require.Nil(t, m.Error)
				hosttest.VerifyWithOpenSSL(t, m.Result, algorithm, cert)
			})
		}
	}
}

func TestDefaultAlgorithm(t *testing.T) {
	h := start(t, world.store)
	for key, algorithm := range map[string]string{"RSA-2048": "RS256", "RSA-4096": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512"} {
		cert := world.token.Certificates[key]
		_, answer := h.Login(map[string]any{"certificate": id(cert)})
		h.PIN(h.Prompt("pin"), pin)
		m := h.Await(answer)
		require.Nil(t, m.Error)
		hosttest.VerifyWithOpenSSL(t, m.Result, algorithm, cert)
	}
}

func TestWrongOnceThenRight(t *testing.T) {
	for _, key := range []string{"RSA-2048", "P-256 private", "RSA-2048 always"} {
		t.Run(key, func(t *testing.T) {
			h := start(t, world.store)
			cert := world.token.Certificates[key]
			_, answer := h.Login(map[string]any{"certificate": id(cert)})
			p := h.Prompt("pin")
			require.Empty(t, p.Notice)
			require.Equal(t, 4, p.PINLength.Min)
			h.PIN(p, wrongPIN)
			p = h.Prompt("pin")
			require.Equal(t, "wrongPIN", p.Notice)
			require.Equal(t, "atLeastTwo", p.Tries.State)
			h.PIN(p, pin)
			m := h.Await(answer)
			require.Nil(t, m.Error)
			h.Close()
			requireNoPIN(t)
		})
	}
}

// requireNoPIN searches the log of a test that used both PINs.
func requireNoPIN(t *testing.T) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(world.dir, "Test*", "state", "cardbridge", "host.log"))
	require.NoError(t, err)
	require.NotEmpty(t, logs)
	for _, path := range logs {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(raw), "authenticate")
		require.NotContains(t, string(raw), pin)
		require.NotContains(t, string(raw), wrongPIN)
	}
}

func TestCertificatesListsAll(t *testing.T) {
	h := start(t, world.store)
	l := list(t, h)
	seen := map[string]certificate{}
	for _, c := range l.Certificates {
		require.True(t, c.Usable, c.Reason)
		require.Equal(t, "王小明", c.Holder)
		require.NotEmpty(t, c.Reader, "a token without a reader still has a place")
		seen[c.ID] = c
	}
	require.Len(t, seen, len(keys))
	for name, cert := range world.token.Certificates {
		require.Equal(t, strings.Fields(name)[0], seen[id(cert)].KeyType)
	}
	require.Empty(t, l.Readers)
	require.Len(t, l.Problems, 1)
	require.Equal(t, "pcscNotRunning", l.Problems[0].Code)
}

func TestTwoTokensAtOnce(t *testing.T) {
	dir := filepath.Join(world.dir, "two")
	require.NoError(t, os.Mkdir(dir, 0o700))
	store, err := softtoken.New(dir, world.pki)
	require.NoError(t, err)
	first, err := store.Token("first", pin, softtoken.Key{Name: "key", Type: "P-256", Holder: "王小明"})
	require.NoError(t, err)
	second, err := store.Token("second", "An0ther#", softtoken.Key{Name: "key", Type: "RSA-2048", Holder: "陳大文"})
	require.NoError(t, err)
	h := start(t, store)
	for _, choice := range []struct {
		token     *softtoken.Token
		algorithm string
	}{{second, "RS256"}, {first, "ES256"}} {
		cert := choice.token.Certificates["key"]
		_, answer := h.Login(nil)
		p := h.Prompt("choose")
		require.Len(t, p.Certificates, 2)
		h.Answer(p, map[string]any{"action": "choose", "certificate": id(cert)})
		p = h.Prompt("pin")
		require.Equal(t, cert.Subject.CommonName, p.Certificate.Holder)
		h.PIN(p, choice.token.PIN)
		m := h.Await(answer)
		require.Nil(t, m.Error)
		hosttest.VerifyWithOpenSSL(t, m.Result, choice.algorithm, cert)
	}
}

// The PIN of one token is wrong for the other: it must never be sent there.
func TestThePINGoesToTheChosenTokenAlone(t *testing.T) {
	dir := filepath.Join(world.dir, "alone")
	require.NoError(t, os.Mkdir(dir, 0o700))
	store, err := softtoken.New(dir, world.pki)
	require.NoError(t, err)
	key := softtoken.Key{Name: "key", Type: "P-256", Holder: "王小明"}
	other, err := store.Token("other", "An0ther#", key)
	require.NoError(t, err)
	chosen, err := store.Token("chosen", pin, key)
	require.NoError(t, err)
	h := start(t, store)
	_, answer := h.Login(map[string]any{"certificate": id(chosen.Certificates["key"])})
	h.PIN(h.Prompt("pin"), wrongPIN)
	p := h.Prompt("pin")
	require.Contains(t, flags(t, chosen), "count low", "SoftHSM remembers a wrong PIN")
	h.PIN(p, pin)
	require.Nil(t, h.Await(answer).Error)
	require.NotContains(t, flags(t, other), "count low")
}

func flags(t *testing.T, token *softtoken.Token) string {
	t.Helper()
	s, err := token.Flags()
	require.NoError(t, err)
	return s
}
