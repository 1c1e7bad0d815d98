package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// list is a verified CRL: what is needed of it to answer, some 40 bytes for each entry.
type list struct {
	thisUpdate, nextUpdate time.Time
	number                 *big.Int // nil without a CRL number
	scope                  scope
	revoked                map[serial]entry
}

// entry is seconds from 1970 to 2106, then the reason. Bytes, since a number would be aligned to its size.
type entry [5]byte

func newEntry(at time.Time, reason int) entry {
	var e entry
	binary.BigEndian.PutUint32(e[:4], uint32(min(max(at.Unix(), 0), math.MaxUint32)))
	e[4] = byte(reason)
	return e
}

func (e entry) at() time.Time { return time.Unix(int64(binary.BigEndian.Uint32(e[:4])), 0).UTC() }
func (e entry) reason() int   { return int(e[4]) }

func malformedCRL(what string) error { return fmt.Errorf("%w: CRL %s", ErrMalformed, what) }

// parseCRL reads a CertificateList (RFC 5280 section 5.1). The issuer's signature is verified before any entry is looked at.
func parseCRL(data []byte, issuer *x509.Certificate) (*list, error) {
	input := cryptobyte.String(data)
	var outer, signed cryptobyte.String
	var signature []byte
	if !input.ReadASN1(&outer, der.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&signed, der.SEQUENCE) {
		return nil, malformedCRL("CertificateList")
	}
	oid, ok := readAlgorithm(&outer)
	if !ok || !outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return nil, malformedCRL("signature")
	}
	algorithm, err := signatureAlgorithm(oid)
	if err != nil {
		return nil, err
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 { // RFC 5280 section 6.3.3 (f)
		return nil, fmt.Errorf("%w: the issuer's keyUsage lacks cRLSign", ErrSigner)
	}
	if err := issuer.CheckSignature(algorithm, signed, signature); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return parseSigned(signed, oid, issuer.RawSubject)
}

// parseSigned reads a TBSCertList. Version 1 has no extensions, so no way to say what it leaves out: it is refused.
func parseSigned(element cryptobyte.String, algorithm string, issuer []byte) (*list, error) {
	var signed, name, entries cryptobyte.String
	var version int64
	var present bool
	if !element.ReadASN1(&signed, der.SEQUENCE) || !signed.ReadASN1Integer(&version) || version != 1 {
		return nil, malformedCRL("version, v2 is wanted")
	}
	inner, ok := readAlgorithm(&signed)
	if !ok || inner != algorithm || !signed.ReadASN1Element(&name, der.SEQUENCE) {
		return nil, malformedCRL("algorithm or issuer")
	}
	if !bytes.Equal(name, issuer) {
		return nil, fmt.Errorf("%w: the CRL is of another issuer", ErrScope)
	}
	l := &list{}
	if !readTime(&signed, &l.thisUpdate) || !readTime(&signed, &l.nextUpdate) || // RFC 5280 section 5.1.2.5: both MUST be there
		!signed.ReadOptionalASN1(&entries, &present, der.SEQUENCE) {
		return nil, malformedCRL("thisUpdate, nextUpdate or entries")
	}
	if err := l.readEntries(entries); err != nil {
		return nil, err
	}
	var wrapped, extensions cryptobyte.String
	if !signed.ReadOptionalASN1(&wrapped, &present, explicit(0)) || !signed.Empty() ||
		(present && (!wrapped.ReadASN1(&extensions, der.SEQUENCE) || !wrapped.Empty())) {
		return nil, malformedCRL("extensions")
	}
	return l, readExtensions(extensions, l.readExtension)
}

func (l *list) readEntries(from cryptobyte.String) error {
	l.revoked = make(map[serial]entry, countElements(from))
	for !from.Empty() {
		var revoked, content, extensions cryptobyte.String
		var at time.Time
		if !from.ReadASN1(&revoked, der.SEQUENCE) || !revoked.ReadASN1(&content, der.INTEGER) || !readTime(&revoked, &at) {
			return malformedCRL("entry")
		}
		number, ok := serialOf(content)
		if !ok {
			return malformedCRL("entry: a serial number over 20 octets")
		}
		reason := 0
		if !revoked.Empty() {
			if !revoked.ReadASN1(&extensions, der.SEQUENCE) || !revoked.Empty() {
				return malformedCRL("entry")
			}
			if err := readEntryExtensions(extensions, &reason); err != nil {
				return err
			}
		}
		l.revoked[number] = newEntry(at, reason)
	}
	return nil
}

// countElements is exact, so that the table neither grows step by step nor trusts a number that somebody wrote.
func countElements(from cryptobyte.String) int {
	n := 0
	for from.SkipASN1(der.SEQUENCE) {
		n++
	}
	return n
}

// readEntryExtensions refuses what RFC 5280 section 5.3 forbids to overlook: certificateIssuer above all, after which the
// entry is about another CA's certificate.
func readEntryExtensions(extensions cryptobyte.String, reason *int) error {
	return readExtensions(extensions, func(id []byte, critical bool, value cryptobyte.String) error {
		switch oid := string(id); {
		case oid == oidReasonCode:
			if !value.ReadASN1Enum(reason) || !value.Empty() || *reason < 0 || *reason > 10 {
				return malformedCRL("reasonCode")
			}
		case oid == oidCertificateFrom:
			return fmt.Errorf("%w: an indirect CRL", ErrScope)
		case critical && oid != oidInvalidityDate:
			return fmt.Errorf("%w: an entry has a critical extension that is unknown", ErrScope)
		}
		return nil
	})
}

func (l *list) readExtension(id []byte, critical bool, value cryptobyte.String) error {
	switch oid := string(id); {
	case oid == oidDistribution:
		return l.scope.read(value)
	case oid == oidDeltaIndicator:
		return fmt.Errorf("%w: a delta CRL", ErrScope)
	case oid == oidCRLNumber:
		l.number = new(big.Int)
		if !value.ReadASN1Integer(l.number) || !value.Empty() {
			return malformedCRL("cRLNumber")
		}
	case critical && oid != oidAuthorityKey:
		return fmt.Errorf("%w: a critical extension that is unknown (OID content %x)", ErrScope, oid)
	}
	return nil
}

// olderThan keeps somebody between us and the issuer from bringing back a list of yesterday that is valid until tomorrow.
func (l *list) olderThan(other *list) bool {
	if l.number != nil && other.number != nil {
		return l.number.Cmp(other.number) < 0
	}
	return l.thisUpdate.Before(other.thisUpdate)
}

func (l *list) fresh(now time.Time, skew time.Duration) error {
	if l.nextUpdate.Before(l.thisUpdate) || l.thisUpdate.After(now.Add(skew)) || now.After(l.nextUpdate.Add(skew)) {
		return fmt.Errorf("%w: the CRL holds from %s to %s", ErrStale, l.thisUpdate.UTC().Format(time.RFC3339), l.nextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

// about answers for a certificate of the list's issuer.
func (l *list) about(cert *x509.Certificate) error {
	if err := l.scope.covers(cert); err != nil {
		return err
	}
	number, ok := serialOfNumber(cert.SerialNumber)
	if !ok {
		return errors.Join(ErrMalformed, errors.New("the certificate's serial number has over 20 octets"))
	}
	if found, ok := l.revoked[number]; ok {
		return &Revoked{By: "CRL", At: found.at(), Code: found.reason()}
	}
	return nil
}
