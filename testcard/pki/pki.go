// Package pki is a test public-key infrastructure shaped like Taiwan's.
//
// Its authorities carry the names of the real issuing authorities under a root that says it is a
// test; all keys are made in the process and kept until it ends. Every name of a person or an
// office that tests use is a placeholder.
package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Authority names one certification authority. It is also the last part of its URLs and file names.
type Authority string

// The authorities. Citizen and CitizenOld are two generations of one authority with one name: only
// their keys tell them apart.
const (
	Root         Authority = "root"
	Citizen      Authority = "citizen"
	CitizenOld   Authority = "citizen-old"
	Agency       Authority = "agency"
	Organisation Authority = "organisation"
	Business     Authority = "business"
	Test         Authority = "test" // its certificates must be refused
)

// Authorities lists all of them, the root first.
var Authorities = []Authority{Root, Citizen, CitizenOld, Agency, Organisation, Business, Test}

var subjects = map[Authority]pkix.Name{
	Root:         {Country: []string{"TW"}, Organization: []string{"CardBridge 測試根憑證（非真實機構）"}},
	Citizen:      issuingName("內政部憑證管理中心"),
	CitizenOld:   issuingName("內政部憑證管理中心"),
	Agency:       issuingName("政府憑證管理中心"),
	Organisation: issuingName("組織及團體憑證管理中心"),
	Business:     issuingName("工商憑證管理中心"),
	Test:         issuingName("政府測試憑證管理中心"),
}

func issuingName(unit string) pkix.Name {
	return pkix.Name{Country: []string{"TW"}, Organization: []string{"行政院"}, OrganizationalUnit: []string{unit}}
}

// Options shape a PKI.
type Options struct {
	// BaseURL is where Handler is reached, such as http://127.0.0.1:1234. Without it certificates
	// name no OCSP responder and no CRL.
	BaseURL string
	// ECC gives the authorities P-384 keys and ecdsa-with-SHA384, as the fourth generation has;
	// otherwise they have RSA-2048 and SHA-256.
	ECC bool
	// Name chooses the set of keys: two PKIs of one name share them, PKIs of different names look
	// alike and do not trust each other.
	Name string
}

// PKI issues certificates and answers for them. Its methods may be called from any goroutine.
type PKI struct {
	options     Options
	keys        map[string]crypto.Signer
	authorities map[Authority]*authority

	mu       sync.Mutex
	revoked  map[string]time.Time // by authority and serial number
	issued   map[string]*x509.Certificate
	ocspMode Mode
	crlMode  Mode
	stop     func() error
}

type authority struct {
	name        Authority
	key         crypto.Signer
	certificate *x509.Certificate
	responder   *x509.Certificate // delegated by this authority; all share one key, responderKey
}

// New makes the authorities; without keys from an earlier call that takes a second or so.
func New(o Options) (*PKI, error) {
	keys, err := authorityKeys(o)
	if err != nil {
		return nil, err
	}
	p := &PKI{options: o, keys: keys, authorities: map[Authority]*authority{}, ocspMode: Good, crlMode: Good,
		revoked: map[string]time.Time{}, issued: map[string]*x509.Certificate{}}
	for _, name := range Authorities {
		a := &authority{name: name, key: keys[string(name)]}
		if a.certificate, err = p.certifyAuthority(a); err != nil {
			return nil, fmt.Errorf("pki: certify %s: %w", name, err)
		}
		p.authorities[name] = a
		p.issued[key(Root, a.certificate.SerialNumber)] = a.certificate
		if a.responder, err = p.certifyResponder(a, keys[responderKey].Public(), true); err != nil {
			return nil, fmt.Errorf("pki: certify the responder of %s: %w", name, err)
		}
	}
	return p, nil
}

func (p *PKI) certifyAuthority(a *authority) (*x509.Certificate, error) {
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serialNumber(), Subject: subjects[a.name],
		NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(18, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		// The algorithm follows the signer's key; see signatureAlgorithm.
		SignatureAlgorithm: signatureAlgorithm(a.key),
	}
	if a.name == Root {
		return create(t, t, a.key.Public(), a.key)
	}
	root := p.authorities[Root]
	t.MaxPathLenZero = true
	t.Policies = policies(anyPolicy)
	p.locate(t, Root)
	return create(t, root.certificate, a.key.Public(), root.key)
}

// locate names the issuer's responder, certificate and CRL in a certificate.
func (p *PKI) locate(t *x509.Certificate, issuer Authority) {
	if p.options.BaseURL == "" {
		return
	}
	t.OCSPServer = []string{p.options.BaseURL + "/ocsp/" + string(issuer)}
	t.IssuingCertificateURL = []string{p.options.BaseURL + "/ca/" + string(issuer) + ".crt"}
	t.CRLDistributionPoints = []string{p.options.BaseURL + "/crl/" + string(issuer) + ".crl"}
}

// Certificate gives an authority's certificate, or nil for an unknown name.
func (p *PKI) Certificate(a Authority) *x509.Certificate {
	x, ok := p.authorities[a]
	if !ok {
		return nil
	}
	return x.certificate
}

// WriteTrust writes every authority's certificate as one .pem file into dir, which it makes. The
// self-signed one is the root, the others are intermediates.
func (p *PKI) WriteTrust(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("pki: make the trust folder: %w", err)
	}
	for _, a := range Authorities {
		b := PEM(p.authorities[a].certificate)
		if err := os.WriteFile(filepath.Join(dir, string(a)+".pem"), b, 0o644); err != nil {
			return fmt.Errorf("pki: write the trust folder: %w", err)
		}
	}
	return nil
}

// Revoke revokes a certificate of this PKI, for OCSP and CRL alike, as of an hour ago.
func (p *PKI) Revoke(c *x509.Certificate) error {
	a := p.issuerOf(c)
	if a == nil {
		return fmt.Errorf("pki: %s was not issued here; revoke it where it was", c.Subject)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked[key(a.name, c.SerialNumber)] = time.Now().Add(-time.Hour)
	return nil
}

func (p *PKI) issuerOf(c *x509.Certificate) *authority {
	for _, a := range p.authorities {
		if c.CheckSignatureFrom(a.certificate) == nil {
			return a
		}
	}
	return nil
}

func key(a Authority, serial *big.Int) string { return string(a) + "/" + serial.Text(16) }

// PEM encodes a certificate.
func PEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// create signs a certificate and gives it parsed.
func create(t, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// serialNumber is positive and 16 bytes long at most (RFC 5280, 4.1.2.2, allows 20).
func serialNumber() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x7F | 0x40
	return new(big.Int).SetBytes(b)
}
