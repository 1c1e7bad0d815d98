package verify_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// service is one way in which an OCSP responder or a CRL server can be, and how a login ends that asks nobody else: a
// verify.Reason ("" is in) with what the library says of it.
type service struct {
	reason  verify.Reason
	because error
}

var (
	in       = service{}
	revoked  = service{verify.ErrRevoked, nil}
	dead     = service{verify.ErrRevocation, revocation.ErrTransport}
	stale    = service{verify.ErrRevocation, revocation.ErrStale}
	stranger = service{verify.ErrRevocation, revocation.ErrSigner}
)

var responders = map[pki.Mode]service{
	pki.Good: in, pki.Revoked: revoked, pki.Stale: stale, pki.WrongSigner: stranger, pki.NotDelegated: stranger,
	pki.Broken: dead, pki.Silent: dead,
	pki.Unknown:    {verify.ErrRevocation, revocation.ErrUnknown},
	pki.WrongNonce: {verify.ErrRevocation, revocation.ErrNonce},
	pki.TryLater:   {verify.ErrRevocation, nil}, // *revocation.Refused
}

// A list knows less than a responder: the modes that are about OCSP alone leave it good.
var lists = map[pki.Mode]service{
	pki.Good: in, pki.Revoked: revoked, pki.Stale: stale, pki.WrongSigner: stranger, pki.Broken: dead, pki.Silent: dead,
}

// newServices is a PKI with one citizen's card.
func newServices(t *testing.T) (*pki.PKI, card) {
	p, err := pki.Listen(pki.Options{ECC: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	key := newKey(t)
	cert, err := p.Citizen(pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}, key.Public(), pki.Variant{})
	require.NoError(t, err)
	return p, card{cert, key}
}

// timeFor is how long a service in that mode is waited for: one that never answers not long, another as a busy machine needs it.
func timeFor(mode pki.Mode) time.Duration {
	if mode == pki.Silent {
		return 200 * time.Millisecond
	}
	return time.Minute
}

// ask logs in with a Checker of its own, while the services are in those modes.
func ask(t *testing.T, p *pki.PKI, c card, mode revocation.Mode, ocsp, crl pki.Mode) error {
	require.NoError(t, p.SetOCSP(ocsp))
	require.NoError(t, p.SetCRL(crl))
	checker, err := revocation.New(revocation.Config{
		Mode: mode, Timeout: timeFor(ocsp), CRLTimeout: timeFor(crl), Deadline: 2 * time.Minute, Attempts: 1,
	})
	require.NoError(t, err)
	defer checker.Close()
	config := verify.Config{Revocation: checker}
	for _, a := range pki.Authorities {
		config.Intermediates = append(config.Intermediates, p.Certificate(a))
	}
	config.Roots, config.Intermediates = config.Intermediates[:1], config.Intermediates[1:]
	_, err = login(t, config, c)
	return err
}

func (want service) check(t *testing.T, err error, what ...any) {
	t.Helper()
	invalid, isInvalid := errors.AsType[*verify.Invalid](err)
	unchecked, isUnchecked := errors.AsType[*verify.Unchecked](err)
	switch want.reason {
	case "":
		require.NoError(t, err, what...)
	case verify.ErrRevocation:
		require.True(t, isUnchecked, "%v: %v", what, err)
		require.False(t, isInvalid, what...)
		require.Equal(t, want.reason, unchecked.Reason, what...)
	default:
		require.True(t, isInvalid, "%v: %v", what, err)
		require.Equal(t, want.reason, invalid.Reason, what...)
	}
	if want.because != nil {
		require.ErrorIs(t, err, want.because, what...)
	}
}

// Dead, slow, lying, expired: each ends as specified, by OCSP alone and by CRL alone.
func TestEveryStateOfOneService(t *testing.T) {
	p, c := newServices(t)
	for _, mode := range pki.Modes {
		want, listed := responders[mode]
		require.True(t, listed, "a mode without an expectation: %s", mode)
		err := ask(t, p, c, revocation.OCSPOnly, mode, pki.Broken)
		want.check(t, err, "OCSP", mode)
		if mode == pki.TryLater {
			refused, ok := errors.AsType[*revocation.Refused](err)
			require.True(t, ok)
			assert.Equal(t, 3, refused.Status)
		}
		lists[mode].check(t, ask(t, p, c, revocation.CRLOnly, pki.Broken, mode), "CRL", mode)
	}
}

// Each state of the one with each of the other: OCSP's word counts if it is one, else the list's; neither is "try later".
func TestEveryStateOfBothServices(t *testing.T) {
	p, c := newServices(t)
	for _, ocsp := range pki.Modes {
		for crl := range lists {
			if ocsp == pki.Silent && crl == pki.Silent {
				continue // TestNobodyAnswers
			}
			want := lists[crl]
			if first := responders[ocsp]; first.reason != verify.ErrRevocation || ocsp == pki.Unknown {
				want = first
			}
			want.check(t, ask(t, p, c, revocation.OCSPThenCRL, ocsp, crl), "OCSP", ocsp, "CRL", crl)
		}
	}
}

// A server that is gone altogether; and one that never answers, with the shortest of all times.
func TestNobodyAnswers(t *testing.T) {
	p, c := newServices(t)
	for _, mode := range []revocation.Mode{revocation.OCSPThenCRL, revocation.OCSPOnly, revocation.CRLOnly} {
		dead.check(t, ask(t, p, c, mode, pki.Silent, pki.Silent), "silent", mode)
	}
	require.NoError(t, p.Close())
	for _, mode := range []revocation.Mode{revocation.OCSPThenCRL, revocation.OCSPOnly, revocation.CRLOnly} {
		dead.check(t, ask(t, p, c, mode, pki.Silent, pki.Silent), "gone", mode)
	}
}
