package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"unsafe"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"

	"github.com/cardbridge/cardbridge/signature/ecdsasig"
)

// openedKey is a token that a signer has open. Two libraries share the one loaded module: crypto11 initialises it, finds the
// key pair, signs as a crypto.Signer; miekg/pkcs11 does what crypto11 cannot: C_Login with its exact result (crypto11's
// Configure accepts a wrong PIN on a token that is logged in already), a NULL PIN for PIN pads, CKU_CONTEXT_SPECIFIC, keys
// without a public half, tokens that refuse its read-write sessions. Nothing outside this file sees either.
type openedKey struct {
	p       *pkcs11.Ctx
	high    *crypto11.Context // nil: the token refused crypto11
	slot    uint
	session pkcs11.SessionHandle
}

// openToken loads the module with that slot open. The process serves one token, so nothing is ever closed: its end does it. direct
// leaves crypto11 out, where it is known to fail: it would finalize the module, and not every module begins anew.
func openToken(module string, slot uint, direct bool) (*openedKey, *failure) {
	k := &openedKey{slot: slot}
	if !direct {
		number := int(slot)
		// what is wrong shows below, where it has a name
		k.high, _ = crypto11.Configure(&crypto11.Config{Path: module, SlotNumber: &number, LoginNotSupported: true, MaxSessions: 2})
	}
	if k.p = pkcs11.New(module); k.p == nil {
		return nil, notLoaded(module)
	}
	if k.high == nil {
		// crypto11 was not asked, or gave up and finalized the module
		if err := k.p.Initialize(); err != nil && ckr(err) != pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED {
			return nil, moduleFailure("C_Initialize", err)
		}
		// some modules know no slot before they were asked for the list; one that is not there shows below
		_, _ = k.p.GetSlotList(true)
	}
	var err error
	if k.session, err = k.p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		return nil, moduleFailure("C_OpenSession", err)
	}
	return k, nil
}

// verify re-reads serial number and certificate: the card may have been exchanged since it was scanned. C_GetSlotInfo comes
// first because modules answer from memory until it makes them look.
func (k *openedKey) verify(order signOrder) (pkcs11.TokenInfo, *failure) {
	if _, err := k.p.GetSlotInfo(k.slot); err != nil {
		return pkcs11.TokenInfo{}, moduleFailure("C_GetSlotInfo", err)
	}
	info, err := k.p.GetTokenInfo(k.slot)
	if err != nil {
		return info, moduleFailure("C_GetTokenInfo", err)
	}
	if trimmed(info.SerialNumber) != order.Serial {
		return info, &failure{Kind: failChanged}
	}
	certs, unreadable, err := readCertificates(k.p, k.session, order.Cert.KeyID)
	if err != nil {
		return info, moduleFailure("C_FindObjects", err)
	}
	for _, c := range certs {
		if bytes.Equal(c.DER, order.Cert.DER) {
			return info, nil
		}
	}
	if unreadable > 0 {
		return info, &failure{Kind: failModule, Call: "C_GetAttributeValue"}
	}
	return info, &failure{Kind: failChanged}
}

func (k *openedKey) login(user uint, pin PIN) error {
	b := pin.bytes()
	// no copy in Go's memory; an empty one becomes the NULL pointer that means "ask at the pad" (PKCS#11, C_Login)
	return k.p.Login(k.session, user, unsafe.String(unsafe.SliceData(b), len(b)))
}

// statement is what one signature is over.
type statement struct {
	digest []byte
	hash   crypto.Hash
	pss    bool
}

// sign makes one signature on a logged-in token: PKCS#1 v1.5, PSS with a salt of the hash's length, or ECDSA as DER.
func (k *openedKey) sign(cert *x509.Certificate, keyID []byte, what statement, pin PIN) ([]byte, *failure) {
	var opts crypto.SignerOpts = what.hash
	if what.pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: what.hash}
	}
	key, f := k.privateKey(cert.PublicKey, keyID)
	if f != nil {
		return nil, f
	}
	if k.high != nil && key.byID && !key.always {
		if signer, err := k.high.FindKeyPair(keyID, nil); err == nil && signer != nil {
			signature, err := signer.Sign(nil, what.digest, opts)
			if err != nil {
				return nil, moduleFailure("C_Sign", err)
			}
			return signature, nil
		}
	}
	return k.signDirectly(key, cert, what, pin)
}

// signDirectly is the way of keys that want the PIN for each use, have no public half, or are not found by their CKA_ID.
func (k *openedKey) signDirectly(key privateKey, cert *x509.Certificate, what statement, pin PIN) ([]byte, *failure) {
	mechanism, input, err := mechanismFor(cert.PublicKey, what)
	if err != nil {
		return nil, &failure{Kind: failModule, Call: "C_SignInit"}
	}
	if err := k.p.SignInit(k.session, []*pkcs11.Mechanism{mechanism}, key.handle); err != nil {
		return nil, moduleFailure("C_SignInit", err)
	}
	if key.always {
		// C_Login has just accepted this PIN, so it costs no try
		if err := k.login(pkcs11.CKU_CONTEXT_SPECIFIC, pin); err != nil {
			return nil, loginFailure(err, !pin.Present())
		}
	}
	signature, err := k.p.Sign(k.session, input)
	if err != nil {
		return nil, moduleFailure("C_Sign", err)
	}
	if public, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
		if signature, err = ecdsasig.ToDER(public.Curve, signature); err != nil {
			return nil, &failure{Kind: failModule, Call: "C_Sign"}
		}
	}
	return signature, nil
}

// digestInfo is the DER before the digest (RFC 8017, section 9.2, note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

var pssHash = map[crypto.Hash][2]uint{
	crypto.SHA256: {pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256},
	crypto.SHA384: {pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384},
	crypto.SHA512: {pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512},
}

var errMechanism = errors.New("token: no mechanism for this key and hash")

func mechanismFor(public crypto.PublicKey, what statement) (*pkcs11.Mechanism, []byte, error) {
	hash := what.hash
	switch public.(type) {
	case *ecdsa.PublicKey:
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), what.digest, nil
	case *rsa.PublicKey:
		if prefix, ok := digestInfo[hash]; ok && !what.pss {
			return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), append(bytes.Clone(prefix), what.digest...), nil
		}
		if p, ok := pssHash[hash]; ok {
			return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pkcs11.NewPSSParams(p[0], p[1], uint(hash.Size()))), what.digest, nil
		}
	}
	return nil, nil, errMechanism
}
