package account

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
	"github.com/cardbridge/cardbridge/portal/verify"
)

const (
	// FailuresADay is how many wrong accounts a card may name between two midnights in Taiwan.
	FailuresADay = 5

	day        = 24 * time.Hour
	recordTime = 5 * time.Second
)

// Desk admits proved cards; safe for concurrent use.
type Desk struct {
	store  Store
	hasher Hasher
	clock  func() time.Time
}

// NewDesk wants a store, the hasher with which its personnel file was imported; a nil clock is time.Now.
func NewDesk(store Store, hasher Hasher, clock func() time.Time) *Desk {
	if clock == nil {
		clock = time.Now
	}
	return &Desk{store, hasher, clock}
}

// Visit is where a request comes from.
type Visit struct {
	Old              session.Key // of the session that ends; any key if there is none
	Address, Request string      // for the audit trail
}

// Enter admits the holder of a verified certificate and begins a session: State Person for a bound card, Proved for one
// whose account must be named first, Agency. The id is for the browser's cookie. The error is *Refused, written to the
// trail, or what the store says.
func (d *Desk) Enter(ctx context.Context, identity verify.Identity, visit Visit) (id string, begun session.Session, err error) {
	event := d.event(audit.Login, d.card(identity), visit)
	switch identity.CardKind {
	case verify.CardCitizen:
		begun, err = d.person(ctx, identity, &event)
	case verify.CardAgency:
		begun, err = d.agency(ctx, identity, &event)
	default:
		err = &Refused{Reason: ErrCardKind}
	}
	if err != nil {
		return "", session.Session{}, d.refuse(ctx, event, err)
	}
	return d.begin(ctx, begun, visit, event)
}

// begin opens the session and stores it.
func (d *Desk) begin(ctx context.Context, begun session.Session, visit Visit, event audit.Event) (string, session.Session, error) {
	id := d.open(&begun)
	err := d.store.Begin(ctx, visit.Old, begun, event)
	if errors.Is(err, ErrConflict) { // unbound, or out of office, since we looked
		err = d.refuse(ctx, event, &Refused{Reason: ErrMeanwhile, Person: begun.Person})
	}
	return id, begun, err
}

// person finds the account that is bound to the card; without one the card is only proved.
func (d *Desk) person(ctx context.Context, identity verify.Identity, event *audit.Event) (session.Session, error) {
	card := d.card(identity)
	if identity.Kind != verify.KindPerson || card.Serial == "" || card.Family == "" {
		return session.Session{}, &Refused{Reason: ErrIncomplete}
	}
	binding, person, err := d.store.Bound(ctx, CardKey{card.Family, card.Serial})
	switch {
	case errors.Is(err, ErrNoBinding):
		if len(card.Tail) == 0 || Name(card.Name) == "" { // nothing to compare an account with
			return session.Session{}, &Refused{Reason: ErrIncomplete}
		}
		event.Outcome = audit.Proved
		return session.Session{State: session.Proved, Card: card}, nil
	case errors.Is(err, ErrNoPerson):
		return session.Session{}, &Refused{Reason: ErrVanished, Person: binding.Person}
	case err != nil:
		return session.Session{}, err
	case !person.InOffice:
		return session.Session{}, &Refused{Reason: ErrLeftOffice, Person: person.ID}
	}
	event.Person = person.ID.String()
	return session.Session{State: session.Person, Person: person.ID, Card: card}, nil
}

func (d *Desk) agency(ctx context.Context, identity verify.Identity, event *audit.Event) (session.Session, error) {
	if identity.AgencyOID == "" {
		return session.Session{}, &Refused{Reason: ErrIncomplete}
	}
	event.Agency = identity.AgencyOID
	agency, err := d.store.Agency(ctx, identity.AgencyOID)
	if errors.Is(err, ErrNoAgency) {
		return session.Session{}, &Refused{Reason: ErrUnknownAgency}
	}
	if err != nil {
		return session.Session{}, err
	}
	return session.Session{State: session.Agency, AgencyOID: agency.OID, Card: d.card(identity)}, nil
}

// Bind binds the card of a session in state Proved to the account that was typed, or to that of the ID number, then logs in.
// The error is *Refused, written to the trail; session.ErrNone if the proof has expired or was spent; what the store says.
func (d *Desk) Bind(ctx context.Context, proved session.Session, typed string, visit Visit) (id string, begun session.Session, err error) {
	card := CardKey{proved.Card.Family, proved.Card.Serial}
	event := d.event(audit.Bind, proved.Card, visit)
	if proved.State != session.Proved {
		return "", session.Session{}, session.ErrNone
	}
	if id, begun, err = d.already(ctx, card, proved, visit, event); !errors.Is(err, ErrNoBinding) {
		return id, begun, err
	}
	person, err := d.prove(ctx, proved.Card, typed)
	if err != nil {
		return "", session.Session{}, d.refuse(ctx, event, err)
	}
	return d.bind(ctx, proved, card, person, visit, event)
}

// already logs in with a card that was bound since it was proved: another tab was faster. ErrNoBinding: it was not.
func (d *Desk) already(ctx context.Context, card CardKey, proved session.Session, visit Visit, event audit.Event) (string, session.Session, error) {
	binding, person, err := d.store.Bound(ctx, card)
	switch {
	case errors.Is(err, ErrNoPerson):
		err = &Refused{Reason: ErrVanished, Person: binding.Person}
	case err == nil && !person.InOffice:
		err = &Refused{Reason: ErrLeftOffice, Person: binding.Person}
	}
	if err != nil {
		return "", session.Session{}, d.refuse(ctx, event, err)
	}
	event.Person = person.ID.String()
	return d.begin(ctx, session.Session{State: session.Person, Person: person.ID, Card: proved.Card}, visit, event)
}

