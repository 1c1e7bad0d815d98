package cms

import (
	"crypto/x509"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// parse reads the parts of a signature. What it accepts is what Finish writes, and no more.
func parse(der []byte) (*message, error) {
	if len(der) > MaxSignature {
		return nil, ErrEncoding
	}
	input := cryptobyte.String(der)
	var info, explicit, data cryptobyte.String
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, ErrEncoding
	}
	if name, ok := readOID(&info); !ok || name != oidSignedData {
		return nil, ErrUnsupported
	}
	if !info.ReadASN1(&explicit, explicit0) || !info.Empty() || !explicit.ReadASN1(&data, cbasn1.SEQUENCE) || !explicit.Empty() {
		return nil, ErrEncoding
	}
	m := &message{}
	for _, read := range []func(*cryptobyte.String) error{m.readVersion, m.readHashes, m.readContent, m.readCertificates, m.readSigners} {
		if err := read(&data); err != nil {
			return nil, err
		}
	}
	if !data.Empty() {
		return nil, ErrEncoding
	}
	return m, nil
}

func (m *message) readVersion(s *cryptobyte.String) error {
	var version int64
	if !s.ReadASN1Integer(&version) {
		return ErrEncoding
	}
	if version != 1 {
		return ErrUnsupported
	}
	return nil
}

func (m *message) readHashes(s *cryptobyte.String) error {
	var set cryptobyte.String
	if !s.ReadASN1(&set, cbasn1.SET) {
		return ErrEncoding
	}
	hash, err := readHash(&set)
	if err != nil {
		return err
	}
	if !set.Empty() {
		return ErrUnsupported
	}
	m.Hash = hash
	return nil
}

func (m *message) readContent(s *cryptobyte.String) error {
	var encapsulated, explicit, content cryptobyte.String
	if !s.ReadASN1(&encapsulated, cbasn1.SEQUENCE) {
		return ErrEncoding
	}
	if name, ok := readOID(&encapsulated); !ok || name != oidData {
		return ErrUnsupported
	}
	if encapsulated.Empty() {
		return nil
	}
	if !encapsulated.ReadASN1(&explicit, explicit0) || !encapsulated.Empty() || !explicit.ReadASN1(&content, cbasn1.OCTET_STRING) || !explicit.Empty() ||
		len(content) > MaxContent {
		return ErrEncoding
	}
	m.Content = append([]byte{}, content...)
	return nil
}

func (m *message) readCertificates(s *cryptobyte.String) error {
	var list cryptobyte.String
	if !s.ReadASN1(&list, explicit0) {
		return ErrSigner
	}
	var before string
	for n := 0; !list.Empty(); n++ {
		var raw cryptobyte.String
		if n == maxCertificates || !list.ReadASN1Element(&raw, cbasn1.SEQUENCE) || string(raw) <= before {
			return ErrEncoding // too many, or not in DER's order
		}
		before = string(raw)
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			return ErrEncoding
		}
		m.certificates = append(m.certificates, cert)
	}
	return nil
}

func (m *message) readSigners(s *cryptobyte.String) error {
	var set, signer, id, issuer, serial, attributes, signature cryptobyte.String
	var version int64
	if !s.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&signer, cbasn1.SEQUENCE) || !set.Empty() || !signer.ReadASN1Integer(&version) {
		return ErrEncoding
	}
	if version != 1 {
		return ErrUnsupported
	}
	if !signer.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !id.ReadASN1Element(&serial, cbasn1.INTEGER) || !id.Empty() {
		return ErrEncoding
	}
	m.rawIssuer, m.serial = issuer, serial
	hash, err := readHash(&signer)
	if err != nil {
		return err
	}
	if hash != m.Hash {
		return ErrUnsupported
	}
	if !signer.ReadASN1(&attributes, explicit0) {
		return ErrAttributes
	}
	if err := m.readAttributes(attributes); err != nil {
		return err
	}
	if m.family, err = readSignatureAlgorithm(&signer, hash); err != nil {
		return err
	}
	if !signer.ReadASN1(&signature, cbasn1.OCTET_STRING) || !signer.Empty() {
		return ErrEncoding
	}
	m.signature = signature
	return nil
}

