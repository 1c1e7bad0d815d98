// Package deck is the set of named test cards.
package deck

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"sort"
	"sync"

	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// The secrets of every card but Letters, whose PIN is PINLetters.
const (
	PIN        = "123456"
	PINLetters = "Abc123"
	PUK        = "12345678"
)

// ErrName says that no card has the name.
var ErrName = errors.New("deck: there is no card of this name; see Names")

// Card is a card with what is known about its holder.
type Card struct {
	*piv.Card
	Facts
	Certificate *x509.Certificate // the login certificate; nil on a card without one
}

// Deck makes cards on first use. Its methods may be called from any goroutine.
type Deck struct {
	pki   *pki.PKI
	rogue func() (*pki.PKI, error)

	mu    sync.Mutex
	cards map[string]*Card
}

// New makes a deck whose certificates come from p.
func New(p *pki.PKI) *Deck {
	rogue := sync.OnceValues(func() (*pki.PKI, error) {
		return pki.New(pki.Options{BaseURL: p.URL(), Name: "rogue"})
	})
	return &Deck{pki: p, rogue: rogue, cards: map[string]*Card{}}
}

// Names lists the cards that there can be, sorted.
func Names() []string {
	var out []string
	for n := range table {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Card gives a card, made now if it was not yet. Making one with RSA keys takes some tenths of a second.
func (d *Deck) Card(name string) (*Card, error) {
	r, ok := table[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrName, name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := d.cards[name]; ok {
		return c, nil
	}
	c, err := d.make(name, r)
	if err != nil {
		return nil, fmt.Errorf("deck: make the card %s: %w", name, err)
	}
	d.cards[name] = c
	return c, nil
}

// Made lists the cards that were made so far, sorted by name.
func (d *Deck) Made() []*Card {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*Card
	for _, c := range d.cards {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (d *Deck) make(name string, r recipe) (*Card, error) {
	facts := r.facts(name)
	conf := piv.Config{PIN: facts.PIN, PUK: PUK, YubiKey: r.yubiKey}
	guid := sha256.Sum256([]byte("CardBridge test card " + name))
	copy(conf.GUID[:], guid[:])
	if r.dumb {
		conf.Dumb, conf.ATR = true, []byte{0x3B, 0x02, 0x14, 0x50}
		return &Card{Card: piv.New(conf), Facts: facts}, nil
	}
	c := &Card{Card: piv.New(conf), Facts: facts}
	if r.locked {
		c.SetTries(0)
	}
	for _, ref := range r.signatureSlots() {
		key, err := newKey(r.curve)
		if err != nil {
			return nil, err
		}
		cert, err := d.issue(r, key.Public(), r.variant)
		if err != nil {
			return nil, err
		}
		c.SetSlot(ref, piv.Slot{Key: key, Certificate: cert, PIN: policy(ref)})
		if c.Certificate == nil {
			c.Certificate = cert
		}
	}
	return c, d.addEncryption(c, r)
}

// addEncryption gives the card what the real ones have beside the login certificate.
func (d *Deck) addEncryption(c *Card, r recipe) error {
	key, err := encryptionKey()
	if err != nil {
		return err
	}
	v := pki.Variant{Issuer: r.variant.Issuer, Encryption: true, Validity: r.variant.Validity}
	cert, err := d.issue(r, key.Public(), v)
	if err != nil {
		return err
	}
	c.SetSlot(piv.Slot9D, piv.Slot{Key: key, Certificate: cert, PIN: piv.PINOnce})
	return nil
}

func (d *Deck) issue(r recipe, public crypto.PublicKey, v pki.Variant) (*x509.Certificate, error) {
	p := d.pki
	if r.rogue {
		var err error
		if p, err = d.rogue(); err != nil {
			return nil, err
		}
	}
	switch {
	case r.company.Name != "":
		return p.Business(r.company, public, v)
	case r.organisation:
		return p.Organisation(r.office, public, v)
	case r.office.Name != "":
		return p.Agency(r.office, public, v)
	}
	return p.Citizen(r.person.Person, public, v)
}

func policy(ref byte) piv.PINPolicy {
	if ref == piv.Slot9C {
		return piv.PINAlways
	}
	return piv.PINOnce
}

func newKey(curve elliptic.Curve) (crypto.Signer, error) {
	if curve != nil {
		return ecdsa.GenerateKey(curve, rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// encryptionKey is one for all cards: no test decrypts, and RSA keys are slow to make.
var encryptionKey = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })
