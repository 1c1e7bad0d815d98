package revocation

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"
)

var noCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // id-pkix-ocsp-nocheck

// signedFor says whether somebody signed who may speak for the issuer (RFC 6960 section 4.2.2.2): the issuer's own key, or a
// delegated responder, whose certificate is given back. ResponderID only narrows the choice: generations of one CA share a name, their responders may too.
func (a ocspAnswer) signedFor(issuer *x509.Certificate, now time.Time, skew time.Duration) (*x509.Certificate, error) {
	var why error
	if a.names(issuer) {
		if why = issuer.CheckSignature(a.algorithm, a.signed, a.signature); why == nil {
			return nil, nil
		}
	}
	for _, encoded := range a.certificates {
		cert, err := x509.ParseCertificate(encoded)
		if err != nil {
			why = err
			continue
		}
		if !a.names(cert) {
			continue
		}
		if why = delegated(cert, issuer, now, skew); why != nil {
			continue
		}
		if why = cert.CheckSignature(a.algorithm, a.signed, a.signature); why == nil {
			return cert, nil
		}
	}
	if why == nil {
		return nil, fmt.Errorf("%w: no certificate with it belongs to its ResponderID", ErrSigner)
	}
	return nil, fmt.Errorf("%w: %w", ErrSigner, why)
}

// names compares with the ResponderID.
func (a ocspAnswer) names(cert *x509.Certificate) bool {
	if a.byName != nil {
		return bytes.Equal(a.byName, cert.RawSubject)
	}
	bits, ok := keyBits(cert)
	sum := sha1.Sum(bits) // RFC 6960 section 4.2.1: KeyHash is SHA-1
	return ok && bytes.Equal(a.byKey, sum[:])
}

// delegated is RFC 6960 section 4.2.2.2: the issuer itself, with this very key, issued the certificate for signing OCSP
// answers.
func delegated(cert, issuer *x509.Certificate, now time.Time, skew time.Duration) error {
	usage := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	switch {
	case !bytes.Equal(cert.RawIssuer, issuer.RawSubject):
		return fmt.Errorf("the responder's certificate is from %q", cert.Issuer)
	case !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("the responder's certificate lacks the extended key usage OCSPSigning")
	case cert.KeyUsage != 0 && cert.KeyUsage&usage == 0:
		return fmt.Errorf("the responder's certificate is not for signatures")
	case len(cert.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("the responder's certificate has a critical extension that is unknown")
	case now.Before(cert.NotBefore.Add(-skew)) || now.After(cert.NotAfter.Add(skew)):
		return fmt.Errorf("the responder's certificate is valid from %s to %s", cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return cert.CheckSignatureFrom(issuer)
}

// stillAuthorised asks the issuer's CRL about its responder (RFC 6960 section 4.2.2.2.1), never OCSP, which would be the
// responder's own word. With id-pkix-ocsp-nocheck the issuer says that nobody need ask; without a CRL address it says nothing,
// and the certificate's own dates have to do.
func (c *Checker) stillAuthorised(ctx context.Context, responder *x509.Certificate, q question) error {
	if responder == nil || len(responder.CRLDistributionPoints) == 0 || hasNoCheck(responder) {
		return nil
	}
	if err := c.askCRL(ctx, question{cert: responder, issuer: q.issuer, now: q.now}); err != nil {
		return fmt.Errorf("%w: its own certificate: %s", ErrSigner, err) // not %w: the responder is revoked, not the holder
	}
	return nil
}

func hasNoCheck(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(noCheck) })
}
