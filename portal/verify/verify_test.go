package verify_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

func TestCitizen(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, attributes(t, gpki(2, 1), gpki(3, 1, 1), gpki(2, 51), "6789"))
	id, err := login(t, p.config(), c)
	require.NoError(t, err)
	assert.Equal(t, verify.KindPerson, id.Kind)
	assert.Equal(t, verify.CardCitizen, id.CardKind)
	assert.Equal(t, "moica", id.IssuerFamily)
	assert.Equal(t, "王小明", id.Name)
	assert.Equal(t, "0000000112345678", id.SubjectSerial)
	assert.Equal(t, "6789", id.IDTail)
	assert.Equal(t, "內政部憑證管理中心", id.Issuer)
	assert.Equal(t, c.cert.NotAfter, id.NotAfter)
	assert.Equal(t, verify.Thumbprint(c.cert), id.Thumbprint)
	assert.Len(t, id.Thumbprint, 64)
	assert.False(t, id.RevocationChecked)
	assert.Empty(t, id.AgencyOID)
}

func TestAgency(t *testing.T) {
	p := newPKI(t)
	gca := newCA(t, issuerName("政府憑證管理中心"), p.root, nil)
	agency := asn1.ObjectIdentifier{2, 16, 886, 101, 20003, 20001}
	for name, value := range map[string]any{"as OID": agency, "as string": agency.String()} {
		c := newCard(t, gca, func(cert *x509.Certificate) {
			cert.Subject = pkix.Name{Country: []string{"TW"}, Organization: []string{"某部"}, OrganizationalUnit: []string{"某署"}}
			attributes(t, gpki(2, 1), gpki(3, 2, 1, 1), gpki(2, 102), value, gpki(2, 204), "not ours")(cert)
		})
		id, err := login(t, p.config(gca), c)
		require.NoError(t, err, name)
		assert.Equal(t, verify.KindAgency, id.Kind)
		assert.Equal(t, verify.CardAgency, id.CardKind)
		assert.Equal(t, "2.16.886.101.20003.20001", id.AgencyOID, name)
		assert.Equal(t, "某署", id.Name)
	}
}

func TestRefusals(t *testing.T) {
	p := newPKI(t)
	stranger := newPKI(t)
	gtest := newCA(t, issuerName("政府測試憑證管理中心"), p.root, nil)
	belowTest := newCA(t, issuerName("內政部憑證管理中心"), gtest, nil)
	emailCA := newCA(t, issuerName("某憑證管理中心"), p.root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	oldCA := newCA(t, issuerName("舊憑證管理中心"), p.root, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	config := p.config(gtest, belowTest, emailCA, oldCA)

	cases := map[string]struct {
		ca     *authority
		change func(*x509.Certificate)
		want   verify.Reason
	}{
		"unknown issuer of a trusted name": {stranger.moica, nil, verify.ErrUntrusted},
		"unknown issuer, expired too":      {stranger.moica, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, verify.ErrUntrusted},
		"test CA under a trusted root":     {gtest, nil, verify.ErrTestCard},
		"a CA below the test CA":           {belowTest, nil, verify.ErrTestCard},
		"test policy": {p.moica, func(c *x509.Certificate) {
			c.Policies = []x509.OID{oid(t, 2, 16, 886, 101, 0, 3, 3), oid(t, 2, 16, 886, 101, 0, 3, 0)}
		}, verify.ErrTestCard},
		"expired":              {p.moica, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }, verify.ErrExpired},
		"not yet valid":        {p.moica, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }, verify.ErrNotYetValid},
		"CA expired":           {oldCA, nil, verify.ErrIssuerExpired},
		"a CA's certificate":   {p.moica, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true }, verify.ErrCA},
		"no keyUsage":          {p.moica, func(c *x509.Certificate) { c.KeyUsage = 0 }, verify.ErrKeyUsage},
		"encryption key":       {p.moica, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment }, verify.ErrKeyUsage},
		"contentCommitment":    {p.moica, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, verify.ErrKeyUsage},
		"e-mail only":          {p.moica, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, verify.ErrExtKeyUsage},
		"unknown EKU only":     {p.moica, func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 99}} }, verify.ErrExtKeyUsage},
		"EKU any":              {p.moica, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, verify.ErrExtKeyUsage},
		"CA for e-mail only":   {emailCA, nil, verify.ErrExtKeyUsage},
		"attributes malformed": {p.moica, rawAttributes([]byte{0x30, 0x03, 1, 2, 3}), verify.ErrCertificate},
		"critical extension": {p.moica, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99}, Critical: true, Value: []byte{5, 0}}}
		}, verify.ErrCertificate},
	}
	for name, c := range cases {
		holder := newCard(t, c.ca, c.change)
		id, err := login(t, config, holder)
		invalid, ok := errors.AsType[*verify.Invalid](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.Equal(t, c.want, invalid.Reason, "%s: %v", name, err)
		assert.ErrorIs(t, err, c.want, name)
		assert.True(t, invalid.Certificate.Equal(holder.cert), name)
		assert.Zero(t, id, name)
		assert.NotEmpty(t, c.want.Error(), name)
	}
}

