package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"time"
)

// RevokedLater is what a Revocation's error may be, beside ErrRevoked, to say since when: a signature that was received
// earlier stays good.
type RevokedLater interface {
	error
	// RevokedAt is when the certificate was revoked; the zero time counts as always.
	RevokedAt() time.Time
	// Compromised says that the key had become known to others, so that no earlier signature is trusted either.
	Compromised() bool
}

// ask gives nil if the certificate was good at that time. Issuers speak of the present alone, so that is what they are asked for.
func (v *Verifier) ask(ctx context.Context, revocation Revocation, cert, issuer *x509.Certificate, at time.Time) error {
	err := revocation.Check(ctx, cert, issuer, v.clock())
	later, ok := errors.AsType[RevokedLater](err)
	if ok && errors.Is(err, ErrRevoked) && later.RevokedAt().After(at) && !later.Compromised() {
		return nil
	}
	return err
}

// revoked asks about the holder's certificate, then about the CAs above it, each where configured.
func (v *Verifier) revoked(ctx context.Context, chains [][]*x509.Certificate, at time.Time) error {
	cert := chains[0][0]
	if v.revocation != nil {
		// Every chain's issuer has the same name with the same key: one signature made the certificate.
		err := v.ask(ctx, v.revocation, cert, chains[0][1], at)
		if err != nil {
			return revocationError(ctx, cert, ErrRevoked, err)
		}
	}
	if v.caRevocation == nil {
		return nil
	}
	var firsts error
	for _, chain := range chains {
		err := v.revokedCA(ctx, chain, at)
		if err == nil {
			return nil
		}
		// "Could not check" outweighs "revoked": that other way to the root may still be good.
		if firsts == nil || (errors.Is(firsts, ErrRevoked) && !errors.Is(err, ErrRevoked)) {
			firsts = err
		}
	}
	return revocationError(ctx, cert, ErrIssuerRevoked, firsts)
}

// revokedCA asks about the CAs of a chain without its root, which nobody can revoke but who configured it.
func (v *Verifier) revokedCA(ctx context.Context, chain []*x509.Certificate, at time.Time) error {
	for i := 1; i < len(chain)-1; i++ {
		if err := v.ask(ctx, v.caRevocation, chain[i], chain[i+1], at); err != nil {
			return err
		}
	}
	return nil
}

func revocationError(ctx context.Context, cert *x509.Certificate, revoked Reason, err error) error {
	switch {
	case errors.Is(err, ErrRevoked):
		return &Invalid{Reason: revoked, Err: err, Certificate: cert}
	case ctx.Err() != nil:
		return &Unchecked{Reason: ErrCancelled, Err: err, Certificate: cert}
	default:
		return &Unchecked{Reason: ErrRevocation, Err: err, Certificate: cert}
	}
}
