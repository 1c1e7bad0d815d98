package hosttest

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// VerifyCMSWithOpenSSL has code not ours accept a signature over a content, and refuse it over another one. content is nil where the signature
// holds it; the content is returned. The chain is not looked at here: the certificate itself is trusted.
func VerifyCMSWithOpenSSL(t testing.TB, der []byte, certificate *x509.Certificate, content []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		return path
	}
	out := filepath.Join(dir, "out")
	args := []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", write("cms", der), "-purpose", "any", "-partial_chain", "-out", out,
		"-CAfile", write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))}
	if content != nil {
		args = append(args, "-content", write("content", content))
	}
	words, err := exec.Command("openssl", args...).CombinedOutput()
	require.NoError(t, err, string(words))
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	write("content", append([]byte("x"), content...))
	write("cms", append(der[:len(der)-3:len(der)-3], der[len(der)-3]^1, der[len(der)-2], der[len(der)-1]))
	require.Error(t, exec.Command("openssl", args...).Run(), "another content, or a flipped bit")
	return got
}
