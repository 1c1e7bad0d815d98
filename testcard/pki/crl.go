package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// CRL makes an authority's certificate revocation list (RFC 5280, 5), DER.
func (p *PKI) CRL(name Authority) ([]byte, error) {
	a, ok := p.authorities[name]
	if !ok {
		return nil, fmt.Errorf("pki: there is no authority %q; take one of %v", name, Authorities)
	}
	_, mode := p.State()
	thisUpdate, nextUpdate := updates(mode)
	list := &x509.RevocationList{
		Number: big.NewInt(time.Now().Unix()), ThisUpdate: thisUpdate, NextUpdate: nextUpdate,
		RevokedCertificateEntries: p.revocations(name, mode),
		SignatureAlgorithm:        signatureAlgorithm(a.key),
	}
	issuer, key := a.certificate, a.key
	if mode == WrongSigner {
		issuer, key = p.impostorOf(a), p.keys[impostorKey]
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer, key)
	if err != nil {
		return nil, fmt.Errorf("pki: make the CRL of %s: %w", name, err)
	}
	return der, nil
}

// impostorOf is the authority's certificate as far as making a CRL looks at it, with a stranger's key.
func (p *PKI) impostorOf(a *authority) *x509.Certificate {
	c := *a.certificate
	c.PublicKey = crypto.PublicKey(p.keys[impostorKey].Public())
	return &c
}

func (p *PKI) revocations(a Authority, mode Mode) []x509.RevocationListEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []x509.RevocationListEntry
	for id, c := range p.issued {
		at, revoked := p.revoked[id]
		if mode == Revoked && a != Root {
			at, revoked = time.Now().Add(-time.Hour), true
		}
		if revoked && strings.HasPrefix(id, string(a)+"/") {
			out = append(out, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: at})
		}
	}
	return out
}

// updates gives the two dates of an answer.
func updates(m Mode) (thisUpdate, nextUpdate time.Time) {
	now := time.Now().Truncate(time.Second).UTC()
	if m == Stale {
		return now.AddDate(0, 0, -8), now.AddDate(0, 0, -1)
	}
	return now.Add(-time.Minute), now.Add(24 * time.Hour)
}
