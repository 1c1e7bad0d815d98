package verdicts

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/cardbridge/cardbridge/signature/cms"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

const (
	origin = "https://portal.example.gov.tw"
	nonce  = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg="
)

var (
	hashes    = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}
	hashNames = map[crypto.Hash]string{crypto.SHA1: "SHA1", crypto.SHA224: "SHA224", crypto.SHA256: "SHA256", crypto.SHA384: "SHA384", crypto.SHA512: "SHA512"}
)

func sum(h crypto.Hash, parts ...[]byte) []byte {
	state := h.New()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}

// loginDigest is rebuilt from the token specification's words, not by our package.
func loginDigest(h crypto.Hash, origin, nonce string) []byte {
	return sum(h, sum(h, []byte(origin)), sum(h, []byte(nonce)))
}

// holder is a key with the certificate that it gave itself.
type holder struct {
	key  crypto.Signer
	cert *x509.Certificate
	spki []byte
}

func (j *judge) holder(key crypto.Signer) holder {
	j.Helper()
	j.holders++
	return j.certify(key, j.holders, "key identifier")
}

func (j *judge) certify(key crypto.Signer, number int64, identifier string) holder {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x80_00_00 + number), Subject: pkix.Name{CommonName: "王小明", SerialNumber: "0000000000000001"}, NotBefore: time.Unix(1767225600, 0), NotAfter: time.Unix(1893456000, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, SubjectKeyId: []byte(identifier),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(j, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(j, err)
	return holder{key, cert, cert.RawSubjectPublicKeyInfo}
}

func (j *judge) rsaHolder(bits int) holder {
	j.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(j, err)
	return j.holder(key)
}

func (j *judge) ecHolder(curve elliptic.Curve) holder {
	j.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(j, err)
	return j.holder(key)
}

func (j *judge) sign(key crypto.Signer, digest []byte, opts crypto.SignerOpts) []byte {
	j.Helper()
	signature, err := key.Sign(rand.Reader, digest, opts)
	require.NoError(j, err)
	return signature
}

// login has webeid judge a token with that signature, which is r||s where it is ECDSA's.
func (j *judge) login(name string, certificate []byte, spki []byte, alg webeid.Algorithm, origin, nonce string, signature []byte, reason string) {
	token := webeid.Token{
		UnverifiedCertificate: base64.StdEncoding.EncodeToString(certificate), Algorithm: string(alg), Format: webeid.Format, AppVersion: "test",
		Signature: base64.StdEncoding.EncodeToString(signature),
	}
	_, err := token.Verify(origin, nonce)
	scheme := map[byte]string{'R': "pkcs1", 'P': "pss", 'E': "numbers"}[alg[0]]
	j.add("login "+string(alg)+" "+name, err, question{scheme, hashNames[alg.Hash()], spki, loginDigest(alg.Hash(), origin, nonce), signature}, reason)
}

// bare has cms judge a signature over a digest, which is DER where it is ECDSA's.
func (j *judge) bare(name string, spki []byte, hash crypto.Hash, digest, signature []byte, reason string) {
	public, err := x509.ParsePKIXPublicKey(spki)
	if err == nil {
		_, err = cms.Raw(public, hash, digest, signature)
	}
	scheme := "pkcs1"
	if _, ec := public.(*ecdsa.PublicKey); ec {
		scheme = "der"
	}
	j.add("bare "+scheme+" "+hashNames[hash]+" "+name, err, question{scheme, hashNames[hash], spki, digest, signature}, reason)
}

// replaceKey gives a certificate with another key in the place of its own; what the issuer said of it does not count here.
func replaceKey(h holder, spki []byte) []byte { return bytes.Replace(h.cert.Raw, h.spki, spki, 1) }

// keyEncoding is why a key was refused that Go cannot read.
const keyEncoding = "a key in an encoding that Go's crypto/x509 does not take: hybrid points (X9.62), unused bits, rsaEncryption without its NULL (RFC 3279, section 2.3.1)"

// inKey gives the reason to be stricter with that key, if its encoding is one.
func inKey(spki []byte) string {
	if _, err := x509.ParsePKIXPublicKey(spki); err != nil {
		return "keyEncoding"
	}
	return ""
}

// flippedKey changes one bit, but not of the outermost header: a certificate whose parts have other borders is another question,
// and its issuer's signature answers it.
func (j *judge) flippedKey(spki []byte) []byte {
	input, body := cryptobyte.String(spki), cryptobyte.String(nil)
	require.True(j, input.ReadASN1(&body, asn1.SEQUENCE))
	header := len(spki) - len(body)
	return append(bytes.Clone(spki[:header]), j.flipped(body)...)
}

// torn are the ways in which bytes arrive incomplete or in company, the same for every kind of signature.
func (j *judge) torn(b []byte, flips int) map[string][]byte {
	list := map[string][]byte{
		"empty": {}, "one byte": {0}, "without its last byte": b[:len(b)-1], "without its first byte": b[1:], "half": b[:len(b)/2], "twice": append(bytes.Clone(b), b...),
		"with a trailing zero": append(bytes.Clone(b), 0), "with a trailing byte": append(bytes.Clone(b), byte(j.Uint32()|1)), "with a leading zero": append([]byte{0}, b...),
		"zeros": make([]byte, len(b)), "ones": bytes.Repeat([]byte{0xff}, len(b)), "random": j.bytes(len(b)),
	}
	for i := range flips {
		list["flipped "+string(rune('a'+i%26))+string(rune('a'+i/26))] = j.flipped(b)
	}
	return list
}
