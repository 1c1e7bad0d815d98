package hosttest

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// VerifyWithOpenSSL has code not ours accept a token over the rebuilt bytes H(Origin) ‖ H(Nonce), and refuse it tampered with.
// The token must hold that certificate; nil: any.
func VerifyWithOpenSSL(t testing.TB, raw json.RawMessage, algorithm string, certificate *x509.Certificate) {
	t.Helper()
	VerifyFor(t, Origin, raw, algorithm, certificate)
}

// VerifyFor does so for a portal of another origin.
func VerifyFor(t testing.TB, origin string, raw json.RawMessage, algorithm string, certificate *x509.Certificate) {
	t.Helper()
	var token struct{ UnverifiedCertificate, Algorithm, Signature, Format, AppVersion string }
	require.NoError(t, json.Unmarshal(raw, &token))
	require.Equal(t, algorithm, token.Algorithm)
	require.Equal(t, "web-eid:1.0", token.Format)
	der, err := base64.StdEncoding.DecodeString(token.UnverifiedCertificate)
	require.NoError(t, err)
	if certificate != nil {
		require.Equal(t, certificate.Raw, der)
	}
	signature, err := base64.StdEncoding.DecodeString(token.Signature)
	require.NoError(t, err)
	if strings.HasPrefix(algorithm, "ES") {
		signature = ecdsaDER(t, signature)
	}
	signed := append(digest(algorithm, origin), digest(algorithm, Nonce)...)
	require.NoError(t, openssl(t, algorithm, der, signed, signature))
	require.Error(t, openssl(t, algorithm, der, append(digest(algorithm, "https://other.gov.tw"), digest(algorithm, Nonce)...), signature), "another origin")
	signature[len(signature)/2] ^= 1
	require.Error(t, openssl(t, algorithm, der, signed, signature), "a flipped bit")
}

func digest(algorithm, text string) []byte {
	switch algorithm[2:] {
	case "384":
		sum := sha512.Sum384([]byte(text))
		return sum[:]
	case "512":
		sum := sha512.Sum512([]byte(text))
		return sum[:]
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func ecdsaDER(t testing.TB, rs []byte) []byte {
	t.Helper()
	half := len(rs) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(rs[:half]), new(big.Int).SetBytes(rs[half:])})
	require.NoError(t, err)
	return der
}

func openssl(t testing.TB, algorithm string, certificate, signed, signature []byte) error {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		return path
	}
	cert := write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	public, err := exec.Command("openssl", "x509", "-in", cert, "-pubkey", "-noout").Output()
	require.NoError(t, err)
	args := []string{"dgst", "-sha" + algorithm[2:], "-verify", write("key.pem", public), "-signature", write("sig", signature)}
	if strings.HasPrefix(algorithm, "PS") {
		args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
	}
	return exec.Command("openssl", append(args, write("signed", signed))...).Run()
}
