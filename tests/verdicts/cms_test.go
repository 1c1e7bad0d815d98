package verdicts

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // SHA-224
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/signature/cms"
)

var cmsReasons = map[string]string{
	"attributes": "each signed attribute of ours once, with one value, in one encoding, the origin among them, none that is not known: what nobody reads may hide a meaning",
	"form":       "one signer, named by issuer and number, one hash, one to eight certificates, versions that fit (RFC 5652, section 5.1), nothing unsigned beside it",
	"algorithm":  "the one spelling of each algorithm's parameters (RFC 5754, section 3; RFC 4055, section 3.1), a PSS salt as long as the hash",
	"hash":       "SHA-256, SHA-384, SHA-512 alone",
	"ber":        "DER alone: more than one encoding could mean the same; libcrypto hashes what it would have written",
	"type":       "id-data is what was signed, announced and in the attributes alike (RFC 5652, section 11.1); libcrypto compares neither",
	"trailing":   "nothing follows the signature",
	"key":        "a key that is no card's: small RSA, P-224",
}

var content = []byte("請假單：王小明，2026 年 7 月 1 日")

func (j *judge) document(name string, h holder, der, content []byte, reason string) {
	_, err := cms.VerifyAttached(der)
	if content != nil {
		_, err = cms.Verify(der, cms.Document{Content: content})
	}
	trusted := bytes.Clone(h.cert.Raw)
	for _, o := range j.others {
		trusted = append(trusted, o.cert.Raw...)
	}
	j.add("document "+name, err, question{"cms", "-", trusted, content, der}, reason)
}

func (j *judge) good(h holder, scheme cms.Scheme, attached bool) []byte {
	facts := cms.Facts{Origin: origin, Time: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), Nonce: []byte("request 17"), CardNumber: "TP04123456789012"}
	u, err := cms.Prepare(h.cert, nil, scheme, cms.Document{Content: content, Attached: attached}, facts)
	require.NoError(j, err)
	der, err := u.Finish(j.sign(h.key, u.Digest(), scheme.SignerOpts()))
	require.NoError(j, err)
	return der
}

func TestDocuments(t *testing.T) {
	j := newJudge(t, cmsReasons)
	for range 8 {
		j.others = append(j.others, j.ecHolder(elliptic.P256()))
	}
	holders := []holder{j.rsaHolder(2048), j.ecHolder(elliptic.P256()), j.ecHolder(elliptic.P384()), j.ecHolder(elliptic.P521())}
	for _, h := range holders {
		for _, hash := range hashes {
			for _, usePSS := range []bool{false, true}[:1+strings.Count(h.cert.PublicKeyAlgorithm.String(), "RSA")] {
				scheme := cms.Scheme{Hash: hash, PSS: usePSS}
				der := j.good(h, scheme, true)
				j.document("attached", h, der, nil, "")
				detached := j.good(h, scheme, false)
				j.document("detached", h, detached, content, "")
				j.document("over another content", h, detached, j.flipped(content), "")
				j.document("over nothing", h, detached, nil, "")
				j.values(h, der, scheme)
			}
		}
		j.forms(h)
		j.broken(h)
	}
	for _, f := range pssDataForms {
		j.changed("PSS "+f.name, holders[0], f, true)
	}
	j.weak()
	j.compareWithCommand(j.compare(1000))
}

// values are signature values that are none.
func (j *judge) values(h holder, der []byte, scheme cms.Scheme) {
	s := j.open(h, der, scheme.Hash, scheme.SignerOpts())
	made := s.value.value
	put := func(name string, value []byte) {
		s.value.value = value
		j.document(name, h, s.root.der(), nil, "")
	}
	for name, value := range j.torn(made, 10) {
		put("signed "+name, value)
	}
	if _, isRSA := h.key.(*rsa.PrivateKey); isRSA {
		return
	}
	p := pairOf(j, made)
	for name, q := range p.pairs(h.key.Public().(interface{ Params() *elliptic.CurveParams }).Params().N) {
		put("signed "+name, q.der())
	}
	for name, value := range p.encodings() {
		put("signed "+name, value)
	}
}

// changed has both judge one form of a good signature.
func (j *judge) changed(name string, h holder, f form, resign bool) {
	s := j.open(h, j.good(h, cms.Scheme{Hash: crypto.SHA256}, true), crypto.SHA256, crypto.SHA256)
	f.change(s)
	if resign {
		sortNodes(s.attributes.parts)
		s.resign()
	}
	j.document(name, h, s.root.der(), nil, f.reason)
}

func (j *judge) forms(h holder) {
	for _, f := range signedForms {
		j.changed(f.name, h, f, true)
		if f.name != "nothing" {
			j.changed(f.name+", not signed anew", h, f, false)
		}
	}
	for _, f := range outerForms {
		j.changed(f.name, h, f, false)
	}
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA224} {
		j.changed(hashNames[hash], h, form{reason: "hash", change: func(s *signedData) { s.useHash(hash) }}, true)
	}
}

