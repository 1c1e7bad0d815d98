//go:build linux

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// step is one database transaction of a login.
type step string

// The steps of a login whose card is bound: the nonce is kept, the nonce is taken, the card's logins are counted, its binding
// is looked up, session with audit event are written. What may be lost in a power cut (the first, the third) does not wait
// for the disk, here as in the portal.
const (
	stepPut   step = "put"
	stepTake  step = "take"
	stepCount step = "count"
	stepBound step = "bound"
	stepBegin step = "begin"

	defaultSteps = "put,take,count,bound,begin"
)

func parseSteps(text string) ([]step, error) {
	var steps []step
	for _, name := range strings.Split(text, ",") {
		switch s := step(name); s {
		case stepPut, stepTake, stepCount, stepBound, stepBegin:
			steps = append(steps, s)
		default:
			return nil, fmt.Errorf("-steps %q; use some of %s", name, defaultSteps)
		}
	}
	return steps, nil
}

// engine does a step for the nth login.
type engine interface {
	do(ctx context.Context, s step, n int) error
	close() error
}

// proof is a login's RSA work: the holder's signature over the token, those of the two CAs over the chain.
type proof struct {
	key       *rsa.PublicKey
	digest    []byte
	signature []byte
	chain     []signed
}

type signed struct {
	by        *rsa.PublicKey
	digest    []byte
	signature []byte
}

func newProof(w *world) (proof, error) {
	c := w.cards[0]
	p := proof{key: &c.key.PublicKey, digest: statement("nonce")}
	var err error
	if p.signature, err = rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, p.digest); err != nil {
		return p, err
	}
	for _, link := range [][2]*x509.Certificate{{w.leaf, w.issuer}, {w.issuer, w.root}} {
		by, ok := link[1].PublicKey.(*rsa.PublicKey)
		if !ok || link[0].SignatureAlgorithm != x509.SHA256WithRSA {
			return p, fmt.Errorf("%s is not signed by RSA with SHA-256", link[0].Subject)
		}
		digest := sha256.Sum256(link[0].RawTBSCertificate)
		p.chain = append(p.chain, signed{by, digest[:], link[0].Signature})
	}
	return p, nil
}

func (p proof) verify() error {
	for _, s := range append([]signed{{p.key, p.digest, p.signature}}, p.chain...) {
		if err := rsa.VerifyPKCS1v15(s.by, crypto.SHA256, s.digest, s.signature); err != nil {
			return err
		}
	}
	return nil
}

// floor is the same verifications with the same transactions, and nothing else: no HTTP, no JSON, no certificates read. So
// many transactions go into one commit with SQLite.
func (b *bench) floor(ctx context.Context, place *databases, together int) (result, error) {
	p, err := newProof(b.world)
	if err != nil {
		return result{}, err
	}
	on, err := place.floor(ctx, b.cards, together)
	if err != nil {
		return result{}, err
	}
	r, err := b.floorLogins(ctx, place, p, on)
	if err = errors.Join(err, on.close()); err != nil {
		return result{}, err
	}
	r.transactions, err = place.transactions(ctx, b.cards)
	return r, err
}

func (b *bench) floorLogins(ctx context.Context, place *databases, p proof, on engine) (result, error) {
	r := result{logins: b.cards}
	err := r.timed(place, nil, func() (err error) {
		r.times, err = each(ctx, b.concurrency, b.cards, func(n int) error {
			if err := p.verify(); err != nil {
				return err
			}
			for _, s := range b.steps {
				if err := on.do(ctx, s, n); err != nil {
					return fmt.Errorf("step %s: %w", s, err)
				}
			}
			return nil
		})
		return err
	})
	return r, err
}

// each does n things, so many at once; it gives how long each took. The first error ends it.
func each(ctx context.Context, concurrency, n int, do func(i int) error) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	times := make([]time.Duration, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for i := range next {
				begun := time.Now()
				if err := do(i); err != nil {
					cancel(err)
					return
				}
				times[i] = time.Since(begun)
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	workers.Wait()
	return times, context.Cause(ctx)
}
