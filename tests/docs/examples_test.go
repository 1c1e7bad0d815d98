// Package docs tests what the documents for portals tell.
package docs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/webeid"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

const (
	root   = "../.."
	origin = "https://portal.example.gov.tw"
	nonce  = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg="
)

// login is a token in a file, with the trust that its verifier is given.
type login struct {
	token, origin, nonce string
	trust                []string // the root first
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// trustOf writes the authorities' certificates.
func trustOf(t *testing.T, p *pki.PKI, authorities ...pki.Authority) (files []string) {
	t.Helper()
	for _, a := range authorities {
		files = append(files, write(t, string(a)+".pem", pki.PEM(p.Certificate(a))))
	}
	return files
}

func newKey(t *testing.T, alg webeid.Algorithm) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return key
}

// tokenOf is what the host sends.
func tokenOf(t *testing.T, alg webeid.Algorithm, key crypto.Signer, cert *x509.Certificate) webeid.Token {
	t.Helper()
	digest, err := webeid.Digest(alg, origin, nonce)
	require.NoError(t, err)
	signature, err := key.Sign(rand.Reader, digest, alg.SignerOpts())
	require.NoError(t, err)
	token, err := webeid.NewToken(cert, alg, signature, "test")
	require.NoError(t, err)
	return token
}

func (l login) with(t *testing.T, token any) login {
	t.Helper()
	data, err := json.Marshal(token)
	require.NoError(t, err)
	l.token = write(t, "token.json", data)
	return l
}

// verify runs the sample; the first word of what it says is the reason.
func (l login) verify(t *testing.T) (holder map[string]string, refusal string) {
	t.Helper()
	args := append([]string{filepath.Join(root, "docs/examples/verify.mjs"), l.token, l.origin, l.nonce}, l.trust...)
	cmd := exec.Command("node", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, stderr.String()
	}
	require.NoError(t, json.Unmarshal(out, &holder), string(out))
	return holder, ""
}

var wang = pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}

func TestTheNodeSampleAdmitsRealTokens(t *testing.T) {
	for _, alg := range []webeid.Algorithm{"RS256", "ES256", "ES384"} {
		for _, ecc := range []bool{false, true} {
			p, err := pki.New(pki.Options{ECC: ecc})
			require.NoError(t, err)
			key := newKey(t, alg)
			cert, err := p.Citizen(wang, key.Public(), pki.Variant{})
			require.NoError(t, err)
			// the older generation has the same name, stands first and must not mislead
			l := login{origin: origin, nonce: nonce, trust: trustOf(t, p, pki.Root, pki.CitizenOld, pki.Citizen)}
			holder, refusal := l.with(t, tokenOf(t, alg, key, cert)).verify(t)
			require.Empty(t, refusal, alg)
			assert.Equal(t, []string{"王小明", "0000000000000001", "內政部憑證管理中心"}, []string{holder["name"], holder["subjectSerial"], holder["issuer"]})
		}
	}
}

func TestTheNodeSampleRefuses(t *testing.T) {
	p, err := pki.New(pki.Options{ECC: true})
	require.NoError(t, err)
	stranger, err := pki.New(pki.Options{ECC: true, Name: "stranger"})
	require.NoError(t, err)
	key := newKey(t, "ES256")
	certify := func(v pki.Variant) *x509.Certificate {
		cert, err := p.Citizen(wang, key.Public(), v)
		require.NoError(t, err)
		return cert
	}
	good := login{origin: origin, nonce: nonce, trust: trustOf(t, p, pki.Root, pki.Citizen)}
	tests := map[string]login{}
	for reason, v := range map[string]pki.Variant{
		"keyUsage":    {Encryption: true},
		"extKeyUsage": {ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}},
		"validity":    {Validity: pki.Expired},
		"validity ":   {Validity: pki.NotYet},
		"untrusted":   {Issuer: pki.CitizenOld}, // the same name, a key that is not trusted here
	} {
		tests[reason] = good.with(t, tokenOf(t, "ES256", key, certify(v)))
	}
	token := tokenOf(t, "ES256", key, certify(pki.Variant{}))
	otherSite, otherNonce, otherTrust, noIssuer := good.with(t, token), good.with(t, token), good.with(t, token), good.with(t, token)
	otherSite.origin = "https://evil.example"
	otherNonce.nonce = strings.Repeat("A", 44)
	otherTrust.trust = trustOf(t, stranger, pki.Root, pki.Citizen)
	noIssuer.trust = good.trust[:1]
	tests["signature"], tests["signature "], tests["untrusted "], tests["untrusted  "] = otherSite, otherNonce, otherTrust, noIssuer
	short := good.with(t, token)
	short.nonce = "short"
	tests["nonce"] = short
	for name, change := range map[string]func(*webeid.Token){
		"token":    func(k *webeid.Token) { k.Format = "web-eid:2" },
		"token ":   func(k *webeid.Token) { k.Algorithm = "none" },
		"token  ":  func(k *webeid.Token) { k.Algorithm = "ES384" },
		"token   ": func(k *webeid.Token) { k.Signature += "\n" },
		"token    ": func(k *webeid.Token) {
			k.UnverifiedCertificate = base64.URLEncoding.EncodeToString(make([]byte, 20000))
		},
	} {
		changed := token
		change(&changed)
		tests[name] = good.with(t, changed)
	}
	more := map[string]any{"unverifiedCertificate": token.UnverifiedCertificate, "algorithm": token.Algorithm, "signature": token.Signature,
		"format": token.Format, "appVersion": token.AppVersion, "more": "x"}
	tests["token      "] = good.with(t, more)
	_, refusal := good.with(t, token).verify(t)
	require.Empty(t, refusal, "what is changed below is good")
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		_, refusal := tests[name].verify(t)
		assert.Equal(t, strings.TrimSpace(name), strings.SplitN(refusal, ":", 2)[0], refusal)
	}
	assert.Greater(t, len(tests), 12)
}