// readAttributes wants DER's order, each attribute once with one value, none that is not known: what nobody reads may hide a meaning.
func (m *message) readAttributes(list cryptobyte.String) error {
	var items [][]byte
	seen := map[oid]bool{}
	for !list.Empty() {
		var raw, item, values cryptobyte.String
		if !list.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
			return ErrAttributes
		}
		items = append(items, raw)
		element := raw
		if !element.ReadASN1(&item, cbasn1.SEQUENCE) {
			return ErrAttributes
		}
		name, ok := readOID(&item)
		read, known := readers[name]
		if !ok || !known || seen[name] || !item.ReadASN1(&values, cbasn1.SET) || !item.Empty() || !read(m, &values) || !values.Empty() {
			return ErrAttributes
		}
		seen[name] = true
	}
	for _, name := range []oid{oidContentType, oidMessageDigest, oidSigningTime, oidCertificateV2, oidOrigin} {
		if !seen[name] {
			return ErrAttributes
		}
	}
	for i := 1; i < len(items); i++ {
		if string(items[i-1]) > string(items[i]) {
			return ErrAttributes
		}
	}
	var err error
	m.attributes, err = setOf(items)
	return err
}

// readers read the one value of each attribute; false: it is malformed.
var readers = map[oid]func(*message, *cryptobyte.String) bool{
	oidContentType: func(_ *message, s *cryptobyte.String) bool {
		name, ok := readOID(s)
		return ok && name == oidData
	},
	oidMessageDigest: func(m *message, s *cryptobyte.String) bool {
		return s.ReadASN1Bytes(&m.Digest, cbasn1.OCTET_STRING) && len(m.Digest) == m.Hash.Size()
	},
	oidSigningTime: readTime,
	oidCertificateV2: func(m *message, s *cryptobyte.String) bool {
		var signing, certs, id cryptobyte.String
		return s.ReadASN1(&signing, cbasn1.SEQUENCE) && signing.ReadASN1(&certs, cbasn1.SEQUENCE) && signing.Empty() &&
			certs.ReadASN1(&id, cbasn1.SEQUENCE) && certs.Empty() && id.ReadASN1Bytes(&m.certHash, cbasn1.OCTET_STRING) && id.Empty()
	},
	oidOrigin: func(m *message, s *cryptobyte.String) bool {
		return readText(&m.Origin, s, maxOrigin)
	},
	oidNonce: func(m *message, s *cryptobyte.String) bool {
		return s.ReadASN1Bytes(&m.Nonce, cbasn1.OCTET_STRING) && len(m.Nonce) > 0 && len(m.Nonce) <= MaxNonce
	},
	oidCardNumber: func(m *message, s *cryptobyte.String) bool {
		return readText(&m.CardNumber, s, MaxCardNumber)
	},
}

// readTime wants UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5652, section 11.3), each in DER's one spelling: whole
// seconds of UTC (X.690, sections 11.7 and 11.8). cryptobyte takes offsets, and UTCTime without seconds, as well.
func readTime(m *message, s *cryptobyte.String) bool {
	var text cryptobyte.String
	var tag cbasn1.Tag
	if rest := *s; !rest.ReadAnyASN1(&text, &tag) || !strings.HasSuffix(string(text), "Z") {
		return false
	}
	if tag == cbasn1.UTCTime {
		return len(text) == len("YYMMDDhhmmssZ") && s.ReadASN1UTCTime(&m.Time)
	}
	return len(text) == len("YYYYMMDDhhmmssZ") && s.ReadASN1GeneralizedTime(&m.Time) && m.Time.Year() >= 2050
}

func readText(to *string, s *cryptobyte.String, most int) bool {
	var raw cryptobyte.String
	if !s.ReadASN1(&raw, cbasn1.UTF8String) || len(raw) == 0 || len(raw) > most || !isASCII(string(raw)) {
		return false
	}
	*to = string(raw)
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func serialDER(cert *x509.Certificate) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(cert.SerialNumber)
	return b.BytesOrPanic()
}
