//go:build linux

package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

const (
	origin = "https://portal.example"
	// keys are shared by the cards: RSA keys are slow to make, and no verifier profits from seeing one again.
	keys = 16
)

// world is the cards with their CA, in files as the portal wants them.
type world struct {
	*pki.PKI
	trust, personnel, bindings, secret string
	cards                              []card
	leaf, issuer, root                 *x509.Certificate // of the first card, for the floor
}

type card struct {
	key         *rsa.PrivateKey
	certificate string // base64
}

func newWorld(dir string, cards int) (*world, error) {
	p, err := pki.Listen(pki.Options{})
	if err != nil {
		return nil, err
	}
	w := &world{PKI: p, trust: filepath.Join(dir, "trust"), personnel: filepath.Join(dir, "personnel.csv"),
		bindings: filepath.Join(dir, "bindings.csv"), secret: filepath.Join(dir, "secret")}
	w.issuer, w.root = p.Certificate(pki.Citizen), p.Certificate(pki.Root)
	if err := errors.Join(p.WriteTrust(w.trust), w.makeCards(cards), w.writeFiles()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return w, nil
}

func (w *world) makeCards(n int) error {
	made := make([]*rsa.PrivateKey, keys)
	for i := range made {
		var err error
		if made[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return err
		}
	}
	for i := range n {
		key := made[i%keys]
		cert, err := w.Citizen(pki.Person{Name: "王小明", SerialNumber: subjectSerial(i), IDTail: idNumber(i)[6:]}, key.Public(), pki.Variant{})
		if err != nil {
			return err
		}
		if i == 0 {
			w.leaf = cert
		}
		w.cards = append(w.cards, card{key, base64.StdEncoding.EncodeToString(cert.Raw)})
	}
	return nil
}

func subjectSerial(i int) string { return fmt.Sprintf("%016d", i+1) }

// idNumber makes up the ID number of a card's holder: a letter, the sex, seven digits, a check digit. Beyond the letter A
// nothing in it means anything.
func idNumber(i int) string {
	digits := fmt.Sprintf("1%07d", i)
	sum := 1 // of A = 10: 1×1 + 0×9
	for at, c := range digits {
		sum += int(c-'0') * (8 - at)
	}
	return fmt.Sprintf("A%s%d", digits, (10-sum%10)%10)
}

// writeFiles makes every holder a person in office whose card is bound.
func (w *world) writeFiles() error {
	persons, bindings := "身分證號,自訂帳號,姓名,狀態\n", "憑證機構,憑證序號,身分證號\n"
	var p, b = []byte(persons), []byte(bindings)
	for i := range w.cards {
		p = fmt.Appendf(p, "%s,bench%07d,王小明,現職\n", idNumber(i), i)
		b = fmt.Appendf(b, "moica,%s,%s\n", subjectSerial(i), idNumber(i))
	}
	return errors.Join(os.WriteFile(w.personnel, p, 0o600), os.WriteFile(w.bindings, b, 0o600))
}

// token is web-eid:1.0 as the host makes it: RS256 over H(origin) || H(nonce).
func (c card) token(nonce string) (map[string]string, error) {
	signature, err := rsa.SignPKCS1v15(nil, c.key, crypto.SHA256, statement(nonce))
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"format": "web-eid:1.0", "algorithm": "RS256", "appVersion": "bench/1", "unverifiedCertificate": c.certificate,
		"signature": base64.StdEncoding.EncodeToString(signature),
	}, nil
}

// statement is the digest that RS256 signs.
func statement(nonce string) []byte {
	first, second := sha256.Sum256([]byte(origin)), sha256.Sum256([]byte(nonce))
	digest := sha256.Sum256(append(first[:], second[:]...))
	return digest[:]
}
