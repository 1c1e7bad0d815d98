package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"

	"github.com/miekg/pkcs11"
)

// privateKey is a token's private key, as found for a certificate.
type privateKey struct {
	handle pkcs11.ObjectHandle
	always bool // it wants the PIN for each use
	byID   bool // it has the certificate's CKA_ID, alone
}

// maxKeys bounds what a search takes in.
const maxKeys = 64

// privateKey looks only now: real cards show their private keys after C_Login. The key has the certificate's CKA_ID; where that
// leads to none or to several, it is the one with the certificate's public key.
func (k *openedKey) privateKey(public crypto.PublicKey, keyID []byte) (privateKey, *failure) {
	var found []pkcs11.ObjectHandle
	if len(keyID) > 0 {
		var err error
		if found, err = k.find(pkcs11.CKO_PRIVATE_KEY, pkcs11.NewAttribute(pkcs11.CKA_ID, keyID)); err != nil {
			return privateKey{}, moduleFailure("C_FindObjects", err)
		}
	}
	key := privateKey{byID: len(found) == 1}
	if key.byID {
		key.handle = found[0]
	} else {
		var f *failure
		if key.handle, f = k.byPublicKey(public); f != nil {
			return privateKey{}, f
		}
	}
	// whoever has no such attribute wants the PIN once
	b := k.attribute(key.handle, pkcs11.CKA_ALWAYS_AUTHENTICATE)
	key.always = len(b) == 1 && b[0] != 0
	return key, nil
}

// byPublicKey finds the private key that belongs to a public key, in the ways that modules offer: its own modulus; a public
// key object with the same CKA_ID or label; it is the only one of its kind. A wrong guess costs nothing: what does not verify
// with the certificate never leaves the host.
func (k *openedKey) byPublicKey(public crypto.PublicKey) (pkcs11.ObjectHandle, *failure) {
	kind, curve, value := publicHalf(public)
	if kind == nil {
		return 0, &failure{Kind: failKeyMissing}
	}
	// modules may refuse to search for an attribute that they do not know: that is no failure while there is another way
	if keys, err := k.find(pkcs11.CKO_PRIVATE_KEY, kind, value); err == nil && len(keys) == 1 {
		return keys[0], nil
	}
	halves, _ := k.find(pkcs11.CKO_PUBLIC_KEY, kind, value)
	for _, half := range halves {
		for _, name := range []uint{pkcs11.CKA_ID, pkcs11.CKA_LABEL} {
			same := k.attribute(half, name)
			if len(same) == 0 {
				continue
			}
			if keys, err := k.find(pkcs11.CKO_PRIVATE_KEY, kind, pkcs11.NewAttribute(name, same)); err == nil && len(keys) == 1 {
				return keys[0], nil
			}
		}
	}
	if curve != nil {
		if keys, err := k.find(pkcs11.CKO_PRIVATE_KEY, kind, curve); err == nil && len(keys) == 1 {
			return keys[0], nil
		}
	}
	keys, err := k.find(pkcs11.CKO_PRIVATE_KEY, kind)
	if err != nil {
		return 0, moduleFailure("C_FindObjects", err)
	}
	if len(keys) != 1 {
		return 0, &failure{Kind: failKeyMissing}
	}
	return keys[0], nil
}

// publicHalf gives the type of a key, its curve if it has one, the attribute that tells it from others; nil: no key that can sign.
func publicHalf(public crypto.PublicKey) (kind, curve, value *pkcs11.Attribute) {
	switch p := public.(type) {
	case *rsa.PublicKey:
		return pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA), nil, pkcs11.NewAttribute(pkcs11.CKA_MODULUS, p.N.Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		oid, known := curves[p.Curve]
		if err != nil || !known {
			return nil, nil, nil
		}
		// CKA_EC_POINT is the point inside an OCTET STRING (PKCS#11 mechanisms, section 2.3.3)
		der, err := asn1.Marshal(point)
		params, err2 := asn1.Marshal(oid)
		if err != nil || err2 != nil {
			return nil, nil, nil
		}
		return pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC), pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, params),
			pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, der)
	}
	return nil, nil, nil
}

// curves are the names of curves as CKA_EC_PARAMS says them (RFC 5480, section 2.1.1.1).
var curves = map[elliptic.Curve]asn1.ObjectIdentifier{
	elliptic.P256(): {1, 2, 840, 10045, 3, 1, 7}, elliptic.P384(): {1, 3, 132, 0, 34}, elliptic.P521(): {1, 3, 132, 0, 35},
}

func (k *openedKey) find(class uint, template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	return findObjects(k.p, k.session, append([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}, template...), maxKeys)
}

// attribute reads one attribute; nil: there is none.
func (k *openedKey) attribute(object pkcs11.ObjectHandle, name uint) []byte {
	attrs, err := k.p.GetAttributeValue(k.session, object, []*pkcs11.Attribute{pkcs11.NewAttribute(name, nil)})
	if err != nil || len(attrs) != 1 {
		return nil
	}
	return attrs[0].Value
}
