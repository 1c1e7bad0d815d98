package faults

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

const softPIN = "S0ft#9pq"

const plain = "as it comes"

// customs are what tokens do with their keys, each on its own.
var customs = map[string][]string{
	plain:                            nil,
	"private keys only after login":  {"objects loggedout hide private"},
	"no public halves":               {"objects hide public"},
	"neither, before nor after":      {"objects hide public", "objects loggedout hide private"},
	"read-only":                      {"sessions readonly"},
	"raw mechanisms only":            {"mechanisms refuse 0x40 0x41 0x42 0x43 0x44 0x45", "mechanisms refuse 0x1042 0x1043 0x1044 0x1045 0x1046"},
	"another CKA_ID for private":     {"objects id other private"},
	"no CKA_ID for private":          {"objects id strip private"},
	"no CKA_ID for certificates":     {"objects id strip certificate"},
	"no CKA_ID at all":               {"objects id strip certificate", "objects id strip private", "objects id strip public"},
	"no CKA_ID, no public halves":    {"objects id strip certificate", "objects id strip private", "objects hide public"},
	"another CKA_ID, as a real card": {"objects id other private", "objects loggedout hide private", "sessions readonly"},
}

func id(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func softToken(t *testing.T, keys ...softtoken.Key) (*softtoken.Store, *softtoken.Token) {
	t.Helper()
	dir := filepath.Join(world.dir, "store-"+t.Name())
	require.NoError(t, os.Mkdir(dir, 0o700))
	store, err := softtoken.New(dir, world.pki)
	require.NoError(t, err)
	token, err := store.Token("card", softPIN, keys...)
	require.NoError(t, err)
	return store, token
}

func TestKeysAsTokensShowThem(t *testing.T) {
	t.Parallel()
	algorithms := map[string][]string{
		"RSA-2048": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "RSA-3072": {"RS256", "PS256"}, "RSA-4096": {"RS256", "PS512"},
		"P-256": {"ES256"}, "P-384": {"ES384"}, "P-521": {"ES512"},
	}
	var keys []softtoken.Key
	for kind := range algorithms {
		keys = append(keys, softtoken.Key{Name: kind, Type: kind, Holder: "王小明"})
	}
	store, token := softToken(t, keys...)
	for custom, rules := range customs {
		t.Run(custom, func(t *testing.T) {
			l := newSoftLane(t, store)
			l.set(t, rules...)
			h := l.start(t)
			for kind, list := range algorithms {
				cert := token.Certificates[kind]
				if custom != plain {
					list = list[len(list)-1:] // PSS, with RSA
				}
				for _, algorithm := range list {
					_, answer := h.Login(map[string]any{"certificate": id(cert), "algorithm": algorithm})
					h.PIN(h.Prompt("pin"), softPIN)
					m := h.Await(answer)
					require.Nil(t, m.Error, "%s %s", kind, algorithm)
					hosttest.VerifyWithOpenSSL(t, m.Result, algorithm, cert)
				}
			}
		})
	}
}

// Two keys of one kind with nothing that tells whose certificate is whose: no guess is made, no signature leaves that does not fit.
func TestKeysThatCannotBeTold(t *testing.T) {
	store, token := softToken(t, softtoken.Key{Name: "one", Type: "P-256", Holder: "王小明"}, softtoken.Key{Name: "two", Type: "P-256", Holder: "陳大文"})
	l := newSoftLane(t, store)
	l.set(t, "objects id strip private", "objects hide public")
	h := l.start(t)
	_, answer := h.Login(map[string]any{"certificate": id(token.Certificates["one"])})
	h.PIN(h.Prompt("pin"), softPIN)
	m := h.Await(answer)
	require.NotNil(t, m.Error)
	require.Equal(t, "noUsableCertificate", m.Error.Data.Code)
	l.set(t)
	_, answer = h.Login(map[string]any{"certificate": id(token.Certificates["two"])})
	h.PIN(h.Prompt("pin"), softPIN)
	require.Nil(t, h.Await(answer).Error)
}

// The same customs on the card, where the reader is real and the tries are counted.
func TestCardsAsModulesShowThem(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	for _, name := range []string{"citizen", "citizen-p384", "always"} {
		the := l.insert(t, name)
		h := l.start(t)
		for custom, rules := range customs {
			l.set(t, rules...)
			before := the.State()
			_, answer := h.Login(nil)
			h.PIN(h.Prompt("pin"), the.PIN)
			m := h.Await(answer)
			require.Nil(t, m.Error, "%s: %s", name, custom)
			hosttest.VerifyWithOpenSSL(t, m.Result, map[string]string{"citizen-p384": "ES384"}[name]+map[string]string{"citizen": "RS256", "always": "RS256"}[name], the.Certificate)
			require.Equal(t, before.Signatures+1, the.State().Signatures)
			require.False(t, the.State().Verified)
		}
		h.Close()
	}
}
