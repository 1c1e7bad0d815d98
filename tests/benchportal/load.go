//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// visit is one login on its way.
type visit struct {
	card   card
	cookie string
	nonce  string
	body   []byte
}

// client spreads its requests over the portals in turn, as a plain proxy does.
type client struct {
	portals []*process
	wires   []*wires
}

func newClient(portals []*process) *client {
	c := &client{portals: portals}
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

// post goes to the nth portal.
func (c *client) post(n int, path, cookie string, body []byte) (answer, error) {
	a, err := c.wires[n%len(c.wires)].post(path, cookie, body)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %.300s", path, a.status, a.body)
	}
	return a, err
}

func (c *client) challenge(n int, v *visit) error {
	given, err := c.post(n, "/api/challenge", "", []byte("{}"))
	if err != nil {
		return err
	}
	var nonce struct{ ChallengeNonce string }
	if err := json.Unmarshal(given.body, &nonce); err != nil {
		return err
	}
	if given.cookie == "" || nonce.ChallengeNonce == "" {
		return errors.New("/api/challenge gave no nonce or no cookie")
	}
	v.cookie, v.nonce = given.cookie, nonce.ChallengeNonce
	return nil
}

func (v *visit) sign() error {
	token, err := v.card.token(v.nonce)
	if err != nil {
		return err
	}
	v.body, err = json.Marshal(map[string]any{"challengeNonce": v.nonce, "token": token})
	return err
}

func (c *client) login(n int, v *visit) error {
	given, err := c.post(n, "/api/login", v.cookie, v.body)
	if err != nil {
		return err
	}
	var told struct{ Next string }
	if err := json.Unmarshal(given.body, &told); err != nil {
		return err
	}
	if told.Next != "/welcome" {
		return fmt.Errorf("the login goes on at %q, not /welcome: the card is not bound", told.Next)
	}
	return nil
}

// logins is one login for each visit: all challenges, all signatures (which the cards would make, so they are not timed), all
// logins. A login goes to another portal than its challenge.
func (c *client) logins(ctx context.Context, concurrency int, visits []visit) (result, error) {
	begun := time.Now()
	_, err := each(ctx, concurrency, len(visits), func(i int) error { return c.challenge(i, &visits[i]) })
	r := result{logins: len(visits), took: time.Since(begun)}
	if err != nil {
		return r, err
	}
	if _, err := each(ctx, concurrency, len(visits), func(i int) error { return visits[i].sign() }); err != nil {
		return r, err
	}
	begun = time.Now()
	r.times, err = each(ctx, concurrency, len(visits), func(i int) error { return c.login(i+1, &visits[i]) })
	r.took += time.Since(begun)
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
	c := newClient(portals)
	defer c.close()
	if _, err := c.logins(ctx, 1, b.visits(0, n)); err != nil {
		return r, err
	}
	memory, cpu, err := c.usage()
	if err != nil {
		return r, err
	}
	if r, err = work(c); err != nil {
		return r, err
	}
	r.before = memory
	r.after, r.cpu, err = c.usage()
	r.cpu -= cpu
	return r, err
}

// usage is the memory in MiB and the computing time of all portals together.
func (c *client) usage() (memory float64, cpu time.Duration, err error) {
	for _, p := range c.portals {
		mib, memoryErr := p.memory()
		took, cpuErr := p.cpu()
		memory, cpu, err = memory+mib, cpu+took, errors.Join(err, memoryErr, cpuErr)
	}
	return memory, cpu, err
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
			all.took += part.took
			all.times = append(all.times, part.times...)
			if halfway == 0 && all.logins >= b.logins/2 {
				if halfway, _, err = c.usage(); err != nil {
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
