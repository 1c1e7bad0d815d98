// Package session says who is logged in.
package session

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
)

const (
	// Idle is how long a session outlives its last request; Life how long it lives at most.
	Idle = 30 * time.Minute
	Life = 10 * time.Hour
	// ProvedLife is how long the holder of a proved card may take to name an account.
	ProvedLife = 10 * time.Minute
)

// ErrNone: there is no such session, or it has ended.
var ErrNone = errors.New("no such session; log in again")

// Key names a session in a store: its id's SHA-256, so that a copy of the store opens no session.
type Key [sha256.Size]byte

// NewID is what the browser's cookie holds: 128 bits of randomness at least (OWASP ASVS 3.2.2).
func NewID() string { return rand.Text() }

// KeyOf gives the key of an id; also of one that a client made up.
func KeyOf(id string) Key { return sha256.Sum256([]byte(id)) }

// State is how far a visitor has come.
type State string

// States.
const (
	Proved State = "proved" // the card is genuine; its account is not known yet: nothing but naming it is open
	Person State = "person" // a person is logged in
	Agency State = "agency" // an agency is logged in
)

// Session is one visitor after a card was proved.
type Session struct {
	Key   Key
	State State
	// Person is account.Hash in full, AgencyOID dotted; zero or empty in other states.
	Person    [sha256.Size]byte
	AgencyOID string
	Card      Card
	// Replaced says that at its beginning the card took the place of another card of the same account.
	Replaced bool
	Since    time.Time
	// Expires is Idle after the last request, Life after Since at most; ProvedLife after Since while Proved.
	Expires time.Time
}

// Card is what the session remembers of the certificate: enough to show it, or to compare it with an account.
type Card struct {
	Kind              verify.Kind     `json:"kind"`
	CardKind          verify.CardKind `json:"cardKind"`
	Family            string          `json:"family"`
	Serial            string          `json:"serial"` // the subject's serialNumber
	Name              string          `json:"name"`
	Tail              []byte          `json:"tail,omitzero"` // account.Hasher's Tail of the last four characters; empty: the certificate has none
	AgencyOID         string          `json:"agencyOID,omitzero"`
	Issuer            string          `json:"issuer"`
	NotAfter          time.Time       `json:"notAfter"`
	Thumbprint        string          `json:"thumbprint"`
	RevocationChecked bool            `json:"revocationChecked"`
}
