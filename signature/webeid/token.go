// Package webeid is the Web eID authentication token, version 1.0.
package webeid

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// Format is what NewToken writes into the member "format".
const Format = "web-eid:1.0"

const (
	maxTokenBytes       = 64 << 10
	maxCertificateBytes = 16 << 10
	maxAppVersion       = 255
)

// Token is the proof of one login as the portal receives it. Only the signature binds: AppVersion and the minor number of
// Format are the sender's word.
type Token struct {
	// UnverifiedCertificate is the holder's certificate, DER in base64 with padding (RFC 4648 section 4), at most 16 KiB of DER.
	UnverifiedCertificate string `json:"unverifiedCertificate"`
	Algorithm             string `json:"algorithm"`
	// Signature is base64: RSA as long as the modulus, ECDSA as r ‖ s of equal width.
	Signature string `json:"signature"`
	Format    string `json:"format"`
	// AppVersion names the software that made the token, at most 255 printable ASCII characters.
	AppVersion string `json:"appVersion"`
}

// NewToken puts a token together from the certificate, the algorithm given to Digest, and the signature as crypto.Signer
// returned it (ECDSA in ASN.1 DER). It does not verify: call Verify on the result to know that the card did its work.
// Errors: ErrAlgorithm, ErrKey, ErrCertificate, ErrSignatureEncoding, ErrToken.
func NewToken(cert *x509.Certificate, alg Algorithm, signature []byte, appVersion string) (Token, error) {
	if cert == nil || len(cert.Raw) == 0 || len(cert.Raw) > maxCertificateBytes {
		return Token{}, fmt.Errorf("%w: none, or over %d bytes; choose another certificate", ErrCertificate, maxCertificateBytes)
	}
	if err := alg.Fits(cert.PublicKey); err != nil {
		return Token{}, err
	}
	if err := checkAppVersion(appVersion); err != nil {
		return Token{}, err
	}
	raw, err := encodeSignature(cert.PublicKey, signature)
	if err != nil {
		return Token{}, err
	}
	return Token{
		UnverifiedCertificate: base64.StdEncoding.EncodeToString(cert.Raw),
		Algorithm:             string(alg),
		Signature:             base64.StdEncoding.EncodeToString(raw),
		Format:                Format,
		AppVersion:            appVersion,
	}, nil
}

// DecodeToken reads one token from at most 64 KiB of JSON. All five members must stand there once, as strings, with their
// exact names, and no others (RFC 8259 leaves duplicates open; two parsers that choose differently are a hole). What the
// members mean is Verify's matter. Error: ErrToken.
func DecodeToken(data []byte) (Token, error) {
	if len(data) > maxTokenBytes {
		return Token{}, fmt.Errorf("%w: over %d bytes; send the token alone", ErrToken, maxTokenBytes)
	}
	var wire struct {
		UnverifiedCertificate *string `json:"unverifiedCertificate"`
		Algorithm             *string `json:"algorithm"`
		Signature             *string `json:"signature"`
		Format                *string `json:"format"`
		AppVersion            *string `json:"appVersion"`
	}
	if err := json.Unmarshal(data, &wire, json.RejectUnknownMembers(true)); err != nil {
		// The decoder's own text may quote the input, so it is not passed on.
		return Token{}, fmt.Errorf("%w: no JSON object with exactly the five string members; send the token as the SDK gave it", ErrToken)
	}
	var token Token
	for _, member := range []struct {
		name string
		from *string
		to   *string
	}{
		{"unverifiedCertificate", wire.UnverifiedCertificate, &token.UnverifiedCertificate},
		{"algorithm", wire.Algorithm, &token.Algorithm},
		{"signature", wire.Signature, &token.Signature},
		{"format", wire.Format, &token.Format},
		{"appVersion", wire.AppVersion, &token.AppVersion},
	} {
		if member.from == nil {
			return Token{}, fmt.Errorf("%w: member %s is missing; send the token as the SDK gave it", ErrToken, member.name)
		}
		*member.to = *member.from
	}
	if err := checkAppVersion(token.AppVersion); err != nil {
		return Token{}, err
	}
	return token, nil
}

// Certificate reads the certificate without trusting it. Error: ErrCertificate.
func (t Token) Certificate() (*x509.Certificate, error) {
	der, ok := decodeBase64(t.UnverifiedCertificate, maxCertificateBytes)
	if !ok {
		return nil, fmt.Errorf("%w: not base64 of at most %d bytes; log in again", ErrCertificate, maxCertificateBytes)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; ask the certificate's issuer", ErrCertificate, err)
	}
	return cert, nil
}

// Verify checks that the holder of the certificate's key signed this origin and this challenge nonce, both the portal's
// own values and never the client's. It says nothing about who issued the certificate, its validity or its revocation.
// Errors: ErrFormat, ErrAlgorithm, ErrOrigin, ErrNonceLength, ErrNonceCharacter, ErrCertificate, ErrKey,
// ErrSignatureEncoding, ErrSignature.
func (t Token) Verify(origin, challengeNonce string) (*x509.Certificate, error) {
	if !knownFormat(t.Format) {
		return nil, fmt.Errorf("%w: %s; this portal reads web-eid:1", ErrFormat, quote(t.Format))
	}
	alg, err := ParseAlgorithm(t.Algorithm)
	if err != nil {
		return nil, err
	}
	digest, err := Digest(alg, origin, challengeNonce)
	if err != nil {
		return nil, err
	}
	cert, err := t.Certificate()
	if err != nil {
		return nil, err
	}
	if err := alg.Fits(cert.PublicKey); err != nil {
		return nil, err
	}
	signature, ok := decodeBase64(t.Signature, maxRSABits/8)
	if !ok {
		return nil, fmt.Errorf("%w: not base64 of at most %d bytes; log in again", ErrSignatureEncoding, maxRSABits/8)
	}
	if err := verifySignature(alg, cert.PublicKey, digest, signature); err != nil {
		return nil, err
	}
	return cert, nil
}

// knownFormat takes web-eid:1 and web-eid:1.<number>: the specification lets a minor version add members only.
func knownFormat(format string) bool {
	rest, ok := strings.CutPrefix(format, "web-eid:1")
	if !ok || rest == "" {
		return ok
	}
	minor, ok := strings.CutPrefix(rest, ".")
	return ok && minor != "" && len(minor) <= 3 && strings.Trim(minor, "0123456789") == ""
}

// decodeBase64 takes only the one canonical spelling of at most limit bytes: encoding/base64 skips line breaks even when
// strict, so the text is encoded again and compared.
func decodeBase64(text string, limit int) ([]byte, bool) {
	if text == "" || len(text) > base64.StdEncoding.EncodedLen(limit) {
		return nil, false
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(data) > limit || base64.StdEncoding.EncodeToString(data) != text {
		return nil, false
	}
	return data, true
}

func checkAppVersion(text string) error {
	if len(text) > maxAppVersion {
		return fmt.Errorf("%w: appVersion over %d characters", ErrToken, maxAppVersion)
	}
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] > '~' {
			return fmt.Errorf("%w: appVersion holds a character that is not printable ASCII", ErrToken)
		}
	}
	return nil
}