// useHash goes over to a hash with all that names it; ECDSA's and RSA's OIDs end alike.
func (s *signedData) useHash(hash crypto.Hash) {
	s.hash, s.opts = hash, hash
	s.digest.parts[0], s.digests.parts[0].parts[0] = oid(hashOIDs[hash]), oid(hashOIDs[hash])
	s.attribute(oidMessageDigest).parts[1].parts[0].value = sum(hash, s.content.parts[1].parts[0].value)
	if _, isRSA := s.key.(*rsa.PrivateKey); isRSA {
		s.algorithm.parts[0] = oid(oidRSA)
		return
	}
	s.algorithm.parts[0] = oid(map[crypto.Hash]string{crypto.SHA1: "\x2a\x86\x48\xce\x3d\x04\x01", crypto.SHA224: "\x2a\x86\x48\xce\x3d\x04\x03\x01"}[hash])
}

// broken are bytes that arrive changed, cut, followed by others, or are another encoding.
func (j *judge) broken(h holder) {
	der := j.good(h, cms.Scheme{Hash: crypto.SHA256}, true)
	for range 200 {
		changed := j.flipped(der)
		j.document("flipped", h, changed, nil, j.looseAt(h, der, changed))
	}
	for range 40 {
		j.document("cut short", h, der[:j.IntN(len(der))], nil, "")
	}
	twin := j.certify(h.key, h.cert.SerialNumber.Int64()-0x80_00_00, "another certificate of the key")
	s := j.open(h, der, crypto.SHA256, crypto.SHA256)
	s.certificates.parts[0].raw = twin.cert.Raw
	j.document("a certificate of the same key and number", h, s.root.der(), nil, "")
	j.document("nothing", h, []byte{}, nil, "")
	j.document("its content", h, content, nil, "")
	j.document("PEM", h, pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}), nil, "")
	j.document("a trailing zero", h, append(bytes.Clone(der), 0), nil, "trailing")
	j.document("twice", h, append(bytes.Clone(der), der...), nil, "trailing")
	j.document("a leading zero", h, append([]byte{0}, der...), nil, "")
	j.document("an indefinite length", h, append(append([]byte{0x30, 0x80}, der[4:]...), 0, 0), nil, "ber")
	j.document("a longer length", h, append([]byte{0x30, 0x83, 0}, der[2:]...), nil, "ber")
}

// looseAt is why a flipped bit may matter to us alone: libcrypto hardly looks at what names versions and algorithms.
func (j *judge) looseAt(h holder, der, changed []byte) string {
	i := 0
	for der[i] == changed[i] {
		i++
	}
	s := j.open(h, der, crypto.SHA256, crypto.SHA256)
	for reason, list := range map[string][]*node{
		"form": {s.info.parts[0], s.digests, s.signer.parts[0], s.digest}, "algorithm": {s.algorithm}, "type": {s.content.parts[0]},
	} {
		for _, n := range list {
			if at := s.root.offset(n); i >= at && i < at+len(n.der()) {
				return reason
			}
		}
	}
	if der[i]^changed[i] == 0x20 && (der[i] == 0x30 || der[i] == 0x31 || der[i] == 0xa0) {
		return "ber" // not constructed any more
	}
	return ""
}

// weak are keys that no card may have.
func (j *judge) weak() {
	for _, h := range []holder{j.rsaHolder(1024), j.ecHolder(elliptic.P224())} {
		s := j.open(j.others[0], j.good(j.others[0], cms.Scheme{Hash: crypto.SHA256}, true), crypto.SHA256, crypto.SHA256)
		s.holder = h
		s.certificates.parts, s.id.parts[1].value = []*node{{raw: h.cert.Raw}}, integer(h.cert.SerialNumber)
		s.certificateID().parts[0].value = sum(crypto.SHA256, h.cert.Raw)
		if _, isRSA := h.key.(*rsa.PrivateKey); isRSA {
			s.algorithm.parts = []*node{oid(oidRSA), leaf(5)}
		}
		sortNodes(s.attributes.parts)
		s.resign()
		j.document("by a weak key", h, s.root.der(), nil, "key")
	}
}

// compareWithCommand asks openssl's command as well, about some: the oracle must say what people see.
func (j *judge) compareWithCommand(oracles []bool) {
	dir := j.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(j, os.WriteFile(path, b, 0o600))
		return path
	}
	asked := map[bool]int{}
	for i := 0; i < len(j.cases); i += len(j.cases)/60 + 1 {
		q := j.cases[i].ask
		trusted, err := x509.ParseCertificates(q.key)
		require.NoError(j, err)
		var pems []byte
		for _, c := range trusted {
			pems = append(pems, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
		args := []string{"cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", write("cms", q.signature), "-purpose", "any", "-partial_chain", "-no_check_time",
			"-CAfile", write("ca.pem", pems), "-out", filepath.Join(dir, "out")}
		if q.message != nil {
			args = append(args, "-content", write("content", q.message))
		}
		words, err := exec.Command("openssl", args...).CombinedOutput()
		require.Equal(j, oracles[i], err == nil, "%s: %s", j.cases[i].name, words)
		asked[err == nil]++
	}
	require.Greater(j, asked[true], 0)
	require.Greater(j, asked[false], 20)
	j.Logf("the command agrees: %d good, %d bad", asked[true], asked[false])
}
