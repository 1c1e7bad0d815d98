package revocation

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

// FuzzOCSP: an answer that no key signed is never good, however it looks; what is read stays within what was sent.
func FuzzOCSP(f *testing.F) {
	w := newWorld(f, pki.Options{ECC: true})
	cert, issuer := w.citizen(pki.Variant{}), w.Certificate(pki.Citizen)
	id, err := newCertID(question{cert: cert, issuer: issuer}, false)
	require.NoError(f, err)
	request, err := ocspRequest(id, newNonce())
	require.NoError(f, err)
	var signed [][]byte
	for _, mode := range []pki.Mode{pki.Good, pki.Revoked, pki.Unknown, pki.WrongSigner, pki.NotDelegated, pki.TryLater} {
		require.NoError(f, w.SetOCSP(mode))
		answer, err := w.OCSP(pki.Citizen, request)
		require.NoError(f, err)
		f.Add(answer)
		if parsed, err := parseOCSP(answer); err == nil {
			signed = append(signed, parsed.signed)
		}
	}
	require.NotEmpty(f, signed)
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := parseOCSP(data)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(answer.certificates), maxCertificates)
		require.LessOrEqual(t, len(answer.singles), maxSingles)
		require.NotEqual(t, answer.byName == nil, answer.byKey == nil)
		_, _ = answer.about(id)
		if _, err := answer.signedFor(issuer, time.Now(), time.Minute); err == nil {
			ours := false
			for _, known := range signed {
				ours = ours || bytes.Equal(known, answer.signed)
			}
			require.True(t, ours, "an answer was made up")
		}
	})
}

// FuzzCRL: the outer form with its signature, then what lies behind the signature, which the fuzzer cannot make.
func FuzzCRL(f *testing.F) {
	w := newWorld(f, pki.Options{ECC: true})
	issuer := w.Certificate(pki.Citizen)
	w.citizen(pki.Variant{Revoked: true})
	var signed [][]byte
	const algorithm = "\x2a\x86\x48\xce\x3d\x04\x03\x03"
	for _, mode := range []pki.Mode{pki.Revoked, pki.Stale, pki.WrongSigner, pki.Good} {
		require.NoError(f, w.SetCRL(mode))
		data, err := w.CRL(pki.Citizen)
		require.NoError(f, err)
		parsed, err := x509.ParseRevocationList(data)
		require.NoError(f, err)
		_, err = parseSigned(parsed.RawTBSRevocationList, algorithm, issuer.RawSubject)
		require.NoError(f, err)
		f.Add(data, parsed.RawTBSRevocationList)
		if mode != pki.WrongSigner {
			signed = append(signed, parsed.RawTBSRevocationList)
		}
	}
	f.Fuzz(func(t *testing.T, whole, inner []byte) {
		if _, err := parseCRL(whole, issuer); err == nil {
			outer := cryptobyte.String(whole)
			var content, element cryptobyte.String
			require.True(t, outer.ReadASN1(&content, der.SEQUENCE) && content.ReadASN1Element(&element, der.SEQUENCE))
			require.Contains(t, signed, []byte(element), "a list was made up")
		}
		l, err := parseSigned(cryptobyte.String(inner), algorithm, issuer.RawSubject)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(l.revoked), len(inner)/10)
		require.LessOrEqual(t, len(l.scope.addresses), maxNames)
		_ = l.about(issuer)
	})
}

// FuzzScope: issuingDistributionPoint alone, for depth.
func FuzzScope(f *testing.F) {
	f.Add(tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, []byte("http://ca.example/1.crl")))), tlv(0x81, []byte{0xff})))
	f.Add(tlv(0x30, tlv(0x84, []byte{0xff})))
	f.Add(tlv(0x30, tlv(0xa0, tlv(0xa1, tlv(0x30)))))
	holder := &x509.Certificate{CRLDistributionPoints: []string{"http://ca.example/1.crl"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scope
		if s.read(data) != nil {
			return
		}
		if s.parted && s.covers(holder) == nil {
			require.Contains(t, s.addresses, "http://ca.example/1.crl")
		}
	})
}
