//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
)

// control is the control API. Every path takes its parameters from the query or from a flat JSON
// object in the body, and answers JSON; a refusal is {"error": "…"} with status 400.
//
//	/state                          everything: see stateAnswer
//	/cards                          every card that there can be: see cardAnswer
//	/certificate?card=              pem, holder, serialNumber, idTail, oid of a card's login certificate
//	/insert?reader=&card=[&wait=0]  put a card in; returns once the daemon has noticed, unless wait=0
//	/remove?reader=[&wait=0]        pull the card out
//	/notice?reader=[&card=]         insert, or without a card remove, and tell when the daemon told its clients
//	/swap?reader=&card=             replace the card
//	/set?card=…                     pinTries, signDelayMs, apduDelayMs, pullOnSign (true stays until false)
//	/reset-card?card=               fresh PIN, PUK and tries, counters at zero, no delays, no pullOnSign
//	/plug?reader= and /unplug?reader=  a reader, with its card, comes to or leaves the computer
//	/hold?reader=[&shared=1]        another program connects to the card, exclusively unless shared
//	/release?reader=                and lets go of it
//	/daemon?up=0|1[&kill=1]         stop (or kill -9) or start the PC/SC daemon; stopping takes the cards out
//	/ocsp?mode= and /crl?mode=      how the PKI answers (pki.Modes)
//
// All but the first three and /notice answer what /state answers, and want POST.
type control struct {
	rig  *rig.Rig
	pki  *pki.PKI
	deck *deck.Deck

	mu   sync.Mutex
	held map[int]func() error // what ends a hold, by reader
}

// CardState is what a card says about itself.
type CardState struct {
	PINTries    int   `json:"pinTries"`
	PUKTries    int   `json:"pukTries"`
	Verified    bool  `json:"verified"`
	Verifies    int   `json:"verifies"`
	Signatures  int   `json:"signatures"`
	SignDelayMS int64 `json:"signDelayMs"`
	APDUDelayMS int64 `json:"apduDelayMs"`
}

// readerState is a reader with the card in it. Present is the truth, Noticed what the daemon believes.
type readerState struct {
	Reader  int    `json:"reader"`
	Name    string `json:"name"`
	Plugged bool   `json:"plugged"` // as the daemon sees it
	Present bool   `json:"present"`
	Noticed bool   `json:"noticed"`
	Clients int32  `json:"clients"` // PC/SC connections to the card; -1 for an exclusive one
	Card    string `json:"card,omitempty"`
	*CardState
}

// stateAnswer is /state: the two readers, and every card that was made so far.
type stateAnswer struct {
	Readers []readerState        `json:"readers"`
	Cards   map[string]CardState `json:"cards"`
	Daemon  bool                 `json:"daemon"`
	OCSP    pki.Mode             `json:"ocsp"`
	CRL     pki.Mode             `json:"crl"`
}

// certificateAnswer is /certificate.
type certificateAnswer struct {
	PEM          string `json:"pem"`
	Holder       string `json:"holder"`
	SerialNumber string `json:"serialNumber,omitempty"`
	IDTail       string `json:"idTail,omitempty"`
	OID          string `json:"oid,omitempty"`
}

func (c *control) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/state", answer(func(parameters) (any, error) { return c.state(), nil }))
	m.HandleFunc("/cards", answer(cards))
	m.HandleFunc("/certificate", answer(c.certificate))
	m.HandleFunc("POST /notice", answer(c.notice))
	for path, do := range map[string]func(parameters) error{
		"/insert": c.insert, "/remove": c.remove, "/swap": c.swap, "/set": c.set,
		"/reset-card": c.resetCard, "/daemon": c.daemon, "/plug": c.plug, "/unplug": c.unplug, "/hold": c.hold, "/release": c.release,
		"/ocsp": func(q parameters) error { return c.pki.SetOCSP(pki.Mode(q["mode"])) },
		"/crl":  func(q parameters) error { return c.pki.SetCRL(pki.Mode(q["mode"])) },
	} {
		m.HandleFunc("POST "+path, answer(func(q parameters) (any, error) {
			if err := do(q); err != nil {
				return nil, err
			}
			return c.state(), nil
		}))
	}
	return m
}

