package verify_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/cms"
)

var content = []byte("請假單：王小明，2026 年 7 月 1 日")

func signDocument(t testing.TB, c card, doc cms.Document, facts cms.Facts) []byte {
	t.Helper()
	u, err := cms.Prepare(c.cert, nil, cms.Scheme{Hash: crypto.SHA256}, doc, facts)
	require.NoError(t, err)
	signature, err := c.key.Sign(rand.Reader, u.Digest(), crypto.SHA256)
	require.NoError(t, err)
	der, err := u.Finish(signature)
	require.NoError(t, err)
	return der
}

var docFacts = cms.Facts{Origin: origin, Time: now, Nonce: []byte("request 17")}

func verifyDocument(t testing.TB, config verify.Config, der []byte, want verify.Signing) (verify.SignedDocument, error) {
	t.Helper()
	v, err := verify.New(config)
	require.NoError(t, err)
	return v.Document(context.Background(), der, want)
}

func TestDocument(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, attributes(t, gpki(2, 1), gpki(3, 1, 1)))
	attached := signDocument(t, c, cms.Document{Content: content, Attached: true}, docFacts)
	got, err := verifyDocument(t, p.config(), attached, verify.Signing{Origin: origin, AnyContent: true, Nonce: docFacts.Nonce})
	require.NoError(t, err)
	assert.Equal(t, "王小明", got.Identity.Name)
	assert.Equal(t, content, got.Content)
	assert.True(t, now.Equal(got.Time))
	detached := signDocument(t, c, cms.Document{Content: content}, docFacts)
	_, err = verifyDocument(t, p.config(), detached, verify.Signing{Origin: origin, Content: cms.Document{Content: content}, Holder: &got.Identity})
	require.NoError(t, err)
}

func TestDocumentsRefused(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, nil)
	der := signDocument(t, c, cms.Document{Content: content}, docFacts)
	fine := verify.Signing{Origin: origin, Content: cms.Document{Content: content}}
	for name, s := range map[string]struct {
		change func(*verify.Signing)
		want   verify.Reason
	}{
		"another content":     {func(s *verify.Signing) { s.Content.Content = content[1:] }, verify.ErrContent},
		"no content":          {func(s *verify.Signing) { s.Content = cms.Document{} }, verify.ErrContent},
		"none attached":       {func(s *verify.Signing) { s.Content, s.AnyContent = cms.Document{}, true }, verify.ErrContent},
		"any, yet another":    {func(s *verify.Signing) { s.Content.Content, s.AnyContent = content[1:], true }, verify.ErrContent},
		"an empty content":    {func(s *verify.Signing) { s.Content.Content = []byte{} }, verify.ErrContent},
		"an empty nonce":      {func(s *verify.Signing) { s.Nonce = []byte{} }, verify.ErrNonce},
		"another portal":      {func(s *verify.Signing) { s.Origin = "https://elsewhere.example" }, verify.ErrOrigin},
		"no portal":           {func(s *verify.Signing) { s.Origin = "" }, verify.ErrOrigin},
		"another request":     {func(s *verify.Signing) { s.Nonce = []byte("request 18") }, verify.ErrNonce},
		"received much later": {func(s *verify.Signing) { s.Received = now.Add(11 * time.Minute) }, verify.ErrSigningTime},
		"received before":     {func(s *verify.Signing) { s.Received = now.Add(-6 * time.Minute) }, verify.ErrSigningTime},
		"somebody else's":     {func(s *verify.Signing) { s.Holder = &verify.Identity{IssuerFamily: "moica", SubjectSerial: "1"} }, verify.ErrHolder},
		"another issuer's": {func(s *verify.Signing) {
			s.Holder = &verify.Identity{IssuerFamily: "gca", SubjectSerial: "0000000112345678"}
		}, verify.ErrHolder},
		"a holder without one": {func(s *verify.Signing) { s.Holder = &verify.Identity{} }, verify.ErrHolder},
	} {
		t.Run(name, func(t *testing.T) {
			want := fine
			s.change(&want)
			_, err := verifyDocument(t, p.config(), der, want)
			require.ErrorIs(t, err, s.want)
			var invalid *verify.Invalid
			require.ErrorAs(t, err, &invalid)
		})
	}
	_, err := verifyDocument(t, p.config(), der[1:], fine)
	require.ErrorIs(t, err, verify.ErrDocument)
	stranger := newCard(t, newPKI(t).moica, nil)
	_, err = verifyDocument(t, p.config(), signDocument(t, stranger, cms.Document{Content: content}, docFacts), fine)
	require.ErrorIs(t, err, verify.ErrUntrusted)
	old := newCard(t, p.moica, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
	_, err = verifyDocument(t, p.config(), signDocument(t, old, cms.Document{Content: content}, docFacts), fine)
	require.ErrorIs(t, err, verify.ErrExpired)
}

