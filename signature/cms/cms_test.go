package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// holder is a person with one key, certified by itself.
type holder struct {
	key  crypto.Signer
	cert *x509.Certificate
}

var holders sync.Map // of algorithm families, since RSA keys take a while

func holderOf(t testing.TB, kind string) holder {
	t.Helper()
	if h, ok := holders.Load(kind); ok {
		return h.(holder)
	}
	var key crypto.Signer
	var err error
	switch kind {
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "P-256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "P-521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x80_00_01), Subject: pkix.Name{CommonName: "王小明"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	h := holder{key, cert}
	holders.Store(kind, h)
	return h
}

var facts = Facts{Origin: "https://ecpa.dgpa.gov.tw", Time: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), Nonce: []byte("0123456789abcdef"), CardNumber: "TP04123456789012"}

func signed(t testing.TB, h holder, scheme Scheme, doc Document, f Facts) []byte {
	t.Helper()
	u, err := Prepare(h.cert, nil, scheme, doc, f)
	require.NoError(t, err)
	signature, err := h.key.Sign(rand.Reader, u.Digest(), scheme.SignerOpts())
	require.NoError(t, err)
	der, err := u.Finish(signature)
	require.NoError(t, err)
	return der
}

type keyScheme struct {
	kind string
	Scheme
}

func everyScheme() (list []keyScheme) {
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for _, kind := range []string{"RSA", "P-256", "P-384", "P-521"} {
			list = append(list, keyScheme{kind, Scheme{Hash: hash}})
		}
		list = append(list, keyScheme{"RSA", Scheme{Hash: hash, PSS: true}})
	}
	return list
}

var sha256Scheme = Scheme{Hash: crypto.SHA256}

// openssl is asked whether the signature is good; the purpose of the certificate is no concern of the encoding.
func openssl(t *testing.T, der []byte, cert *x509.Certificate, content []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		return path
	}
	args := []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", write("cms", der), "-purpose", "any", "-no_check_time",
		"-CAfile", write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})), "-out", filepath.Join(dir, "out")}
	if content != nil {
		args = append(args, "-content", write("content", content))
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

func TestOpenSSLAgrees(t *testing.T) {
	content := []byte("報告\r\n第二行\x00")
	for _, s := range everyScheme() {
		t.Run(fmt.Sprintf("%s %v PSS %v", s.kind, s.Hash, s.PSS), func(t *testing.T) {
			h := holderOf(t, s.kind)
			attached := signed(t, h, s.Scheme, Document{Content: content, Attached: true}, facts)
			out, err := openssl(t, attached, h.cert, nil)
			require.NoError(t, err, out)
			detached := signed(t, h, s.Scheme, Document{Content: content}, facts)
			out, err = openssl(t, detached, h.cert, content)
			require.NoError(t, err, out)
			_, err = openssl(t, detached, h.cert, append([]byte("x"), content...))
			require.Error(t, err, "another content")
			tampered := append([]byte{}, attached...)
			tampered[len(tampered)-9] ^= 1
			_, err = openssl(t, tampered, h.cert, nil)
			require.Error(t, err)

			got, err := VerifyAttached(attached)
			require.NoError(t, err)
			require.Equal(t, content, got.Content)
			require.Equal(t, facts, got.Facts)
			require.Equal(t, h.cert.Raw, got.Certificate.Raw)
			got, err = Verify(detached, Document{Content: content})
			require.NoError(t, err)
			require.Nil(t, got.Content)
			hash := s.Hash.New()
			hash.Write(content)
			_, err = Verify(detached, Document{Digest: hash.Sum(nil)})
			require.NoError(t, err)
			_, err = Verify(detached, Document{Content: content[1:]})
			require.ErrorIs(t, err, ErrDigest)
			_, err = VerifyAttached(detached)
			require.ErrorIs(t, err, ErrDocument)
			_, err = Verify(attached, Document{Content: content[1:]})
			require.ErrorIs(t, err, ErrDigest)
			_, err = VerifyAttached(tampered)
			require.Error(t, err)
		})
	}
}

func TestSignaturesOfADigest(t *testing.T) {
	h := holderOf(t, "P-256")
	content := strings.Repeat("large ", 1<<20)
	sum := sha256.Sum256([]byte(content))
	der := signed(t, h, sha256Scheme, Document{Digest: sum[:]}, Facts{Origin: facts.Origin, Time: facts.Time})
	out, err := openssl(t, der, h.cert, []byte(content))
	require.NoError(t, err, out)
	got, err := Verify(der, Document{Digest: sum[:]})
	require.NoError(t, err)
	require.Empty(t, got.Nonce)
	require.Empty(t, got.CardNumber)
}

// The signed attributes are DER's, byte for byte: openssl reads them as we mean them.
func TestSignedAttributesToTheByte(t *testing.T) {
	h := holderOf(t, "P-256")
	sum := sha256.Sum256([]byte("x"))
	u, err := Prepare(h.cert, nil, sha256Scheme, Document{Digest: sum[:]}, facts)
	require.NoError(t, err)
	text := hex.EncodeToString(u.attributes)
	for _, want := range []string{
		"3018" + "06092a864886f70d010903" + "310b06092a864886f70d010701",                                                // contentType id-data
		"301c" + "06092a864886f70d010905" + "310f170d" + hex.EncodeToString([]byte("261128090000Z")),                    // signingTime
		"302f" + "06092a864886f70d010904" + "31220420" + hex.EncodeToString(sum[:]),                                     // messageDigest
		"3037" + "060b2a864886f70d010910022f" + "3128302630243022" + "0420" + hex.EncodeToString(thumbprint(h.cert)),    // signingCertificateV2
		"3020" + "060a2a864886f70d01091903" + "3112" + "0410" + hex.EncodeToString(facts.Nonce),                         // nonce
		"301e" + "0608608676016402814c" + "3112" + "0c10" + hex.EncodeToString([]byte(facts.CardNumber)),                // card number
		"3032" + "06146981d680e3dbb1bbf2b6bd9f83a785a8e3adbe0d" + "311a0c18" + hex.EncodeToString([]byte(facts.Origin)), // origin
	} {
		require.Contains(t, text, want)
	}
	dump := exec.Command("openssl", "asn1parse", "-inform", "DER")
	dump.Stdin = strings.NewReader(string(u.attributes))
	out, err := dump.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "2.25.142231440427615317957092025362471935757")
}

