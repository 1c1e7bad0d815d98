// Package verify turns what a card signed into the identity of its holder.
package verify

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cardbridge/cardbridge/signature/webeid"
)

const maxSkew = 15 * time.Minute

// Config is what a portal trusts.
type Config struct {
	// Roots end every chain; Intermediates are the issuing CAs, all generations (they may share one DN). Without roots every
	// login ends as ErrUntrusted. LoadTrust reads both from a folder.
	Roots, Intermediates []*x509.Certificate
	// Table names issuing CAs, policies, holder kinds, OIDs; the zero Table is DefaultTable. LoadTable reads it from a file.
	Table Table
	// Clock is time.Now unless set.
	Clock func() time.Time
	// Skew is how far the clocks of portal and CA may be apart, 0 to 15 minutes: at both ends, of holder and CA.
	Skew time.Duration
	// Revocation asks the issuer. Nil: REVOCATION IS NOT CHECKED, a stolen card that its holder reported still logs in;
	// Identity.RevocationChecked says so.
	Revocation Revocation
	// CARevocation asks about every CA between the holder and the root; nil: these are not asked about, they are trusted as
	// long as they stand in the trust folder. A revocation.Checker for CRLs serves: CAs' lists are short. A chain counts if
	// none of its CAs is revoked.
	CARevocation Revocation
}

// Revocation asks whether a certificate was revoked; portal/verify/revocation does by OCSP and CRL.
type Revocation interface {
	// Check gives nil only if the issuer vouches that the certificate is good at that time; an error that wraps ErrRevoked if
	// it was revoked; any other error if this cannot be known, which refuses the login too. Both certificates come from a
	// verified chain: issuer's key has signed cert.
	Check(ctx context.Context, cert, issuer *x509.Certificate, at time.Time) error
}

// Verifier checks tokens; safe for concurrent use.
type Verifier struct {
	roots, intermediates *x509.CertPool
	policies             []asn1.ObjectIdentifier
	chainPolicies        []x509.OID // the same
	table                Table
	clock                func() time.Time
	skew                 time.Duration
	revocation           Revocation
	caRevocation         Revocation
}

// New checks the configuration: a root or intermediate that is no CA, a malformed policy, a skew out of bounds are errors.
func New(config Config) (*Verifier, error) {
	if config.Table.isZero() {
		config.Table = DefaultTable()
	}
	if err := config.Table.check(); err != nil {
		return nil, fmt.Errorf("issuer table: %w", err)
	}
	policies, chainPolicies, err := policiesOf(config.Table)
	if err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	if config.Skew < 0 || config.Skew > maxSkew {
		return nil, fmt.Errorf("skew of %v; use 0 to %v", config.Skew, maxSkew)
	}
	v := &Verifier{
		roots: x509.NewCertPool(), intermediates: x509.NewCertPool(),
		policies: policies, chainPolicies: chainPolicies, table: config.Table, clock: config.Clock, skew: config.Skew,
		revocation: config.Revocation, caRevocation: config.CARevocation,
	}
	if v.clock == nil {
		v.clock = time.Now
	}
	for _, cert := range config.Roots {
		v.roots.AddCert(cert)
	}
	for _, cert := range config.Intermediates {
		v.intermediates.AddCert(cert)
	}
	for _, cert := range slices.Concat(config.Roots, config.Intermediates) {
		if !isCA(cert) {
			return nil, fmt.Errorf("trusted certificate %q is not a CA's; remove it", cert.Subject)
		}
	}
	return v, nil
}

// Token verifies a token for the portal's own origin and for a nonce that the portal issued and has taken back
// (portal/challenge), both never from the client. The error is *Invalid or *Unchecked.
func (v *Verifier) Token(ctx context.Context, token webeid.Token, origin, nonce string) (Identity, error) {
	if err := ctx.Err(); err != nil {
		return Identity{}, &Unchecked{Reason: ErrCancelled, Err: err}
	}
	cert, err := token.Verify(origin, nonce)
	if err != nil {
		return Identity{}, &Invalid{Reason: tokenReason(err), Err: err}
	}
	return v.certificate(ctx, cert, v.clock())
}

func tokenReason(err error) Reason {
	switch {
	case errors.Is(err, webeid.ErrSignature), errors.Is(err, webeid.ErrSignatureEncoding):
		return ErrSignature
	case errors.Is(err, webeid.ErrCertificate), errors.Is(err, webeid.ErrKey):
		return ErrCertificate
	default:
		return ErrToken
	}
}

// certificate goes from what the holder can mend by choosing another certificate to what only the issuer knows, and asks
// the network last.
func (v *Verifier) certificate(ctx context.Context, cert *x509.Certificate, at time.Time) (Identity, error) {
	invalid := func(reason Reason, err error) (Identity, error) {
		return Identity{}, &Invalid{Reason: reason, Err: err, Certificate: cert}
	}
	if reason := v.purpose(cert); reason != "" {
		return invalid(reason, nil)
	}
	attributes, err := attributesOf(cert, v.table.Attributes)
	if err != nil {
		return invalid(ErrCertificate, err)
	}
	chains, err := v.chains(cert, at)
	if err != nil {
		return invalid(chainReason(cert, err), err)
	}
	if chains = slices.DeleteFunc(chains, v.overTest); len(chains) == 0 {
		return invalid(ErrTestCard, nil)
	}
	if chains = slices.DeleteFunc(chains, v.offPolicy); len(chains) == 0 {
		return invalid(ErrPolicy, errors.New("a CA above it may not issue under that policy"))
	}
	switch {
	case at.Before(cert.NotBefore.Add(-v.skew)):
		return invalid(ErrNotYetValid, fmt.Errorf("notBefore %s", cert.NotBefore.UTC().Format(time.RFC3339)))
	case at.After(cert.NotAfter.Add(v.skew)):
		return invalid(ErrExpired, fmt.Errorf("notAfter %s", cert.NotAfter.UTC().Format(time.RFC3339)))
	}
	identity := identityOf(cert, v.table, attributes)
	if err := v.revoked(ctx, chains, at); err != nil {
		return Identity{}, err
	}
	identity.RevocationChecked = v.revocation != nil
	return identity, nil
}