// A portal that did not find the document, or lost its request's nonce, must not take another's signature for its own.
func TestNothingExpectedIsNothingAccepted(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, nil)
	withoutNonce := cms.Facts{Origin: origin, Time: now}
	attached := signDocument(t, c, cms.Document{Content: content, Attached: true}, withoutNonce)
	var notFound []byte
	_, err := verifyDocument(t, p.config(), attached, verify.Signing{Origin: origin, Content: cms.Document{Content: notFound}})
	require.ErrorIs(t, err, verify.ErrContent)
	_, err = verifyDocument(t, p.config(), attached, verify.Signing{Origin: origin, Content: cms.Document{Content: content}, Nonce: []byte{}})
	require.ErrorIs(t, err, verify.ErrNonce)
	for _, attach := range []bool{false, true} {
		empty := signDocument(t, c, cms.Document{Content: []byte{}, Attached: attach}, withoutNonce)
		_, err = verifyDocument(t, p.config(), empty, verify.Signing{Origin: origin, Content: cms.Document{Content: []byte{}}})
		require.NoError(t, err)
	}
}

// An office computer's clock may be ahead of the portal's.
func TestAClockThatIsAhead(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, nil)
	for _, s := range []struct {
		ahead, most, skew time.Duration
		fine              bool
	}{
		{time.Second, 0, 0, true}, {5 * time.Minute, 0, 0, true}, {5*time.Minute + time.Second, 0, 0, false},
		{30 * time.Second, 30 * time.Second, 0, true}, {31 * time.Second, 30 * time.Second, 0, false},
		{10 * time.Minute, 0, 10 * time.Minute, true}, {10 * time.Minute, time.Minute, 10 * time.Minute, true},
		{time.Second, -time.Hour, 0, false}, {0, -time.Hour, 0, true},
	} {
		der := signDocument(t, c, cms.Document{Content: content}, cms.Facts{Origin: origin, Time: now.Add(s.ahead)})
		config := p.config()
		config.Skew = s.skew
		_, err := verifyDocument(t, config, der, verify.Signing{Origin: origin, Content: cms.Document{Content: content}, MaxAhead: s.most})
		if s.fine {
			require.NoError(t, err, s)
		} else {
			require.ErrorIs(t, err, verify.ErrSigningTime, s)
		}
	}
}

// A card that expired, or was revoked, after the portal had received the signature does not take it back.
func TestDocumentsStayGood(t *testing.T) {
	p := newPKI(t)
	received := now.AddDate(0, -6, 0)
	c := newCard(t, p.moica, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, -1, 0) })
	der := signDocument(t, c, cms.Document{Content: content, Attached: true}, cms.Facts{Origin: origin, Time: received})
	for name, s := range map[string]struct {
		revoked revokedAt
		want    error
	}{
		"not revoked":      {revokedAt{}, nil},
		"revoked later":    {revokedAt{at: received.Add(time.Hour)}, nil},
		"revoked before":   {revokedAt{at: received.Add(-time.Hour)}, verify.ErrRevoked},
		"key was stolen":   {revokedAt{at: received.Add(time.Hour), stolen: true}, verify.ErrRevoked},
		"nobody says when": {revokedAt{at: time.Time{}, stolen: false, always: true}, verify.ErrRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			config := p.config()
			config.Revocation = s.revoked
			_, err := verifyDocument(t, config, der, verify.Signing{Origin: origin, AnyContent: true, Received: received})
			if s.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, s.want)
			}
		})
	}
	_, err := verifyDocument(t, p.config(), der, verify.Signing{Origin: origin, AnyContent: true, MaxAge: 365 * 24 * time.Hour})
	require.ErrorIs(t, err, verify.ErrExpired, "received now")
}

// revokedAt is an issuer that revoked everything at one time; the zero one has revoked nothing.
type revokedAt struct {
	at             time.Time
	stolen, always bool
}

func (r revokedAt) Check(context.Context, *x509.Certificate, *x509.Certificate, time.Time) error {
	if r.at.IsZero() && !r.always {
		return nil
	}
	return r
}
func (r revokedAt) Error() string        { return fmt.Sprint("revoked at ", r.at) }
func (r revokedAt) Unwrap() error        { return verify.ErrRevoked }
func (r revokedAt) RevokedAt() time.Time { return r.at }
func (r revokedAt) Compromised() bool    { return r.stolen }
