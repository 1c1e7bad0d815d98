//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
)

// visit is one login on its way.
type visit struct {
	card    card
	cookie  string
	nonce   string
	request []byte // of the login, ready to be sent
}

// client spreads its requests over the portals in turn, as a plain proxy does.
type client struct {
	place   *databases
	portals []*process
	wires   []*wires
}

func newClient(place *databases, portals []*process) *client {
	c := &client{place: place, portals: portals}
	for _, p := range portals {
		c.wires = append(c.wires, &wires{address: p.address})
	}
	return c
}

func (c *client) close() {
	for _, w := range c.wires {
		w.close()
	}
}

// send goes to the nth portal.
func (c *client) send(n int, request []byte, read func(answer) error) error {
	return c.wires[n%len(c.wires)].send(request, func(a answer) error {
		if a.status != http.StatusOK {
			return fmt.Errorf("the portal answered %d: %.300s", a.status, a.body)
		}
		return read(a)
	})
}

var (
	challengeRequest = request("/api/challenge", "", []byte("{}"))
	nonceBefore      = []byte(`"challengeNonce":"`)
	boundNext        = []byte(`"next":"/welcome"`)
)

func (c *client) challenge(n int, v *visit) error {
	return c.send(n, challengeRequest, func(a answer) error {
		_, after, _ := bytes.Cut(a.body, nonceBefore)
		nonce, _, found := bytes.Cut(after, []byte{'"'})
		if len(a.cookie) == 0 || !found {
			return errors.New("/api/challenge gave no nonce or no cookie")
		}
		v.cookie, v.nonce = string(a.cookie), string(nonce)
		return nil
	})
}

func (v *visit) sign() error {
	token, err := v.card.token(v.nonce)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"challengeNonce": v.nonce, "token": token})
	v.request = request("/api/login", v.cookie, body)
	return err
}

func (c *client) login(n int, v *visit) error {
	return c.send(n, v.request, func(a answer) error {
		if !bytes.Contains(a.body, boundNext) {
			return fmt.Errorf("the login answered %.300s, not /welcome: the card is not bound", a.body)
		}
		return nil
	})
}

// timed adds the time that the work takes, with what everybody computes meanwhile.
func (r *result) timed(place *databases, portals []*process, work func() error) error {
	runtime.GC() // of what was made before: keys, cards, signatures
	before, err := place.read(portals)
	if err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	after, err := place.read(portals)
	r.used = r.used.plus(after.minus(before))
	return err
}

// logins is one login for each visit: all challenges, all signatures (which the cards would make, so they are not timed), all
// logins. A login goes to another portal than its challenge.
func (c *client) logins(ctx context.Context, concurrency int, visits []visit) (result, error) {
	r := result{logins: len(visits)}
	err := r.timed(c.place, c.portals, func() error {
		_, err := each(ctx, concurrency, len(visits), func(i int) error { return c.challenge(i, &visits[i]) })
		return err
	})
	if err != nil {
		return r, err
	}
	if _, err := each(ctx, concurrency, len(visits), func(i int) error { return visits[i].sign() }); err != nil {
		return r, err
	}
	err = r.timed(c.place, c.portals, func() (err error) {
		r.times, err = each(ctx, concurrency, len(visits), func(i int) error { return c.login(i+1, &visits[i]) })
		return err
	})
	return r, err
}

// measure is a fresh database with n portals on it.
func (b *bench) measure(ctx context.Context, place *databases, n int) (result, error) {
	r, err := b.withPortals(ctx, place, n, nil, func(c *client) (result, error) {
		return c.logins(ctx, b.concurrency, b.visits(0, b.cards))
	})
	if err != nil {
		return r, err
	}
	r.transactions, err = place.transactions(ctx, b.cards)
	return r, err
}

// visits are count logins with the cards in turn, from the first-th.
func (b *bench) visits(first, count int) []visit {
	visits := make([]visit, count)
	for i := range visits {
		visits[i].card = b.world.cards[(first+i)%len(b.world.cards)]
	}
	return visits
}

// withPortals starts them, has each fetch its CRL by one login, which is not measured, then does the work.
func (b *bench) withPortals(ctx context.Context, place *databases, n int, flags []string, work func(*client) (result, error)) (r result, err error) {
	address, err := b.filled(ctx, place)
	if err != nil {
		return r, err
	}
	var portals []*process
	defer func() {
		for _, p := range portals {
			err = errors.Join(err, p.stop())
		}
	}()
	for range n {
		p, err := b.start(ctx, address, flags...)
		if err != nil {
			return r, err
		}
		portals = append(portals, p)
	}
	c := newClient(place, portals)
	defer c.close()
	if _, err := c.logins(ctx, 1, b.visits(0, n)); err != nil {
		return r, err
	}
	before, err := c.memory()
	if err != nil {
		return r, err
	}
	if r, err = work(c); err != nil {
		return r, err
	}
	r.before = before
	r.after, err = c.memory()
	return r, err
}

// memory is that of all portals together, in MiB.
func (c *client) memory() (all float64, err error) {
	for _, p := range c.portals {
		mib, memoryErr := p.memory()
		all, err = all+mib, errors.Join(err, memoryErr)
	}
	return all, err
}

// memory is one portal over b.logins logins, in rounds of the cards. What counts is the second half against the first: a
// program's memory grows to its working size, then it must stay.
func (b *bench) memory(ctx context.Context, place *databases) (row, error) {
	var halfway float64
	r, err := b.withPortals(ctx, place, 1, []string{"-limit-card", "0"}, func(c *client) (result, error) {
		var all result
		for all.logins < b.logins {
			part, err := c.logins(ctx, b.concurrency, b.visits(all.logins, min(len(b.world.cards), b.logins-all.logins)))
			if err != nil {
				return all, err
			}
			all.logins += part.logins
			all.used = all.used.plus(part.used)
			all.times = append(all.times, part.times...)
			if halfway == 0 && all.logins >= b.logins/2 {
				if halfway, err = c.memory(); err != nil {
					return all, err
				}
			}
		}
		return all, nil
	})
	made := r.row(fmt.Sprintf("%s: portal, 1, memory over %d logins", place.name, b.logins), nil)
	made.MemoryHalfway = rounded(halfway)
	return made, err
}
