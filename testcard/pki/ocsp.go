package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

var (
	oidBasicResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidNoCheck       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	asn1Null         = asn1.RawValue{Tag: asn1.TagNull}
)

// Response statuses (RFC 6960, 4.2.1).
const (
	statusSuccessful   = 0
	statusMalformed    = 1
	statusTryLater     = 3
	statusUnauthorized = 6
)

const maxAsked = 16 // certificates in one request

// certifyResponder makes a delegated responder's certificate (RFC 6960, 4.2.2.2), or one that lacks
// the extended key usage for it.
func (p *PKI) certifyResponder(a *authority, public crypto.PublicKey, delegated bool) (*x509.Certificate, error) {
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{Country: []string{"TW"}, Organization: []string{"CardBridge 測試 OCSP（非真實機構）"}},
		NotBefore:    now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage:           x509.KeyUsageDigitalSignature,
		SignatureAlgorithm: signatureAlgorithm(a.key),
	}
	if delegated {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		t.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{asn1.TagNull, 0}}}
	}
	return create(t, a.certificate, public, a.key)
}

// The structures of RFC 6960, 4.1.1 and 4.2.1.
type certID struct {
	Algorithm     pkix.AlgorithmIdentifier
	NameHash      []byte
	IssuerKeyHash []byte
	SerialNumber  *big.Int
}

