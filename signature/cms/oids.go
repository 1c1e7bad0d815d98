package cms

import (
	"crypto"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// oid is the content of an OBJECT IDENTIFIER in DER, as a string to compare. encoding/asn1 has no room for the UUID's number.
type oid string

const (
	oidData       oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01" // 1.2.840.113549.1.7.1
	oidSignedData oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" // 1.2.840.113549.1.7.2

	oidContentType   oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"         // 1.2.840.113549.1.9.3
	oidMessageDigest oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"         // 1.2.840.113549.1.9.4
	oidSigningTime   oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"         // 1.2.840.113549.1.9.5
	oidNonce         oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x19\x03"     // 1.2.840.113549.1.9.25.3
	oidCertificateV2 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" // 1.2.840.113549.1.9.16.2.47 (RFC 5035)
	oidCardNumber    oid = "\x60\x86\x76\x01\x64\x02\x81\x4c"             // 2.16.886.1.100.2.204
	// oidOrigin is ours: 2.25.142231440427615317957092025362471935757, the UUID 6b00c76d-8bbe-4d9e-9f06-9c2a8c6b5f0d (ITU-T X.667).
	oidOrigin oid = "\x69\x81\xd6\x80\xe3\xdb\xb1\xbb\xf2\xb6\xbd\x9f\x83\xa7\x85\xa8\xe3\xad\xbe\x0d"

	oidRSA  oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // rsaEncryption (RFC 3370, section 3.2)
	oidPSS  oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" // id-RSASSA-PSS (RFC 4056)
	oidMGF1 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
)

// hashes are RFC 5754's, section 2.
var hashes = map[crypto.Hash]oid{
	crypto.SHA256: "\x60\x86\x48\x01\x65\x03\x04\x02\x01",
	crypto.SHA384: "\x60\x86\x48\x01\x65\x03\x04\x02\x02",
	crypto.SHA512: "\x60\x86\x48\x01\x65\x03\x04\x02\x03",
}

// The signature algorithms of RFC 5754, section 3, by hash; PSS has one OID with parameters, oidPSS.
var (
	rsaWith = map[crypto.Hash]oid{
		crypto.SHA256: "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", crypto.SHA384: "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", crypto.SHA512: "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d",
	}
	ecdsaWith = map[crypto.Hash]oid{
		crypto.SHA256: "\x2a\x86\x48\xce\x3d\x04\x03\x02", crypto.SHA384: "\x2a\x86\x48\xce\x3d\x04\x03\x03", crypto.SHA512: "\x2a\x86\x48\xce\x3d\x04\x03\x04",
	}
)

func addOID(b *cryptobyte.Builder, o oid) {
	b.AddASN1(cbasn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(o)) })
}

func readOID(s *cryptobyte.String) (oid, bool) {
	var raw cryptobyte.String
	ok := s.ReadASN1(&raw, cbasn1.OBJECT_IDENTIFIER)
	return oid(raw), ok && len(raw) > 0
}

// addHash writes a hash's AlgorithmIdentifier; its parameters are absent (RFC 5754, section 2).
func addHash(b *cryptobyte.Builder, hash crypto.Hash) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, hashes[hash]) })
}

// readHash takes parameters that are absent or NULL (RFC 5754, section 2: both are to be accepted).
func readHash(s *cryptobyte.String) (crypto.Hash, error) {
	var id cryptobyte.String
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) {
		return 0, ErrEncoding
	}
	name, ok := readOID(&id)
	if !ok || !absentOrNull(id) {
		return 0, ErrEncoding
	}
	for hash, o := range hashes {
		if o == name {
			return hash, nil
		}
	}
	return 0, ErrUnsupported
}

func absentOrNull(s cryptobyte.String) bool {
	var null cryptobyte.String
	return s.Empty() || (s.ReadASN1(&null, cbasn1.NULL) && null.Empty() && s.Empty())
}

func addSignatureAlgorithm(b *cryptobyte.Builder, family family, hash crypto.Hash) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		switch family {
		case pkcs1:
			addOID(b, rsaWith[hash])
			b.AddASN1NULL() // RFC 5754, section 3.2
		case pss:
			addOID(b, oidPSS)
			addPSS(b, hash)
		case ecdsaFamily:
			addOID(b, ecdsaWith[hash])
		}
	})
}

// addPSS writes RSASSA-PSS-params (RFC 4055, section 3.1): mask by MGF1 with the same hash, a salt of its length.
func addPSS(b *cryptobyte.Builder, hash crypto.Hash) {
	context := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(context(0), func(b *cryptobyte.Builder) { addHash(b, hash) })
		b.AddASN1(context(1), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addOID(b, oidMGF1)
				addHash(b, hash)
			})
		})
		b.AddASN1(context(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(hash.Size())) })
	})
}

// readSignatureAlgorithm wants the algorithm to fit the digest's hash, PSS parameters to be those that addPSS writes.
func readSignatureAlgorithm(s *cryptobyte.String, hash crypto.Hash) (family, error) {
	var id cryptobyte.String
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) {
		return 0, ErrEncoding
	}
	name, ok := readOID(&id)
	if !ok {
		return 0, ErrEncoding
	}
	switch {
	case name == oidPSS:
		var want cryptobyte.Builder
		addPSS(&want, hash)
		if params, err := want.Bytes(); err == nil && string(params) == string(id) {
			return pss, nil
		}
	case (name == oidRSA || name == rsaWith[hash]) && absentOrNull(id):
		return pkcs1, nil
	case name == ecdsaWith[hash] && id.Empty():
		return ecdsaFamily, nil
	}
	return 0, ErrUnsupported
}
