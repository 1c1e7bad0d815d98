package verify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardbridge/cardbridge/signature/cms"
)

// Where the portal says nothing: a signature comes from a page that waits, by the clock of an office computer.
const (
	maxAge   = 10 * time.Minute
	maxAhead = 5 * time.Minute
)

// Signing is what a portal expects of a signature. It knows all of this itself, never from the client.
type Signing struct {
	// Origin is the portal's own.
	Origin string
	// Content is what was to be signed, or its digest. An empty content is []byte{}; nil is none, which is refused
	// (ErrContent): a document that was not found must not let any other pass.
	Content cms.Document
	// AnyContent takes the content that the signature holds, whatever it is, where Content says nothing: for what the portal
	// has not seen before.
	AnyContent bool
	// Nonce must stand in the signature; nil: whichever does, or none. An empty one that is not nil matches nothing.
	Nonce []byte
	// Received is when the portal got the signature: chain, validity, revocation count at that time. Zero: now. What is
	// checked again later needs the time that the portal wrote down, since a signer's clock is the signer's word.
	Received time.Time
	// MaxAge is how long before that it may have been signed; 0: ten minutes. Config.Skew comes on top.
	MaxAge time.Duration
	// MaxAhead is how far after that it may have been signed, by the signer's clock, which nobody sets to the second;
	// 0: five minutes. It is at least Config.Skew.
	MaxAhead time.Duration
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
	signed, err := want.open(der)
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

func (want Signing) open(der []byte) (cms.Signed, error) {
	if want.AnyContent && want.Content.Content == nil && want.Content.Digest == nil {
		return cms.VerifyAttached(der)
	}
	return cms.Verify(der, want.Content)
}

func documentReason(err error) Reason {
	switch {
	case errors.Is(err, cms.ErrDigest), errors.Is(err, cms.ErrDocument):
		return ErrContent
	case errors.Is(err, cms.ErrSignature), errors.Is(err, cms.ErrSigner):
		return ErrSignature
	}
	return ErrDocument
}

func (want Signing) compare(signed cms.Signed, skew time.Duration) (Reason, error) {
	earliest := want.Received.Add(-cmp.Or(want.MaxAge, maxAge) - skew)
	latest := want.Received.Add(max(cmp.Or(want.MaxAhead, maxAhead), skew))
	switch {
	case want.Origin == "" || signed.Origin != want.Origin:
		return ErrOrigin, fmt.Errorf("signed for %q", signed.Origin)
	case want.Nonce != nil && (len(want.Nonce) == 0 || !bytes.Equal(want.Nonce, signed.Nonce)):
		return ErrNonce, errors.New("another nonce, or none")
	case signed.Time.After(latest), signed.Time.Before(earliest):
		return ErrSigningTime, fmt.Errorf("signed at %s, received at %s", signed.Time.UTC().Format(time.RFC3339), want.Received.UTC().Format(time.RFC3339))
	}
	return "", nil
}