// prove finds the person that was named, and compares. The count goes up before anything is looked up, so that a hundred
// guesses at once are not a hundred first ones; it comes down again where the guess was none.
func (d *Desk) prove(ctx context.Context, card session.Card, typed string) (Person, error) {
	find, err := d.finder(typed)
	if err != nil {
		return Person{}, err
	}
	bucket, now := "bind "+CardKey{card.Family, card.Serial}.String(), d.clock()
	count, err := d.store.Count(ctx, bucket, day, now)
	if err != nil {
		return Person{}, err
	}
	if count > FailuresADay {
		return Person{}, &Refused{Reason: ErrTooManyTries}
	}
	person, err := find(ctx)
	left := FailuresADay - count
	switch {
	case errors.Is(err, ErrNoPerson):
		return Person{}, &Refused{Reason: ErrNotInFile, Left: left}
	case err != nil:
		return Person{}, errors.Join(err, d.store.Uncount(ctx, bucket, day, now))
	case !d.same(card, person):
		return Person{}, &Refused{Reason: ErrOtherHolder, Left: left}
	case !person.InOffice: // said to the holder alone
		return Person{}, errors.Join(&Refused{Reason: ErrLeftOffice, Person: person.ID}, d.store.Uncount(ctx, bucket, day, now))
	}
	return person, d.store.Forget(ctx, bucket, day, now)
}

// finder reads what was typed: an ID number by its form, else a custom account.
func (d *Desk) finder(typed string) (func(context.Context) (Person, error), error) {
	if number, ok := IDNumber(typed); ok {
		return func(ctx context.Context) (Person, error) { return d.store.PersonByID(ctx, d.hasher.ID(number)) }, nil
	}
	name, ok := Account(typed)
	if !ok {
		return nil, &Refused{Reason: ErrMalformed}
	}
	return func(ctx context.Context) (Person, error) { return d.store.PersonByAccount(ctx, name) }, nil
}

// same compares name and last four characters: all that a citizen's certificate says of its holder.
func (d *Desk) same(card session.Card, person Person) bool {
	tail := hmac.Equal(card.Tail, person.Tail[:])
	name := hmac.Equal([]byte(Name(card.Name)), []byte(person.Name))
	return tail && name && len(card.Tail) > 0
}

func (d *Desk) bind(ctx context.Context, proved session.Session, card CardKey, person Person, visit Visit, event audit.Event) (id string, begun session.Session, err error) {
	var replaces *CardKey
	old, err := d.store.CardOf(ctx, person.ID)
	switch {
	case err == nil:
		replaces = &old
		event.Outcome = audit.Rebound
	case !errors.Is(err, ErrNoBinding):
		return "", session.Session{}, err
	}
	event.Person = person.ID.String()
	begun = session.Session{State: session.Person, Person: person.ID, Card: proved.Card, Replaced: replaces != nil}
	id = d.open(&begun)
	binding := Binding{Card: card, Person: person.ID, Thumbprint: proved.Card.Thumbprint, At: begun.Since}
	err = d.store.Bind(ctx, binding, replaces, visit.Old, begun, event)
	if errors.Is(err, ErrConflict) {
		return "", session.Session{}, d.refuse(ctx, event, &Refused{Reason: ErrMeanwhile, Person: person.ID})
	}
	return id, begun, err
}

// open gives the session its id and its times.
func (d *Desk) open(s *session.Session) (id string) {
	id = session.NewID()
	life := session.Idle
	if s.State == session.Proved {
		life = session.ProvedLife
	}
	s.Key, s.Since = session.KeyOf(id), d.clock()
	s.Expires = s.Since.Add(life)
	return id
}

func (d *Desk) card(identity verify.Identity) session.Card {
	card := session.Card{
		Kind: identity.Kind, CardKind: identity.CardKind, Family: identity.IssuerFamily, Serial: identity.SubjectSerial, Name: identity.Name,
		AgencyOID: identity.AgencyOID, Issuer: identity.Issuer, NotAfter: identity.NotAfter, Thumbprint: identity.Thumbprint,
		RevocationChecked: identity.RevocationChecked,
	}
	if identity.IDTail != "" {
		tail := d.hasher.Tail(identity.IDTail)
		card.Tail = tail[:]
	}
	return card
}

func (d *Desk) event(action audit.Action, card session.Card, visit Visit) audit.Event {
	event := audit.Event{At: d.clock(), Action: action, Outcome: audit.OK, CardKind: string(card.CardKind), Thumbprint: card.Thumbprint,
		Address: visit.Address, Request: visit.Request}
	if card.Serial != "" {
		event.Card = CardKey{card.Family, card.Serial}.String()
	}
	return event
}

// refuse writes a refusal to the trail. What is none of *Refused passes.
func (d *Desk) refuse(ctx context.Context, event audit.Event, err error) error {
	refused, ok := errors.AsType[*Refused](err)
	if !ok {
		return err
	}
	event.Outcome = string(refused.Reason)
	if refused.Person != (Hash{}) {
		event.Person = refused.Person.String()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime) // also where the visitor has gone
	defer cancel()
	return errors.Join(err, d.store.Record(ctx, event))
}
