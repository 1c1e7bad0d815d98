package revocation

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	nonceSize = 32       // octets, RFC 9654 section 2.1
	maxOCSP   = 64 << 10 // bytes of an answer; with a chain of RSA-4096 certificates it has 8 KiB
)

// certID names a certificate as RFC 6960 section 4.1.1 does.
type certID struct {
	algorithm         string // content of the hash's OID
	nameHash, keyHash []byte
	serial            serial
	encoded           []byte
}

func newCertID(q question, useSHA256 bool) (certID, error) {
	key, ok := keyBits(q.issuer)
	number, fits := serialOfNumber(q.cert.SerialNumber)
	if !ok || !fits {
		return certID{}, fmt.Errorf("%w: the certificate's serial number or its issuer's key", ErrMalformed)
	}
	name := q.cert.RawIssuer
	id := certID{serial: number}
	if useSHA256 {
		nameHash, keyHash := sha256.Sum256(name), sha256.Sum256(key)
		id.algorithm, id.nameHash, id.keyHash = oidSHA256, nameHash[:], keyHash[:]
	} else {
		nameHash, keyHash := sha1.Sum(name), sha1.Sum(key)
		id.algorithm, id.nameHash, id.keyHash = oidSHA1, nameHash[:], keyHash[:]
	}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(id.algorithm)) })
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(id.nameHash)
		b.AddASN1OctetString(id.keyHash)
		b.AddASN1BigInt(q.cert.SerialNumber)
	})
	var err error
	id.encoded, err = b.Bytes()
	return id, err
}

func (id certID) equal(other certID) bool {
	return id.algorithm == other.algorithm && bytes.Equal(id.nameHash, other.nameHash) &&
		bytes.Equal(id.keyHash, other.keyHash) && id.serial == other.serial
}

// ocspRequest is for one certificate, with the extension's value as its nonce.
func ocspRequest(id certID, nonce []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { // OCSPRequest
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { // TBSRequest
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { // requestList
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(id.encoded) })
			})
			b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { // requestExtensions
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(der.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(oidNonce)) })
						b.AddASN1OctetString(nonce)
					})
				})
			})
		})
	})
	return b.Bytes()
}

// newNonce is the extension's value: an OCTET STRING of random octets.
func newNonce() []byte {
	nonce := make([]byte, 2, 2+nonceSize)
	nonce[0], nonce[1] = byte(der.OCTET_STRING), nonceSize
	nonce = nonce[:2+nonceSize]
	_, _ = rand.Read(nonce[2:]) // never fails (crypto/rand)
	return nonce
}

func (c *Checker) askOCSP(ctx context.Context, q question) error {
	if c.goods.has(q) {
		return nil
	}
	id, err := newCertID(q, c.config.SHA256)
	if err != nil {
		return err
	}
	return c.each("OCSP", q.cert.OCSPServer, func(address string) error {
		source, err := c.sources.begin("OCSP", address)
		if err != nil {
			return err
		}
		err = c.retry(ctx, c.config.Timeout, func(ctx context.Context) error { return c.askResponder(ctx, address, id, q) })
		c.sources.end(ctx, source, err)
		return err
	})
}

// askResponder posts, which every responder takes (RFC 6960 appendix A.1): a GET may be answered from a cache on the way, and
// a nonce forbids that anyway.
func (c *Checker) askResponder(ctx context.Context, address string, id certID, q question) error {
	nonce := newNonce()
	body, err := ocspRequest(id, nonce)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	request.Header.Set("Accept", "application/ocsp-response")
	data, err := c.fetch(request, maxOCSP)
	if err != nil {
		return err
	}
	answer, err := parseOCSP(data)
	if err != nil {
		return err
	}
	return c.judge(ctx, answer, id, nonce, q)
}

// judge asks who signed before it looks at what was said.
func (c *Checker) judge(ctx context.Context, answer ocspAnswer, id certID, nonce []byte, q question) error {
	now := q.now()
	responder, err := answer.signedFor(q.issuer, now, c.config.Skew)
	if err != nil {
		return err
	}
	if answer.nonce == nil && !c.config.AllowMissingNonce {
		return fmt.Errorf("%w: there is none", ErrNonce)
	}
	if answer.nonce != nil && subtle.ConstantTimeCompare(answer.nonce, nonce) != 1 {
		return fmt.Errorf("%w: it is another one", ErrNonce)
	}
	single, err := answer.about(id)
	if err != nil {
		return err
	}
	if err := single.fresh(answer.producedAt, now, c.config.Skew, c.config.MaxAge); err != nil {
		return err
	}
	if err := c.stillAuthorised(ctx, responder, q); err != nil {
		return err
	}
	switch single.status {
	case statusGood:
		c.goods.put(q, single.until(c.config.MaxAge))
		return nil
	case statusRevoked:
		return &Revoked{By: "OCSP", At: single.revokedAt, Code: single.reason}
	default:
		return ErrUnknown
	}
}

// fresh is RFC 6960 section 4.2.2.1. An answer without nextUpdate says that newer ones are always to be had.
func (s ocspSingle) fresh(producedAt, now time.Time, skew, maxAge time.Duration) error {
	until := s.until(maxAge)
	if producedAt.After(now.Add(skew)) || s.thisUpdate.After(now.Add(skew)) || until.Before(s.thisUpdate) || now.After(until.Add(skew)) {
		return fmt.Errorf("%w: it holds from %s to %s", ErrStale, s.thisUpdate.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	}
	return nil
}

func (s ocspSingle) until(maxAge time.Duration) time.Time {
	if s.nextUpdate.IsZero() {
		return s.thisUpdate.Add(maxAge)
	}
	return s.nextUpdate
}
