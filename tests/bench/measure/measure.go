//go:build linux

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/cardbridge/cardbridge/testcard/rig"
)

// The names of rows. bench.mjs sets the aims by them.
const (
	startHost  = "start to hello: host"
	startGo    = "start to answer: bare Go"
	startC     = "start to answer: bare C"
	cardNotice = "card in to notification"
	cardPrompt = "card in to PIN window asked"
	cardC      = "card in to event: bare C"
)

func (b *bench) measure(rounds int) ([]row, error) {
	b.peaks = map[string]float64{}
	against := floors{startHost: startGo, startGo: startC, cardNotice: cardC, cardPrompt: cardC}
	items := []item{
		{[]string{startHost}, rounds, func() ([]time.Duration, error) { return b.start(startHost, b.host, caller) }},
		{[]string{startGo}, rounds, func() ([]time.Duration, error) { return b.start(startGo, b.echo) }},
		{[]string{startC}, rounds, func() ([]time.Duration, error) { return b.start(startC, b.floor, "echo") }},
	}
	for i, m := range b.modules {
		n := rounds / (2 + i) // the card is slower
		list, sign, login := "cold list: "+m.name, "PIN to signature: "+m.name, "cold login: "+m.name
		for _, name := range []string{list, sign, login} {
			against[name] = name + ", bare C"
		}
		items = append(items,
			item{[]string{list}, n, func() ([]time.Duration, error) { return b.list(m) }},
			item{[]string{list + ", bare C"}, n, func() ([]time.Duration, error) { d, _, err := b.bare(m, list, "list"); return d[:1], err }},
			item{[]string{sign}, n, func() ([]time.Duration, error) { return b.sign(m) }},
			item{[]string{login}, n, func() ([]time.Duration, error) { return b.login(m) }},
			item{[]string{login + ", bare C", sign + ", bare C"}, n, func() ([]time.Duration, error) {
				d, signing, err := b.bare(m, login, "sign")
				return []time.Duration{d[1], signing}, err
			}},
		)
	}
	items = append(items, b.agentItems(rounds, against)...)
	few := min(rounds/8, 24) // the daemon's poll takes most of the time
	items = append(items,
		item{[]string{cardNotice, cardPrompt, cardC}, few, b.insert},
		item{[]string{noticeIn, noticePrompt, noticeOut, noticeWait}, few, b.notice},
		item{busyRows[:], few, b.busy},
	)
	times, err := interleave(items)
	if err != nil {
		return nil, err
	}
	if pid, _ := b.activator.pid(); pid != 0 {
		b.keep(agentMemory, peakOf(pid))
	}
	for range 8 {
		if err := b.memory(); err != nil {
			return nil, err
		}
	}
	return table(items, times, against, b.peaks), nil
}

// start is from fork to the answer to the first message.
func (b *bench) start(name, program string, args ...string) ([]time.Duration, error) {
	began := time.Now()
	p, err := spawn(b.modules[0].env, program, args...)
	if err != nil {
		return nil, err
	}
	err = p.call(hello, "hello")
	took := time.Since(began)
	if err == nil {
		b.keep(name, peakOf(p.cmd.Process.Pid))
		err = p.end()
	}
	return []time.Duration{took}, err
}

// greeted is a fresh host.
func (b *bench) greeted(m module) (*process, error) { return b.greetedBy(b.host, m) }

func (b *bench) greetedBy(host string, m module) (*process, error) {
	if err := b.use(m); err != nil {
		return nil, err
	}
	p, err := spawn(m.env, host, caller)
	if err != nil {
		return nil, err
	}
	return p, p.call(hello, "hello")
}

// list is from the request to the answer, in a fresh host.
func (b *bench) list(m module) ([]time.Duration, error) {
	p, err := b.greeted(m)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = p.call(certificates, "list")
	took := time.Since(began)
	if err == nil {
		err = p.end()
	}
	return []time.Duration{took}, err
}

// sign is from the PIN to the token, with the prepared signer waiting.
func (b *bench) sign(m module) ([]time.Duration, error) { return b.signBy(b.host, m) }

func (b *bench) signBy(host string, m module) ([]time.Duration, error) {
	p, err := b.greetedBy(host, m)
	if err != nil {
		return nil, err
	}
	prompt, err := p.ask()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = p.answer(prompt, m.pin)
	took := time.Since(began)
	if host == b.relay {
		b.keep(relayMemory, peakOf(p.cmd.Process.Pid))
	}
	if err == nil {
		err = p.end()
	}
	return []time.Duration{took}, err
}

// login is from fork to the token, with the PIN given at once.
func (b *bench) login(m module) ([]time.Duration, error) {
	began := time.Now()
	p, err := b.greeted(m)
	if err != nil {
		return nil, err
	}
	prompt, err := p.ask()
	if err == nil {
		err = p.answer(prompt, m.pin)
	}
	took := time.Since(began)
	if err == nil {
		err = p.end()
	}
	return []time.Duration{took}, err
}

// bare does the same in C: until its answer, until its end; signing is its own time from C_Login to the signature.
func (b *bench) bare(m module, name, what string) (whole [2]time.Duration, signing time.Duration, err error) {
	args := []string{what, m.path}
	if what == "sign" {
		args = append(args, m.pin)
	}
	began := time.Now()
	p, err := spawn(m.env, b.floor, args...)
	if err != nil {
		return whole, 0, err
	}
	line, err := p.out.ReadString('\n')
	whole[0] = time.Since(began)
	if err == nil {
		_, err = io.Copy(io.Discard, p.out)
	}
	if ended := p.cmd.Wait(); err == nil {
		err = ended
	}
	whole[1] = time.Since(began)
	var ns, count, kib int64
	if _, bad := fmt.Sscan(line, &ns, &count, &kib); err == nil && (bad != nil || count == 0) {
		err = fmt.Errorf("the bare program printed %q", line)
	}
	b.keep(name+", bare C", float64(kib)/1024)
	return whole, time.Duration(ns), err
}

// insert is from the card's way into the reader to what tells of it. The daemon asks its driver every 400 ms.
func (b *bench) insert() ([]time.Duration, error) {
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
	bare, err := spawn(b.modules[1].env, b.floor, "watch", rig.Readers[0])
	if err != nil {
		return nil, err
	}
	event := make(chan time.Time, 1)
	go func() { _, _ = bare.out.ReadByte(); event <- time.Now() }()
	// Removal was in step with the daemon's poll; insertion shall come at any moment of it. The bare program has no way to say
	// that it listens: hence the 50 ms.
	time.Sleep(50*time.Millisecond + rand.N(400*time.Millisecond))
	began := time.Now()
	if err := b.rig.Put(0, b.card.Card); err != nil {
		return nil, err
	}
	if _, err := p.await(func(m message) bool { return m.Method == "card" }); err != nil {
		return nil, err
	}
	notice := time.Since(began)
	if _, err := p.await(func(m message) bool { return m.Method == "prompt" && m.Params.State == "pin" }); err != nil {
		return nil, err
	}
	prompt := time.Since(began)
	direct := (<-event).Sub(began)
	_ = bare.cmd.Process.Kill()
	_ = bare.cmd.Wait()
	return []time.Duration{notice, prompt, direct}, p.end()
}
