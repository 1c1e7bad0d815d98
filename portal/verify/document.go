package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardbridge/cardbridge/signature/cms"
)

// maxAge is how old a signature may be when it is received, where the portal says nothing: it comes from a page that waits.
const maxAge = 10 * time.Minute

// Signing is what a portal expects of a signature. It knows all of this itself, never from the client.
type Signing struct {
	// Origin is the portal's own.
	Origin string
	// Content is what was to be signed; or its digest. The zero Document is for attached content that the portal has not
	// seen before.
	Content cms.Document
	// Nonce must stand in the signature where it is given.
	Nonce []byte
	// Received is when the portal got the signature: chain, validity, revocation count at that time. Zero: now. What is
	// checked again later needs the time that the portal wrote down, since a signer's clock is the signer's word.
	Received time.Time
	// MaxAge is how long before that it may have been signed; 0: ten minutes.
	MaxAge time.Duration
	// Holder, where given, must have signed: compared by issuer family and subject serial number, as an account is.
	Holder *Identity
}

// SignedDocument is a verified signature over a content.
type SignedDocument struct {
	Identity   Identity
	Origin     string
	Time       time.Time // the signer's clock, within the bounds of Signing
	Nonce      []byte
	CardNumber string
	Digest     []byte
	Content    []byte // nil where the signature is detached
}

// Document verifies a CMS SignedData as cardbridge makes it: encoding, signature, signed attributes, origin, time, then the
// certificate as for a login. The error is *Invalid or *Unchecked.
func (v *Verifier) Document(ctx context.Context, der []byte, want Signing) (SignedDocument, error) {
	if err := ctx.Err(); err != nil {
		return SignedDocument{}, &Unchecked{Reason: ErrCancelled, Err: err}
	}
	if want.Received.IsZero() {
		want.Received = v.clock()
	}
	signed, err := cms.Verify(der, want.Content)
	if err != nil {
		return SignedDocument{}, &Invalid{Reason: documentReason(err), Err: err}
	}
	if reason, err := want.compare(signed, v.skew); err != nil {
		return SignedDocument{}, &Invalid{Reason: reason, Err: err, Certificate: signed.Certificate}
	}
	identity, err := v.certificate(ctx, signed.Certificate, want.Received)
	if err != nil {
		return SignedDocument{}, err
	}
	if h := want.Holder; h != nil && (h.SubjectSerial == "" || h.IssuerFamily != identity.IssuerFamily || h.SubjectSerial != identity.SubjectSerial) {
		return SignedDocument{}, &Invalid{Reason: ErrHolder, Certificate: signed.Certificate}
	}
	return SignedDocument{
		Identity: identity, Origin: signed.Origin, Time: signed.Time, Nonce: signed.Nonce, CardNumber: signed.CardNumber,
		Digest: signed.Digest, Content: signed.Content,
	}, nil
}

func documentReason(err error) Reason {
	switch {
	case errors.Is(err, cms.ErrDigest):
		return ErrContent
	case errors.Is(err, cms.ErrSignature), errors.Is(err, cms.ErrSigner):
		return ErrSignature
	}
	return ErrDocument
}

func (want Signing) compare(signed cms.Signed, skew time.Duration) (Reason, error) {
	age := want.MaxAge
	if age == 0 {
		age = maxAge
	}
	switch {
	case want.Origin == "" || signed.Origin != want.Origin:
		return ErrOrigin, fmt.Errorf("signed for %q", signed.Origin)
	case want.Nonce != nil && !bytes.Equal(want.Nonce, signed.Nonce):
		return ErrNonce, errors.New("another nonce, or none")
	case signed.Time.After(want.Received.Add(skew)), signed.Time.Before(want.Received.Add(-age - skew)):
		return ErrSigningTime, fmt.Errorf("signed at %s, received at %s", signed.Time.UTC().Format(time.RFC3339), want.Received.UTC().Format(time.RFC3339))
	}
	return "", nil
}