func TestNoTrustAtAll(t *testing.T) {
	p := newPKI(t)
	_, err := login(t, verify.Config{Clock: clock}, newCard(t, p.moica, nil))
	assert.ErrorIs(t, err, verify.ErrUntrusted, "an empty pool must not mean the system's roots")
}

func TestEKUWithClientAuthIsTaken(t *testing.T) {
	p := newPKI(t)
	_, err := login(t, p.config(), newCard(t, p.moica, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth}
	}))
	assert.NoError(t, err)
}

func TestSkew(t *testing.T) {
	p := newPKI(t)
	config := p.config()
	config.Skew = 2 * time.Minute
	for shift, want := range map[time.Duration]error{time.Minute: nil, 2 * time.Minute: nil, 2*time.Minute + time.Second: verify.ErrExpired} {
		_, err := login(t, config, newCard(t, p.moica, func(c *x509.Certificate) { c.NotAfter = now.Add(-shift) }))
		assert.ErrorIs(t, err, want, "%v after notAfter", shift)
	}
	for shift, want := range map[time.Duration]error{time.Minute: nil, 2 * time.Minute: nil, 2*time.Minute + time.Second: verify.ErrNotYetValid} {
		_, err := login(t, config, newCard(t, p.moica, func(c *x509.Certificate) { c.NotBefore = now.Add(shift) }))
		assert.ErrorIs(t, err, want, "%v before notBefore", shift)
	}
}

func TestPolicies(t *testing.T) {
	p := newPKI(t)
	config := p.config()
	config.Table = verify.DefaultTable()
	config.Table.Policies = []string{"2.16.886.101.0.3.3", "2.16.886.101.0.3.4"}
	class3 := func(c *x509.Certificate) { c.Policies = []x509.OID{oid(t, 2, 16, 886, 101, 0, 3, 3)} }
	class1 := func(c *x509.Certificate) { c.Policies = []x509.OID{oid(t, 2, 16, 886, 101, 0, 3, 1)} }
	_, err := login(t, config, newCard(t, p.moica, class3))
	assert.NoError(t, err)
	_, err = login(t, config, newCard(t, p.moica, class1))
	assert.ErrorIs(t, err, verify.ErrPolicy)
	_, err = login(t, config, newCard(t, p.moica, nil))
	assert.ErrorIs(t, err, verify.ErrPolicy)
}

