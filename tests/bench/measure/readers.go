//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// From the moment at which the daemon itself tells its clients.
const (
	noticeIn     = "daemon's notice of a card to notification"
	noticePrompt = "daemon's notice of a card to PIN window asked"
	noticeOut    = "daemon's notice of a removal to notification"
	noticeWait   = "daemon's notice of a removal to waiting window asked"
)

var busyRows = [3]string{"PIN to signature: no other browser busy", "PIN to signature: 1 other browser busy", "PIN to signature: 2 other browsers busy"}

// notice is from the daemon's own word, heard on a connection of its own, to what the host makes of it.
func (b *bench) notice() ([]time.Duration, error) {
	if err := b.rig.Remove(0); err != nil {
		return nil, err
	}
	p, err := b.greeted(b.modules[1])
	if err != nil {
		return nil, err
	}
	if prompt, err := p.ask(); err != nil || prompt.Params.State != "wait" {
		return nil, fmt.Errorf("no wait for a card: %+v %w", prompt, err)
	}
	in, err := b.change(p, func() error { return b.rig.Put(0, b.card.Card) }, "present", "pin")
	if err != nil {
		return nil, err
	}
	out, err := b.change(p, func() error { return b.rig.Pull(0) }, "empty", "wait")
	if err != nil {
		return nil, err
	}
	// the next item wants the card, the daemon's poll its time
	if err := errors.Join(b.rig.WaitCard(0, false), b.rig.Insert(0, b.card.Card)); err != nil {
		return nil, err
	}
	return append(in, out...), p.end()
}

// change measures from the daemon's notice of what do does to the notification of that state, then to that prompt. A prompt of
// the card's former state may still come between.
func (b *bench) change(p *process, do func() error, state, prompt string) ([]time.Duration, error) {
	told, err := b.rig.Notice()
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	if _, err := p.await(func(m message) bool { return m.Method == "card" && m.Params.State == state }); err != nil {
		return nil, err
	}
	notified := time.Now()
	if _, err := p.await(func(m message) bool { return m.Method == "prompt" && m.Params.State == prompt }); err != nil {
		return nil, err
	}
	asked := time.Now()
	at, ok := <-told
	if !ok {
		return nil, errors.New("the daemon told of no change")
	}
	return []time.Duration{notified.Sub(at), asked.Sub(at)}, nil
}

// busy is from the PIN to the token while 0, 1, 2 other browsers have a login open on a card in the other reader and list all
// certificates again and again.
func (b *bench) busy() (times []time.Duration, err error) {
	if err := b.rig.Insert(1, b.other.Card); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.rig.Remove(1)) }()
	var stops []func() error
	defer func() {
		for _, stop := range stops {
			err = errors.Join(err, stop())
		}
	}()
	for others := range busyRows {
		if others > 0 {
			stop, err := b.another()
			if err != nil {
				return nil, err
			}
			stops = append(stops, stop)
		}
		took, err := b.signWithCitizen()
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}

// signWithCitizen leaves out a round in which the card could not be read: a module may hang in a card that another browser resets
// just then, which the log of the busy browsers' lists counts.
func (b *bench) signWithCitizen() (time.Duration, error) {
	for range 5 {
		p, err := b.greeted(b.modules[1])
		if err != nil {
			return 0, err
		}
		prompt, err := p.askFor("citizen")
		if err != nil {
			return 0, err
		}
		if prompt.Params.State != "pin" {
			b.disturbed.Add(1)
			if err := p.end(); err != nil {
				return 0, err
			}
			continue
		}
		began := time.Now()
		err = p.answer(prompt, b.card.PIN)
		took := time.Since(began)
		return took, errors.Join(err, p.end())
	}
	return 0, errors.New("no login came to its PIN beside busy browsers")
}

// another is a busy browser: the first has the PIN window of the other card, further ones wait in its queue.
func (b *bench) another() (stop func() error, err error) {
	p, err := b.greeted(b.modules[1])
	if err != nil {
		return nil, err
	}
	if _, err := p.askFor("agency"); err != nil {
		return nil, err
	}
	quit, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-quit:
				ended <- nil
				return
			default:
				if err := p.send(certificates); err != nil {
					ended <- err
					return
				}
				m, err := p.await(func(m message) bool { return m.ID == "list" })
				if err != nil {
					ended <- err
					return
				}
				b.lists.Add(1)
				if strings.Contains(string(m.Result), `"certificates":[]`) {
					b.disturbed.Add(1)
				}
			}
		}
	}()
	return func() error { close(quit); return errors.Join(<-ended, p.end()) }, nil
}
