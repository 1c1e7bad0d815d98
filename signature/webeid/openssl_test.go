package webeid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

var opensslDigest = map[crypto.Hash]string{crypto.SHA256: "-sha256", crypto.SHA384: "-sha384", crypto.SHA512: "-sha512"}

// OpenSSL is the second opinion in both directions: it verifies what we build, and we verify what it signs. M is rebuilt
// here from the specification's words, not with the package's own function.
func TestOpenSSLAgrees(t *testing.T) {
	for _, alg := range everyAlgorithm(t) {
		t.Run(string(alg), func(t *testing.T) {
			h, dir := holderFor(t, alg), t.TempDir()
			m := append(hashOf(alg, []byte(origin)), hashOf(alg, []byte(nonce))...)
			write(t, dir, "m", m)
			public, err := x509.MarshalPKIXPublicKey(h.key.Public())
			require.NoError(t, err)
			write(t, dir, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
			private, err := x509.MarshalPKCS8PrivateKey(h.key)
			require.NoError(t, err)
			write(t, dir, "private.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))

			ours, err := base64.StdEncoding.DecodeString(newToken(t, alg, h).Signature)
			require.NoError(t, err)
			write(t, dir, "ours", opensslForm(t, h.key.Public(), ours))
			out, err := openssl(dir, alg, "-verify", "public.pem", "-signature", "ours", "m")
			require.NoError(t, err, out)
			assert.Contains(t, out, "Verified OK")

			write(t, dir, "other", append(m, 0))
			out, err = openssl(dir, alg, "-verify", "public.pem", "-signature", "ours", "other")
			require.Error(t, err, "openssl verified other bytes: %s", out)

			out, err = openssl(dir, alg, "-sign", "private.pem", "-out", "theirs", "m")
			require.NoError(t, err, out)
			theirs, err := os.ReadFile(filepath.Join(dir, "theirs"))
			require.NoError(t, err)
			token, err := webeid.NewToken(h.cert, alg, theirs, appVersion)
			require.NoError(t, err)
			_, err = token.Verify(origin, nonce)
			require.NoError(t, err)
		})
	}
}

func openssl(dir string, alg webeid.Algorithm, args ...string) (string, error) {
	full := []string{"dgst", opensslDigest[alg.Hash()]}
	if strings.HasPrefix(string(alg), "PS") {
		full = append(full, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
	}
	cmd := exec.Command("openssl", append(full, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func hashOf(alg webeid.Algorithm, parts ...[]byte) []byte {
	h := alg.Hash().New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// opensslForm is written apart from the package's own conversion.
func opensslForm(t *testing.T, public crypto.PublicKey, raw []byte) []byte {
	t.Helper()
	switch key := public.(type) {
	case *rsa.PublicKey:
		return raw
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		require.Len(t, raw, 2*size)
		der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])})
		require.NoError(t, err)
		return der
	}
	t.Fatalf("no form for %T", public)
	return nil
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
}