// All generations of one CA share a DN: every one must be tried, with and without key identifiers.
func TestGenerationsOfOneCA(t *testing.T) {
	p := newPKI(t)
	name := issuerName("內政部憑證管理中心")
	g2 := newCA(t, name, p.root, nil)
	g3 := newCA(t, name, p.root, nil)
	old := newCA(t, name, p.root, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	config := p.config(old, g2, g3)
	for i, ca := range []*authority{p.moica, g2, g3} {
		c := newCard(t, ca, nil)
		require.Equal(t, ca.cert.SubjectKeyId, c.cert.AuthorityKeyId)
		_, err := login(t, config, c)
		assert.NoError(t, err, "generation %d", i)

		nameless := *ca.cert // what Go copies into the card's authorityKeyIdentifier
		nameless.SubjectKeyId = nil
		c = newCard(t, &authority{&nameless, ca.key}, nil)
		require.Empty(t, c.cert.AuthorityKeyId)
		_, err = login(t, config, c)
		assert.NoError(t, err, "generation %d without a key identifier", i)

		nameless.SubjectKeyId = g2.cert.SubjectKeyId[:4]
		_, err = login(t, config, newCard(t, &authority{&nameless, ca.key}, nil))
		assert.NoError(t, err, "generation %d with a wrong key identifier: the signature decides", i)
	}
	_, err := login(t, p.config(g2), newCard(t, g3, nil))
	assert.ErrorIs(t, err, verify.ErrUntrusted, "a generation that is not configured")
}

func TestTokenForAnotherPageOrChallenge(t *testing.T) {
	p := newPKI(t)
	v, err := verify.New(p.config())
	require.NoError(t, err)
	token := newCard(t, p.moica, nil).token(t)
	_, err = v.Token(t.Context(), token, "https://other.example", nonce)
	assert.ErrorIs(t, err, verify.ErrSignature)
	_, err = v.Token(t.Context(), token, origin, nonce+"x")
	assert.ErrorIs(t, err, verify.ErrSignature)
	invalid, ok := errors.AsType[*verify.Invalid](err)
	require.True(t, ok)
	assert.Nil(t, invalid.Certificate, "not shown before its key is proved")

	for want, change := range map[verify.Reason]func(*webeid.Token){
		verify.ErrToken:       func(t *webeid.Token) { t.Format = "web-eid:9" },
		verify.ErrCertificate: func(t *webeid.Token) { t.UnverifiedCertificate = "AAAA" },
		verify.ErrSignature:   func(t *webeid.Token) { t.Signature = "AAAA" },
	} {
		changed := token
		change(&changed)
		_, err = v.Token(t.Context(), changed, origin, nonce)
		assert.ErrorIs(t, err, want)
	}
}

type hook func(cert, issuer *x509.Certificate, at time.Time) error

func (r hook) Check(_ context.Context, cert, issuer *x509.Certificate, at time.Time) error {
	return r(cert, issuer, at)
}

func TestRevocationHook(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, nil)
	config := p.config()
	asked := 0
	var answer error
	config.Revocation = hook(func(cert, issuer *x509.Certificate, at time.Time) error {
		asked++
		assert.True(t, cert.Equal(c.cert) && issuer.Equal(p.moica.cert) && at.Equal(now))
		return answer
	})
	id, err := login(t, config, c)
	require.NoError(t, err)
	assert.True(t, id.RevocationChecked)

	answer = verify.ErrRevoked
	_, err = login(t, config, c)
	invalid, ok := errors.AsType[*verify.Invalid](err)
	require.True(t, ok)
	assert.Equal(t, verify.ErrRevoked, invalid.Reason)

	answer = errors.New("no route to the responder")
	_, err = login(t, config, c)
	unchecked, ok := errors.AsType[*verify.Unchecked](err)
	require.True(t, ok, "fail closed: %v", err)
	assert.ErrorIs(t, err, verify.ErrRevocation)
	assert.ErrorIs(t, err, answer)
	assert.True(t, unchecked.Certificate.Equal(c.cert))
	assert.Equal(t, 3, asked)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v, err := verify.New(config)
	require.NoError(t, err)
	_, err = v.Token(ctx, c.token(t), origin, nonce)
	assert.ErrorIs(t, err, verify.ErrCancelled)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = v.Token(t.Context(), c.token(t), origin, nonce+"x")
	assert.ErrorIs(t, err, verify.ErrSignature)
	assert.Equal(t, 3, asked, "the network is not asked for a token that is bad anyway")
}

func TestConfigIsChecked(t *testing.T) {
	p := newPKI(t)
	c := newCard(t, p.moica, nil)
	for name, config := range map[string]verify.Config{
		"root is no CA":         {Roots: []*x509.Certificate{c.cert}},
		"intermediate is no CA": {Intermediates: []*x509.Certificate{c.cert}},
		"policy":                {Table: verify.Table{Policies: []string{"2.16."}}},
		"skew negative":         {Skew: -1},
		"skew of an hour":       {Skew: time.Hour},
	} {
		_, err := verify.New(config)
		assert.Error(t, err, name)
	}
}

func oid(t testing.TB, arcs ...uint64) x509.OID {
	t.Helper()
	made, err := x509.OIDFromInts(arcs)
	require.NoError(t, err)
	return made
}