func TestWhatIsNotSigned(t *testing.T) {
	ok := Document{Content: []byte("x")}
	for name, c := range map[string]struct {
		kind   string
		scheme Scheme
		doc    Document
		facts  Facts
		want   error
	}{
		"PSS with an EC key":     {"P-256", Scheme{Hash: crypto.SHA256, PSS: true}, ok, facts, ErrUnsupported},
		"SHA-1":                  {"RSA", Scheme{Hash: crypto.SHA1}, ok, facts, ErrUnsupported},
		"no hash":                {"RSA", Scheme{}, ok, facts, ErrUnsupported},
		"nothing":                {"RSA", sha256Scheme, Document{}, facts, ErrDocument},
		"too large":              {"RSA", sha256Scheme, Document{Content: make([]byte, MaxContent+1)}, facts, ErrDocument},
		"content and digest":     {"RSA", sha256Scheme, Document{Content: []byte("x"), Digest: make([]byte, 32)}, facts, ErrDocument},
		"digest of another hash": {"RSA", sha256Scheme, Document{Digest: make([]byte, 48)}, facts, ErrDocument},
		"attached digest":        {"RSA", sha256Scheme, Document{Digest: make([]byte, 32), Attached: true}, facts, ErrDocument},
		"no origin":              {"RSA", sha256Scheme, ok, Facts{Time: facts.Time}, ErrFacts},
		"no time":                {"RSA", sha256Scheme, ok, Facts{Origin: facts.Origin}, ErrFacts},
		"a far time":             {"RSA", sha256Scheme, ok, Facts{Origin: facts.Origin, Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, ErrFacts},
		"a long nonce":           {"RSA", sha256Scheme, ok, Facts{Origin: facts.Origin, Time: facts.Time, Nonce: make([]byte, MaxNonce+1)}, ErrFacts},
		"origin with a break":    {"RSA", sha256Scheme, ok, Facts{Origin: "https://a\n", Time: facts.Time}, ErrFacts},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Prepare(holderOf(t, c.kind).cert, nil, c.scheme, c.doc, c.facts)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestCardNumbers(t *testing.T) {
	for serial, fits := range map[string]bool{"TP04123456789012": true, "~!": true, "": false, " ": false, "TP04 12": false, "卡號": false, "a\x00": false, "a\x7f": false,
		strings.Repeat("9", MaxCardNumber): true, strings.Repeat("9", MaxCardNumber+1): false} {
		require.Equal(t, fits, IsCardNumber(serial), serial)
		_, err := Prepare(holderOf(t, "P-256").cert, nil, sha256Scheme, Document{Content: []byte("x")}, Facts{Origin: facts.Origin, Time: facts.Time, CardNumber: serial})
		require.Equal(t, fits || serial == "", err == nil, serial)
	}
}

func TestACardsWordIsNotTaken(t *testing.T) {
	h := holderOf(t, "RSA")
	u, err := Prepare(h.cert, nil, sha256Scheme, Document{Content: []byte("x")}, facts)
	require.NoError(t, err)
	for _, signature := range [][]byte{nil, make([]byte, 256), []byte("short")} {
		_, err = u.Finish(signature)
		require.ErrorIs(t, err, ErrSignature)
	}
}

// A digest of another length is not one of the hash, though ECDSA would shorten it by itself.
func TestABareSignatureNamesItsHash(t *testing.T) {
	for _, kind := range []string{"RSA", "P-256"} {
		h := holderOf(t, kind)
		sum := sha256.Sum256([]byte("x"))
		signature, err := h.key.Sign(rand.Reader, sum[:], crypto.SHA256)
		require.NoError(t, err)
		_, err = Raw(h.key.Public(), crypto.SHA256, sum[:], signature)
		require.NoError(t, err)
		for _, digest := range [][]byte{nil, sum[:31], append(sum[:], 0)} {
			_, err = Raw(h.key.Public(), crypto.SHA256, digest, signature)
			require.ErrorIs(t, err, ErrSignature)
		}
		_, err = Raw(h.key.Public(), crypto.SHA384, sum[:], signature)
		require.ErrorIs(t, err, ErrSignature)
	}
}

// Each bit of a signature counts, but for those that only name things: none may leave another meaning accepted.
func TestEveryByteCounts(t *testing.T) {
	h := holderOf(t, "P-256")
	der := signed(t, h, sha256Scheme, Document{Content: []byte("x"), Attached: true}, facts)
	want, err := VerifyAttached(der)
	require.NoError(t, err)
	for i := range der {
		for _, bit := range []byte{1, 0x80} {
			changed := append([]byte{}, der...)
			changed[i] ^= bit
			_, err := VerifyAttached(changed)
			require.Error(t, err, "byte %d of %d", i, len(der))
		}
	}
	for cut := range der {
		_, err := VerifyAttached(der[:cut])
		require.Error(t, err)
	}
	_, err = VerifyAttached(append(append([]byte{}, der...), 0))
	require.ErrorIs(t, err, ErrEncoding)
	require.Equal(t, facts.Origin, want.Origin)
}

func TestIntermediatesComeAlong(t *testing.T) {
	h, other := holderOf(t, "P-256"), holderOf(t, "P-384")
	u, err := Prepare(h.cert, []*x509.Certificate{other.cert}, sha256Scheme, Document{Content: []byte("x")}, facts)
	require.NoError(t, err)
	signature, err := h.key.Sign(rand.Reader, u.Digest(), crypto.SHA256)
	require.NoError(t, err)
	der, err := u.Finish(signature)
	require.NoError(t, err)
	got, err := Verify(der, Document{Content: []byte("x")})
	require.NoError(t, err)
	require.Len(t, got.Intermediate, 1)
	require.True(t, got.Intermediate[0].Equal(other.cert))
}

func FuzzVerify(f *testing.F) {
	h := holderOf(f, "P-256")
	f.Add(signed(f, h, sha256Scheme, Document{Content: []byte("x"), Attached: true}, facts))
	f.Add(signed(f, holderOf(f, "RSA"), Scheme{Hash: crypto.SHA256, PSS: true}, Document{Content: []byte("x")}, Facts{Origin: facts.Origin, Time: facts.Time}))
	f.Fuzz(func(t *testing.T, der []byte) {
		m, err := open(der)
		if err != nil {
			return
		}
		require.NotNil(t, m.Certificate)
		require.NotEmpty(t, m.Origin)
	})
}