type request struct {
	TBS struct {
		Version    int           `asn1:"explicit,tag:0,default:0,optional"`
		Name       asn1.RawValue `asn1:"explicit,tag:1,optional"`
		List       []asked
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	Signature asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type asked struct {
	ID         certID
	Extensions asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type response struct {
	Status asn1.Enumerated
	Bytes  responseBytes `asn1:"explicit,tag:0,optional"`
}

type responseBytes struct {
	Type asn1.ObjectIdentifier
	DER  []byte
}

type basicResponse struct {
	TBS          responseData
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
}

type responseData struct {
	Raw         asn1.RawContent
	ResponderID []byte    `asn1:"explicit,tag:2"` // byKey: SHA-1 of the responder's public key
	ProducedAt  time.Time `asn1:"generalized"`
	List        []single
	Extensions  []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type single struct {
	ID         certID
	Good       asn1.Flag  `asn1:"tag:0,optional"`
	Revoked    revocation `asn1:"tag:1,optional"`
	Unknown    asn1.Flag  `asn1:"tag:2,optional"`
	ThisUpdate time.Time  `asn1:"generalized"`
	NextUpdate time.Time  `asn1:"generalized,explicit,tag:0"`
}

type revocation struct {
	At time.Time `asn1:"generalized"`
}

// OCSP answers a request to an authority's responder, both DER. The modes Broken and Silent are
// Handler's, here they count as Good.
func (p *PKI) OCSP(name Authority, der []byte) ([]byte, error) {
	a, ok := p.authorities[name]
	if !ok {
		return asn1.Marshal(response{Status: statusUnauthorized})
	}
	mode, _ := p.State()
	if mode == TryLater {
		return asn1.Marshal(response{Status: statusTryLater})
	}
	var q request
	rest, err := asn1.Unmarshal(der, &q)
	if err != nil || len(rest) != 0 || len(q.TBS.List) == 0 || len(q.TBS.List) > maxAsked {
		return asn1.Marshal(response{Status: statusMalformed})
	}
	keyHash := sha1.Sum(publicKeyBits(p.keys[p.ocspKey(mode)].Public()))
	data := responseData{
		ResponderID: keyHash[:], ProducedAt: time.Now().Truncate(time.Second).UTC(),
		Extensions: nonceOf(q.TBS.Extensions, mode),
	}
	for _, x := range q.TBS.List {
		data.List = append(data.List, p.answer(a, x.ID, mode))
	}
	return p.signResponse(a, data, mode)
}

func (p *PKI) ocspKey(m Mode) string {
	if m == WrongSigner || m == NotDelegated {
		return impostorKey
	}
	return responderKey
}

// nonceOf echoes the nonce extension (RFC 9654), bit for bit, or spoils it.
func nonceOf(extensions []pkix.Extension, m Mode) []pkix.Extension {
	for _, e := range extensions {
		if !e.Id.Equal(oidNonce) {
			continue
		}
		if m == WrongNonce && len(e.Value) > 0 {
			spoilt := append([]byte{}, e.Value...)
			spoilt[len(spoilt)-1] ^= 1
			e.Value = spoilt
		}
		return []pkix.Extension{{Id: oidNonce, Value: e.Value}}
	}
	return nil
}

func (p *PKI) answer(a *authority, id certID, m Mode) single {
	s := single{ID: id}
	s.ThisUpdate, s.NextUpdate = updates(m)
	k := key(a.name, id.SerialNumber)
	p.mu.Lock()
	defer p.mu.Unlock()
	at, revoked := p.revoked[k]
	switch {
	case m == Unknown || !a.issued(id) || p.issued[k] == nil:
		s.Unknown = true
	case m == Revoked && a.name != Root:
		s.Revoked.At = s.ThisUpdate.Add(-time.Hour)
	case revoked:
		s.Revoked.At = at.Truncate(time.Second).UTC()
	default:
		s.Good = true
	}
	return s
}

// issued says whether a CertID's issuer is this authority, by its name and its key.
func (a *authority) issued(id certID) bool {
	hash := func(b []byte) string {
		switch {
		case id.Algorithm.Algorithm.Equal(oidSHA1):
			h := sha1.Sum(b)
			return string(h[:])
		case id.Algorithm.Algorithm.Equal(oidSHA256):
			h := sha256.Sum256(b)
			return string(h[:])
		}
		return "-" // no hash looks like this
	}
	return hash(a.certificate.RawSubject) == string(id.NameHash) &&
		hash(publicKeyBits(a.certificate.PublicKey)) == string(id.IssuerKeyHash)
}

// publicKeyBits is the BIT STRING of a SubjectPublicKeyInfo, without tag, length and unused bits.
func publicKeyBits(k crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		panic(err) // our own RSA and ECDSA keys
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		panic(err) // just marshalled
	}
	return info.Key.RightAlign()
}

func (p *PKI) signResponse(a *authority, data responseData, m Mode) ([]byte, error) {
	signer, c, err := p.ocspSigner(a, m)
	if err != nil {
		return nil, fmt.Errorf("pki: certify an OCSP signer: %w", err)
	}
	algorithm := signatureAlgorithm(signer)
	tbs, err := asn1.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("pki: encode an OCSP answer: %w", err)
	}
	signature, err := crypto.SignMessage(signer, rand.Reader, tbs, hashOf(algorithm))
	if err != nil {
		return nil, fmt.Errorf("pki: sign an OCSP answer: %w", err)
	}
	data.Raw = tbs
	der, err := asn1.Marshal(basicResponse{
		TBS: data, Algorithm: identifier(algorithm),
		Signature:    asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
		Certificates: []asn1.RawValue{{FullBytes: c.Raw}},
	})
	if err != nil {
		return nil, fmt.Errorf("pki: encode an OCSP answer: %w", err)
	}
	return asn1.Marshal(response{Status: statusSuccessful, Bytes: responseBytes{oidBasicResponse, der}})
}

// ocspSigner chooses who signs. A stranger's certificate names the authority as its issuer, is
// meant for OCSP, and is signed by the stranger.
func (p *PKI) ocspSigner(a *authority, m Mode) (crypto.Signer, *x509.Certificate, error) {
	stranger := p.keys[impostorKey]
	switch m {
	case WrongSigner:
		c, err := p.certifyResponder(&authority{name: a.name, key: stranger, certificate: p.impostorOf(a)}, stranger.Public(), true)
		return stranger, c, err
	case NotDelegated:
		c, err := p.certifyResponder(a, stranger.Public(), false)
		return stranger, c, err
	}
	return p.keys[responderKey], a.responder, nil
}

func hashOf(a x509.SignatureAlgorithm) crypto.Hash {
	if a == x509.ECDSAWithSHA384 {
		return crypto.SHA384
	}
	return crypto.SHA256
}

func identifier(a x509.SignatureAlgorithm) pkix.AlgorithmIdentifier {
	if a == x509.ECDSAWithSHA384 {
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}}
	}
	return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1Null}
}
