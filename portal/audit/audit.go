// Package audit is the trail of who tried to enter a portal with which card.
package audit

import "time"

// Action is what was tried.
type Action string

// Actions.
const (
	Login  Action = "login"  // a card was presented
	Bind   Action = "bind"   // a proved card was to be bound to an account
	Logout Action = "logout" // a person left
	Import Action = "import" // a file replaced the personnel, the agencies or the bindings
	Unbind Action = "unbind" // the help desk parted a card from its account
)

// The outcomes that are no refusal's code.
const (
	OK      = "ok"
	Proved  = "proved"  // the card is genuine; its account is not known yet
	Rebound = "rebound" // bound in place of another card of the same account
)

// Event is one line of the trail. It holds no PIN, no ID number, no name: Card, Person and Thumbprint lead to these for who
// may read the personnel file.
type Event struct {
	At      time.Time
	Action  Action
	Outcome string // OK, Proved, Rebound, or the refusal's code
	// CardKind is verify's word; Card is issuer family + "/" + subject serialNumber; Thumbprint is the certificate's SHA-256
	// in hex. Empty where nothing was proved: what an unproved certificate claims of its holder is not written down.
	CardKind, Card, Thumbprint string
	// Person is account.Hash.String() of the person, Agency the agency's OID; empty where not known.
	Person, Agency string
	// Address is the client's IP address without a port.
	Address string
	// Request is the id under which the portal's log speaks of the same request.
	Request string
	// Detail is what was imported with its counts, never something that a person typed.
	Detail string
}
