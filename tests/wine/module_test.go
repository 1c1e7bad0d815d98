package wine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

// module is SoftHSM, built for Windows (tests/wine/softhsm/build.sh), which has C:\SoftHSM2\softhsm2.conf compiled in.
var module = flag.String("module", "", "a SoftHSM for Windows, which TestARealModule wants")

const (
	modulePlace = `C:\SoftHSM2\softhsm2.dll`
	modulePIN   = "S0ft#9pq"
	portal      = "https://hr.example.gov.tw"
)

// send writes a message, receive reads one: answers, prompts as they come.
func (b *browser) send(message map[string]any) {
	b.t.Helper()
	message["jsonrpc"] = "2.0"
	raw, err := json.Marshal(message)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(binary.NativeEndian.AppendUint32(nil, uint32(len(raw))), raw...))
	require.NoError(b.t, err)
}

func (b *browser) receive() (m hosttest.Message) {
	b.t.Helper()
	for m = b.next(); m.ID == nil; { // what the window shows meanwhile
		m = b.next()
	}
	return m
}

func (b *browser) next() (m hosttest.Message) {
	b.t.Helper()
	var size uint32
	require.NoError(b.t, binary.Read(b.out, binary.NativeEndian, &size), "no answer: %s", hostLog(b.t))
	raw := make([]byte, size)
	_, err := io.ReadFull(b.out, raw)
	require.NoError(b.t, err)
	require.NoError(b.t, json.Unmarshal(raw, &m))
	require.Nil(b.t, m.Error, "%s", raw)
	return m
}

// withToken puts the module into this Windows, a token made on Linux beside it: the form of its files is the same.
func withToken(t *testing.T) *softtoken.Token {
	t.Helper()
	require.NotEmpty(t, *module, "make test-wine-module builds it, says where it is")
	folder := t.TempDir()
	issuer, err := pki.New(pki.Options{})
	require.NoError(t, err)
	store, err := softtoken.New(folder, issuer)
	require.NoError(t, err)
	token, err := store.Token("card", modulePIN, softtoken.Key{Name: "RSA-2048", Type: "RSA-2048", Holder: "王小明"}, softtoken.Key{Name: "P-256", Type: "P-256", Holder: "王小明"})
	require.NoError(t, err)
	place := inWindows(`C:\SoftHSM2`)
	require.NoError(t, os.MkdirAll(place, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(place)) })
	require.NoError(t, os.CopyFS(filepath.Join(place, "tokens"), os.DirFS(filepath.Join(folder, "tokens"))))
	require.NoError(t, os.WriteFile(filepath.Join(place, "softhsm2.conf"), []byte("directories.tokendir = C:\\SoftHSM2\\tokens\nobjectstore.backend = file\n"), 0o644))
	dll, err := os.ReadFile(*module)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(inWindows(modulePlace), dll, 0o755))
	return token
}

// A module of other people's as Windows loads it: the host lists its certificates, has it sign; OpenSSL agrees.
func TestARealModule(t *testing.T) {
	token := withToken(t)
	t.Cleanup(func() { reg(t, "delete", policies, "/f") })
	reg(t, "add", policies+`\portals`, "/v", "1", "/t", "REG_SZ", "/d", portal, "/f")
	reg(t, "add", policies+`\modules`, "/v", "1", "/t", "REG_SZ", "/d", modulePlace, "/f")
	b := startBrowser(t).greet()
	listed := b.call("certificates", map[string]any{"origin": portal})
	require.Len(t, listed["certificates"], 2, "%v %s", listed, b.said())

	for key, algorithm := range map[string]string{"RSA-2048": "RS256", "P-256": "ES256"} {
		certificate := token.Certificates[key]
		sum := sha256.Sum256(certificate.Raw)
		b.send(map[string]any{"id": key, "method": "authenticate", "params": map[string]any{
			"origin": portal, "challengeNonce": hosttest.Nonce, "certificate": hex.EncodeToString(sum[:]), "algorithm": algorithm}})
		prompt := b.receive()
		require.Equal(t, "prompt", prompt.Method, "%s", prompt.Params)
		require.Contains(t, string(prompt.Params), `"pin"`)
		b.send(map[string]any{"id": *prompt.ID, "result": map[string]any{"action": "pin", "pin": modulePIN}})
		answer := b.receive()
		require.Equal(t, key, *answer.ID)
		hosttest.VerifyFor(t, portal, answer.Result, algorithm, certificate)
	}
	b.leave()
	require.NotContains(t, hostLog(t), modulePIN)
}
