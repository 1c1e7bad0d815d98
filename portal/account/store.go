// Package account decides whose account a proved card opens.
package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

// Hash is HMAC-SHA-256 under the portal's key: what stands in the store in place of an ID number.
type Hash [sha256.Size]byte

// String is 64 lower-case hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Person is one row of the personnel file.
type Person struct {
	ID       Hash   // of the ID number
	Tail     Hash   // of its last four characters
	Account  string // the custom account 自訂帳號, normalised; empty: none
	Name     string // normalised by Name
	InOffice bool   // false: 卸職
}

// Agency is one row of the agency code file.
type Agency struct {
	OID  string // dotted
	Code string // 機關代碼
	Name string
}

// CardKey is what an account is bound to. It outlives a certificate: a renewed card keeps both, so the certificate's own
// serial number has no part in it.
type CardKey struct {
	Family string // verify.Identity.IssuerFamily
	Serial string // verify.Identity.SubjectSerial
}

// String is family + "/" + serial.
func (k CardKey) String() string { return k.Family + "/" + k.Serial }

// Binding says that a card opens a person's account. A card opens one account, an account is opened by one card.
type Binding struct {
	Card       CardKey
	Person     Hash
	Thumbprint string // of the certificate that was bound; empty for an imported one
	At         time.Time
}

// What a store says.
var (
	ErrNoPerson  = errors.New("no such person in the personnel file")
	ErrNoAgency  = errors.New("no such agency in the agency code file")
	ErrNoBinding = errors.New("no account is bound to this card")
	// ErrConflict: meanwhile the card or the account was bound by somebody else; look again.
	ErrConflict = errors.New("card or account was bound meanwhile")
)

// Store is what the desk needs of a database that several processes may share. All methods are safe for concurrent use.
type Store interface {
	// Bound gives the binding of the card with the person's row. Without binding ErrNoBinding; with one whose person has
	// vanished from the file: the binding with ErrNoPerson.
	Bound(ctx context.Context, card CardKey) (Binding, Person, error)
	// PersonByAccount and PersonByID give ErrNoPerson where there is none.
	PersonByAccount(ctx context.Context, account string) (Person, error)
	PersonByID(ctx context.Context, id Hash) (Person, error)
	// CardOf gives the card that opens the account now; ErrNoBinding: none.
	CardOf(ctx context.Context, person Hash) (CardKey, error)
	// Agency gives ErrNoAgency where there is none.
	Agency(ctx context.Context, oid string) (Agency, error)

	// Count adds one to the bucket's counter of the window that holds now, in one atomic step, and gives the new count.
	// Windows are aligned to Taiwan's midnight.
	Count(ctx context.Context, bucket string, window time.Duration, now time.Time) (int, error)
	// Uncount takes one back from that counter, never below zero; Forget sets it to zero.
	Uncount(ctx context.Context, bucket string, window time.Duration, now time.Time) error
	Forget(ctx context.Context, bucket string, window time.Duration, now time.Time) error

	// Begin ends the old session, if there is one, begins the new one, writes the event: all or nothing. ErrConflict if the
	// new one is a Person's whose card is not bound to that person at this moment, or who is not in office.
	Begin(ctx context.Context, old session.Key, begun session.Session, event audit.Event) error
	// Bind does what Begin does, and binds. The old session must be there in state Proved, not expired at binding.At
	// (session.ErrNone otherwise): it is the proof, spent once. A nil replaces means that the account must have no card; else
	// it must have that one, which loses it with its sessions. ErrConflict if card or account were bound otherwise meanwhile.
	Bind(ctx context.Context, binding Binding, replaces *CardKey, old session.Key, begun session.Session, event audit.Event) error
	// Record writes an event alone.
	Record(ctx context.Context, event audit.Event) error
}
