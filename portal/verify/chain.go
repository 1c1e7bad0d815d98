package verify

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"
)

var anyPolicy = asn1.ObjectIdentifier{2, 5, 29, 32, 0}

// policiesOf gives the demanded policies in both of x509's forms.
func policiesOf(table Table) ([]asn1.ObjectIdentifier, []x509.OID, error) {
	policies, err := parseOIDs(table.Policies)
	if err != nil {
		return nil, nil, err
	}
	var forChains []x509.OID
	for _, policy := range table.Policies {
		oid, err := x509.ParseOID(policy)
		if err != nil {
			return nil, nil, err
		}
		forChains = append(forChains, oid)
	}
	return policies, forChains, nil
}

// purpose asks what the certificate says about itself; "" is fit for a login.
func (v *Verifier) purpose(cert *x509.Certificate) Reason {
	switch {
	case isCA(cert):
		return ErrCA
	case v.table.isTest(cert):
		return ErrTestCard
	case cert.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return ErrKeyUsage
	case len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) > 0 && !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		return ErrExtKeyUsage
	case len(v.policies) > 0 && !slices.ContainsFunc(cert.PolicyIdentifiers, func(policy asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(v.policies, policy.Equal)
	}):
		return ErrPolicy
	default:
		return ""
	}
}

// chains finds the ways to a root. It asks for a moment within the holder's own validity, so that an expired certificate of
// an unknown issuer is called untrusted, and a known issuer's card is called expired; the caller compares the real time. A CA
// outside its validity by no more than the skew is still one.
func (v *Verifier) chains(cert *x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
	chains, err := v.chainsAt(cert, now)
	for _, shift := range []time.Duration{-v.skew, v.skew} {
		if err == nil || shift == 0 || chainReason(cert, err) != ErrIssuerExpired {
			break
		}
		if shifted, failure := v.chainsAt(cert, now.Add(shift)); failure == nil {
			return shifted, nil
		}
	}
	return chains, err
}

func (v *Verifier) chainsAt(cert *x509.Certificate, at time.Time) ([][]*x509.Certificate, error) {
	if at.Before(cert.NotBefore) {
		at = cert.NotBefore
	}
	if at.After(cert.NotAfter) {
		at = cert.NotAfter
	}
	return cert.Verify(x509.VerifyOptions{
		Roots:         v.roots,
		Intermediates: v.intermediates,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		// Go looks at these only where a CA's policyConstraints demand it; offPolicy looks always.
		CertificatePolicies: v.chainPolicies,
	})
}

// offPolicy says that no demanded policy of the holder's certificate is one that every CA above it may issue under (RFC 5280
// section 6.1). A CA that names no policy is not held back by that: the operator put it into the trust folder. Mappings are
// taken for one step, which is all that a CA below a root needs.
func (v *Verifier) offPolicy(chain []*x509.Certificate) bool {
	if len(v.policies) == 0 {
		return false
	}
	return !slices.ContainsFunc(chain[0].PolicyIdentifiers, func(policy asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(v.policies, policy.Equal) && !slices.ContainsFunc(chain[1:len(chain)-1], func(ca *x509.Certificate) bool {
			return !mayIssueUnder(ca, policy)
		})
	})
}

func mayIssueUnder(ca *x509.Certificate, policy asn1.ObjectIdentifier) bool {
	return len(ca.PolicyIdentifiers) == 0 ||
		slices.ContainsFunc(ca.PolicyIdentifiers, func(of asn1.ObjectIdentifier) bool { return of.Equal(anyPolicy) || of.Equal(policy) }) ||
		slices.ContainsFunc(ca.PolicyMappings, func(m x509.PolicyMapping) bool { return m.SubjectDomainPolicy.EqualASN1OID(policy) })
}

// overTest says that a chain leads through a test CA, whatever the issuer below it is called.
func (v *Verifier) overTest(chain []*x509.Certificate) bool {
	return slices.ContainsFunc(chain[1:], v.table.isTest)
}

func chainReason(cert *x509.Certificate, err error) Reason {
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](err); ok {
		return ErrCertificate
	}
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case ok && invalid.Reason == x509.Expired && !invalid.Cert.Equal(cert):
		return ErrIssuerExpired
	case ok && invalid.Reason == x509.Expired: // notBefore after notAfter
		return ErrCertificate
	case ok && invalid.Reason == x509.IncompatibleUsage:
		return ErrExtKeyUsage
	case ok && invalid.Reason == x509.NoValidChains: // RFC 5280 section 6.1.5 (g)
		return ErrPolicy
	default:
		return ErrUntrusted
	}
}

func isCA(cert *x509.Certificate) bool { return cert.BasicConstraintsValid && cert.IsCA }
