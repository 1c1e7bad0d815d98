package revocation

import (
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxSingles      = 64 // certificates that one answer speaks of
	maxCertificates = 8  // certificates that come with an answer
)

// Certificate statuses; their values are the tags of RFC 6960 section 4.2.1.
const (
	statusGood    = 0
	statusRevoked = 1
	statusUnknown = 2
)

// ocspAnswer is a BasicOCSPResponse, not yet verified.
type ocspAnswer struct {
	signed       []byte // ResponseData, with tag
	algorithm    x509.SignatureAlgorithm
	signature    []byte
	certificates [][]byte
	// One of the two is the ResponderID.
	byName, byKey []byte
	producedAt    time.Time
	singles       []ocspSingle
	nonce         []byte // the extension's value; nil without one
}

type ocspSingle struct {
	id                                certID
	status, reason                    int
	revokedAt, thisUpdate, nextUpdate time.Time
}

func malformed(what string) error { return fmt.Errorf("%w: OCSP %s", ErrMalformed, what) }

// parseOCSP reads an OCSPResponse (RFC 6960 section 4.2.1) to its last byte; a refusal by the responder is a *Refused.
func parseOCSP(data []byte) (ocspAnswer, error) {
	input := cryptobyte.String(data)
	var response, wrapped, content, kind, basic cryptobyte.String
	var status int
	var present bool
	if !input.ReadASN1(&response, der.SEQUENCE) || !input.Empty() || !response.ReadASN1Enum(&status) {
		return ocspAnswer{}, malformed("response")
	}
	if status != 0 {
		return ocspAnswer{}, &Refused{Status: status}
	}
	if !response.ReadOptionalASN1(&wrapped, &present, explicit(0)) || !present || !response.Empty() ||
		!wrapped.ReadASN1(&content, der.SEQUENCE) || !wrapped.Empty() ||
		!content.ReadASN1(&kind, der.OBJECT_IDENTIFIER) || string(kind) != oidOCSPBasic ||
		!content.ReadASN1(&basic, der.OCTET_STRING) || !content.Empty() {
		return ocspAnswer{}, malformed("responseBytes")
	}
	return parseBasic(basic)
}

func parseBasic(input cryptobyte.String) (ocspAnswer, error) {
	var answer ocspAnswer
	var basic, signed cryptobyte.String
	if !input.ReadASN1(&basic, der.SEQUENCE) || !input.Empty() || !basic.ReadASN1Element(&signed, der.SEQUENCE) {
		return answer, malformed("BasicOCSPResponse")
	}
	answer.signed = signed
	oid, ok := readAlgorithm(&basic)
	if !ok || !basic.ReadASN1BitStringAsBytes(&answer.signature) {
		return answer, malformed("signature")
	}
	var err error
	if answer.algorithm, err = signatureAlgorithm(oid); err != nil {
		return answer, err
	}
	if err := answer.readCertificates(basic); err != nil {
		return answer, err
	}
	return answer, answer.readData(signed)
}

func (a *ocspAnswer) readCertificates(rest cryptobyte.String) error {
	var wrapped, list cryptobyte.String
	var present bool
	if !rest.ReadOptionalASN1(&wrapped, &present, explicit(0)) || !rest.Empty() ||
		(present && (!wrapped.ReadASN1(&list, der.SEQUENCE) || !wrapped.Empty())) {
		return malformed("certs")
	}
	for !list.Empty() {
		var cert cryptobyte.String
		if len(a.certificates) == maxCertificates || !list.ReadASN1Element(&cert, der.SEQUENCE) {
			return malformed("certs")
		}
		a.certificates = append(a.certificates, cert)
	}
	return nil
}

func (a *ocspAnswer) readData(element cryptobyte.String) error {
	var data, list cryptobyte.String
	version := 0
	if !element.ReadASN1(&data, der.SEQUENCE) || !data.ReadOptionalASN1Integer(&version, explicit(0), 0) || version != 0 ||
		!a.readResponder(&data) || !data.ReadASN1GeneralizedTime(&a.producedAt) || !data.ReadASN1(&list, der.SEQUENCE) {
		return malformed("ResponseData")
	}
	for !list.Empty() {
		var single cryptobyte.String
		if len(a.singles) == maxSingles || !list.ReadASN1(&single, der.SEQUENCE) {
			return malformed("responses")
		}
		parsed, err := parseSingle(single)
		if err != nil {
			return err
		}
		a.singles = append(a.singles, parsed)
	}
	return optionalExtensions(&data, func(id []byte, critical bool, value cryptobyte.String) error {
		switch {
		case string(id) == oidNonce:
			a.nonce = append([]byte{}, value...)
		case critical:
			return malformed("extension that is critical but unknown")
		}
		return nil
	})
}

