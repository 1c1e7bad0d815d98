//go:build linux

package main

import "github.com/cardbridge/cardbridge/testcard/deck"

// cardAnswer is a card in /cards: what is known of it before it is made. What a portal makes of it is not the rig's business.
type cardAnswer struct {
	Name         string    `json:"name"`
	Kind         deck.Kind `json:"kind"`
	Holder       string    `json:"holder,omitempty"`
	Unit         string    `json:"unit,omitempty"`
	SerialNumber string    `json:"serialNumber,omitempty"`
	IDNumber     string    `json:"idNumber,omitempty"`
	IDTail       string    `json:"idTail,omitempty"`
	OID          string    `json:"oid,omitempty"`
	BusinessID   string    `json:"businessId,omitempty"`
	PIN          string    `json:"pin"`
	Locked       bool      `json:"locked,omitempty"`
}

// cardsAnswer is /cards.
type cardsAnswer struct {
	Cards []cardAnswer `json:"cards"`
}

// cards lists every card that there can be, sorted by name. It makes none.
func cards(parameters) (any, error) {
	var a cardsAnswer
	for _, name := range deck.Names() {
		f, err := deck.Describe(name)
		if err != nil {
			return nil, err
		}
		c := cardAnswer{Name: f.Name, Kind: f.Kind, Holder: f.Holder, Unit: f.Unit, SerialNumber: f.SerialNumber,
			IDNumber: f.IDNumber, IDTail: f.IDTail, BusinessID: f.BusinessID, PIN: f.PIN, Locked: f.Locked}
		if f.OID != nil {
			c.OID = f.OID.String()
		}
		a.Cards = append(a.Cards, c)
	}
	return a, nil
}
