package docs

import (
	"crypto"
	"crypto/rand"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/cms"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// The document's openssl command accepts what the host makes, and shows the origin; over another content it fails.
func TestADocumentWithOpenSSL(t *testing.T) {
	_, steps, found := strings.Cut(read(t, "docs/examples/verify-document.sh"), "\n\n")
	require.True(t, found)
	assert.Contains(t, fences(read(t, "docs/signatures.md")), "sh\n"+steps)
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	script, err := filepath.Abs(filepath.Join(root, "docs/examples/verify-document.sh"))
	require.NoError(t, err)
	for _, c := range []struct {
		alg string
		cms.Scheme
	}{{"RS256", cms.Scheme{Hash: crypto.SHA256}}, {"RS256", cms.Scheme{Hash: crypto.SHA384, PSS: true}}, {"ES384", cms.Scheme{Hash: crypto.SHA384}}} {
		key := newKey(t, "RS256")
		if c.alg == "ES384" {
			key = newKey(t, "ES384")
		}
		cert, err := p.Citizen(wang, key.Public(), pki.Variant{})
		require.NoError(t, err)
		content := []byte("請假單")
		u, err := cms.Prepare(cert, nil, c.Scheme, cms.Document{Content: content}, cms.Facts{Origin: origin, Time: time.Now().Truncate(time.Second), Nonce: []byte("17")})
		require.NoError(t, err)
		signature, err := key.Sign(rand.Reader, u.Digest(), c.SignerOpts())
		require.NoError(t, err)
		der, err := u.Finish(signature)
		require.NoError(t, err)
		trust := trustOf(t, p, pki.Root, pki.Citizen)
		run := func(content []byte) (string, error) {
			cmd := exec.Command("sh", append([]string{script, write(t, "signature.der", der), write(t, "content", content)}, trust...)...)
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		out, err := run(content)
		require.NoError(t, err, out)
		assert.Regexp(t, regexp.MustCompile(`(?s)2\.25\.142231440427615317957092025362471935757.*`+regexp.QuoteMeta(origin)), out)
		out, err = run(content[1:])
		require.Error(t, err, out)
	}
}

// Every reason that a document can be refused for has its row, and no other.
func TestEveryReasonOfADocumentIsTold(t *testing.T) {
	real := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\tErr\w+ +Reason = "(\w+)"`).FindAllStringSubmatch(read(t, "portal/verify/errors.go"), -1) {
		real[m[1]] = m[1] != "token"
	}
	delete(real, "token")
	require.Greater(t, len(real), 15)
	for _, name := range documents["signatures"] {
		told := map[string]bool{}
		for _, row := range regexp.MustCompile("(?m)^\\| (`\\w+`(?:[、, ]+`\\w+`)*) \\|").FindAllStringSubmatch(read(t, name), -1) {
			for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
				told[m[1]] = true
			}
		}
		assert.Equal(t, slices.Sorted(maps.Keys(real)), slices.Sorted(maps.Keys(told)), name)
	}
}