func (a *ocspAnswer) readResponder(data *cryptobyte.String) bool {
	var id, content cryptobyte.String
	var tag der.Tag
	if !data.ReadAnyASN1(&id, &tag) {
		return false
	}
	switch tag {
	case explicit(1):
		ok := id.ReadASN1Element(&content, der.SEQUENCE) && id.Empty()
		a.byName = content
		return ok
	case explicit(2):
		ok := id.ReadASN1(&content, der.OCTET_STRING) && id.Empty() && len(content) > 0
		a.byKey = content
		return ok
	default:
		return false
	}
}

// optionalExtensions reads [1] EXPLICIT Extensions, then wants the end.
func optionalExtensions(from *cryptobyte.String, visit visitor) error {
	var wrapped, list cryptobyte.String
	var present bool
	if !from.ReadOptionalASN1(&wrapped, &present, explicit(1)) || !from.Empty() ||
		(present && (!wrapped.ReadASN1(&list, der.SEQUENCE) || !wrapped.Empty())) {
		return malformed("extensions")
	}
	return readExtensions(list, visit)
}

func parseSingle(from cryptobyte.String) (ocspSingle, error) {
	var single ocspSingle
	var status, wrapped cryptobyte.String
	var tag der.Tag
	var present bool
	if !single.id.read(&from) || !from.ReadAnyASN1(&status, &tag) || !single.readStatus(tag, status) ||
		!from.ReadASN1GeneralizedTime(&single.thisUpdate) || !from.ReadOptionalASN1(&wrapped, &present, explicit(0)) ||
		(present && (!wrapped.ReadASN1GeneralizedTime(&single.nextUpdate) || !wrapped.Empty())) {
		return single, malformed("SingleResponse")
	}
	return single, optionalExtensions(&from, func(_ []byte, critical bool, _ cryptobyte.String) error {
		if critical {
			return malformed("extension that is critical but unknown")
		}
		return nil
	})
}

func (id *certID) read(from *cryptobyte.String) bool {
	var sequence, nameHash, keyHash, number cryptobyte.String
	var ok bool
	if !from.ReadASN1(&sequence, der.SEQUENCE) {
		return false
	}
	if id.algorithm, ok = readAlgorithm(&sequence); !ok || !sequence.ReadASN1(&nameHash, der.OCTET_STRING) ||
		!sequence.ReadASN1(&keyHash, der.OCTET_STRING) || !sequence.ReadASN1(&number, der.INTEGER) || !sequence.Empty() {
		return false
	}
	id.nameHash, id.keyHash = nameHash, keyHash
	id.serial, ok = serialOf(number)
	return ok
}

func (s *ocspSingle) readStatus(tag der.Tag, content cryptobyte.String) bool {
	switch tag {
	case der.Tag(statusGood).ContextSpecific():
		s.status = statusGood
		return content.Empty()
	case der.Tag(statusUnknown).ContextSpecific():
		s.status = statusUnknown
		return content.Empty()
	case explicit(statusRevoked):
		s.status = statusRevoked
		var wrapped cryptobyte.String
		var present bool
		return content.ReadASN1GeneralizedTime(&s.revokedAt) && content.ReadOptionalASN1(&wrapped, &present, explicit(0)) &&
			content.Empty() && (!present || (wrapped.ReadASN1Enum(&s.reason) && wrapped.Empty()))
	default:
		return false
	}
}

// about finds the one word on a certificate; two of them would leave the choice to whoever looks.
func (a ocspAnswer) about(id certID) (ocspSingle, error) {
	var found *ocspSingle
	for i := range a.singles {
		if !a.singles[i].id.equal(id) {
			continue
		}
		if found != nil {
			return ocspSingle{}, malformed("answer speaks twice of the certificate")
		}
		found = &a.singles[i]
	}
	if found == nil {
		return ocspSingle{}, ErrOther
	}
	return *found, nil
}
