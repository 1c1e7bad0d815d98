package revocation

import (
	"crypto/x509"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const maxNames = 64

// scope is issuingDistributionPoint (RFC 5280 section 5.2.5): which of the issuer's certificates a CRL speaks of. The zero
// scope is all of them.
type scope struct {
	parted                bool     // it names a distribution point
	addresses             []string // of that, its URIs
	onlyUsers, onlyIssuer bool
}

func (s *scope) read(from cryptobyte.String) error {
	var point, distribution cryptobyte.String
	if !from.ReadASN1(&point, der.SEQUENCE) || !from.Empty() ||
		!point.ReadOptionalASN1(&distribution, &s.parted, explicit(0)) || (s.parted && !s.readNames(distribution)) {
		return malformedCRL("issuingDistributionPoint")
	}
	var indirect, attributes bool
	var reasons bool
	if !flag(&point, 1, &s.onlyUsers) || !flag(&point, 2, &s.onlyIssuer) ||
		!point.ReadOptionalASN1(new(cryptobyte.String), &reasons, der.Tag(3).ContextSpecific()) ||
		!flag(&point, 4, &indirect) || !flag(&point, 5, &attributes) || !point.Empty() {
		return malformedCRL("issuingDistributionPoint")
	}
	switch {
	case indirect:
		return fmt.Errorf("%w: an indirect CRL", ErrScope)
	case attributes:
		return fmt.Errorf("%w: a CRL of attribute certificates", ErrScope)
	case reasons:
		return fmt.Errorf("%w: a CRL for some reasons only", ErrScope)
	case s.parted && len(s.addresses) == 0:
		return fmt.Errorf("%w: its distribution point has no address", ErrScope)
	}
	return nil
}

// flag reads [n] IMPLICIT BOOLEAN DEFAULT FALSE.
func flag(from *cryptobyte.String, n uint8, to *bool) bool {
	var content cryptobyte.String
	if !from.ReadOptionalASN1(&content, to, der.Tag(n).ContextSpecific()) {
		return false
	}
	return !*to || (len(content) == 1 && content[0] == 0xff)
}

// readNames takes the URIs of fullName; a nameRelativeToCRLIssuer has none, and then no certificate matches.
func (s *scope) readNames(from cryptobyte.String) bool {
	var names cryptobyte.String
	var tag der.Tag
	if !from.ReadAnyASN1(&names, &tag) || !from.Empty() || (tag != explicit(0) && tag != explicit(1)) {
		return false
	}
	for n := 0; tag == explicit(0) && !names.Empty(); n++ {
		var name cryptobyte.String
		var kind der.Tag
		if n == maxNames || !names.ReadAnyASN1(&name, &kind) {
			return false
		}
		if kind == der.Tag(6).ContextSpecific() { // uniformResourceIdentifier
			s.addresses = append(s.addresses, string(name))
		}
	}
	return true
}

// covers is RFC 5280 section 6.3.3 (b) (2). Without it the list of one part of the issuer's certificates, sent in place of
// another part's, would call every certificate good.
func (s scope) covers(cert *x509.Certificate) error {
	isCA := cert.BasicConstraintsValid && cert.IsCA
	switch {
	case s.onlyUsers && isCA:
		return fmt.Errorf("%w: it speaks of holders only", ErrScope)
	case s.onlyIssuer && !isCA:
		return fmt.Errorf("%w: it speaks of CAs only", ErrScope)
	case s.parted && !slices.ContainsFunc(cert.CRLDistributionPoints, func(address string) bool { return slices.Contains(s.addresses, address) }):
		return fmt.Errorf("%w: it is of another distribution point", ErrScope)
	default:
		return nil
	}
}