func answer(do func(parameters) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := readParameters(w, r)
		var out any
		if err == nil {
			out, err = do(q)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // a caller that left needs no answer
	}
}

func (c *control) state() stateAnswer {
	s := stateAnswer{Cards: map[string]CardState{}}
	s.OCSP, s.CRL = c.pki.State()
	daemon, err := c.rig.State()
	s.Daemon = err == nil
	for i, name := range c.rig.Names() {
		x := readerState{Reader: i, Name: name}
		for _, d := range daemon {
			if d.Name == name {
				x.Plugged, x.Noticed, x.Clients = true, d.Present, d.Clients
			}
		}
		s.Readers = append(s.Readers, x)
	}
	for _, d := range c.deck.Made() {
		own := stateOf(d)
		s.Cards[d.Name] = own
		for i := range s.Readers {
			if c.rig.Card(i) == d.Card {
				x := &s.Readers[i]
				x.Present, x.Card, x.CardState = true, d.Name, &own
			}
		}
	}
	return s
}

func stateOf(d *deck.Card) CardState {
	s := d.State()
	sign, apdu := d.Delays()
	return CardState{s.PINTries, s.PUKTries, s.Verified, s.Verifies, s.Signatures, sign.Milliseconds(), apdu.Milliseconds()}
}

func (c *control) certificate(q parameters) (any, error) {
	d, err := c.deck.Card(q["card"])
	if err != nil {
		return nil, err
	}
	if d.Certificate == nil {
		return nil, fmt.Errorf("card %s has no certificate; ask for another card", d.Name)
	}
	a := certificateAnswer{PEM: string(pki.PEM(d.Certificate)), Holder: d.Holder, SerialNumber: d.SerialNumber, IDTail: d.IDTail}
	if d.OID != nil {
		a.OID = d.OID.String()
	}
	return a, nil
}

func (c *control) insert(q parameters) error {
	reader, d, err := c.readerAndCard(q)
	if err != nil {
		return err
	}
	if q["wait"] == "0" || q["wait"] == "false" {
		return c.rig.Put(reader, d.Card)
	}
	return c.rig.Insert(reader, d.Card)
}

func (c *control) remove(q parameters) error {
	reader, err := q.number("reader")
	if err != nil {
		return err
	}
	if q["wait"] == "0" || q["wait"] == "false" {
		return c.rig.Pull(reader)
	}
	return c.rig.Remove(reader)
}

func (c *control) swap(q parameters) error {
	reader, d, err := c.readerAndCard(q)
	if err != nil {
		return err
	}
	return c.rig.Swap(reader, d.Card)
}

func (c *control) readerAndCard(q parameters) (int, *deck.Card, error) {
	reader, err := q.number("reader")
	if err != nil {
		return 0, nil, err
	}
	d, err := c.deck.Card(q["card"])
	return reader, d, err
}

func (c *control) set(q parameters) error {
	d, err := c.deck.Card(q["card"])
	if err != nil {
		return err
	}
	sign, apdu := d.Delays()
	for name, apply := range map[string]func(int){
		"pinTries":    d.SetTries,
		"signDelayMs": func(n int) { sign = time.Duration(n) * time.Millisecond },
		"apduDelayMs": func(n int) { apdu = time.Duration(n) * time.Millisecond },
	} {
		if _, ok := q[name]; !ok {
			continue
		}
		n, err := q.number(name)
		if err != nil {
			return err
		}
		apply(n)
	}
	d.SetDelays(sign, apdu)
	if v, ok := q["pullOnSign"]; ok {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("pullOnSign is true or false, not %q", v)
		}
		c.rig.PullOnSign(d.Card, on)
	}
	return nil
}

func (c *control) resetCard(q parameters) error {
	d, err := c.deck.Card(q["card"])
	if err != nil {
		return err
	}
	d.Renew()
	return nil
}

// insertAll carries out the flag -in; an empty name leaves its reader empty.
func (c *control) insertAll(names string) error {
	for i, name := range strings.Split(names, ",") {
		if name == "" {
			continue
		}
		d, err := c.deck.Card(name)
		if err != nil {
			return err
		}
		if err := c.rig.Insert(i, d.Card); err != nil {
			return err
		}
	}
	return nil
}
