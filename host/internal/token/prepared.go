package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Signer is a signer process with its token open, waiting for a PIN. It serves one operation; Close must be called.
type Signer struct {
	Tries  Tries
	MinPIN int // bytes; 0: the token did not say
	MaxPIN int
	Pad    bool // the PIN is typed at the reader
	// PadUntil is when a pad that nobody touched is given up, at most PadTime from now
	PadUntil time.Time

	s    *Service
	cert Certificate
	// known is the worst that is known of the tries
	known Tries
	// resets are the readers to reset in the end: the card's, or all that may be it
	resets []string
	child  *child
	gone   chan struct{}
	over   chan struct{} // closed when gone is, or when the process has ended
	stop   context.CancelFunc
	once   sync.Once
}

// Phases that Sign reports: the card is checking the PIN, the card is signing.
const (
	PhaseVerifying = "verifying"
	PhaseSigning   = "signing"
)

// Prepare starts a signer for a certificate: module loaded, slot and session open, serial and certificate compared. Any event on
// that reader ends it (Gone). Errors: *ModuleError, ErrCardRemoved, ErrCardChanged, the context's. After an error the card
// has been reset all the same, as far as it could be. spare may be nil.
func (s *Service) Prepare(ctx context.Context, spare *Spare, cert Certificate) (*Signer, error) {
	view, err := s.watcher.look(ctx)
	if err != nil {
		return nil, err
	}
	c := spare.take(cert.module.Path)
	if c == nil {
		if c, err = s.startSigner(); err != nil {
			return nil, err
		}
	}
	watch, stop := context.WithCancel(context.Background())
	p := &Signer{s: s, cert: cert, child: c, gone: make(chan struct{}), over: make(chan struct{}), stop: stop, resets: view.resets(cert)}
	p.known = s.tries.of(p.memoryKey())
	if cert.inPCSC {
		before, ok := view.Find(cert.Reader)
		if !ok || before.State != ReaderPresent {
			return nil, errors.Join(ErrCardRemoved, p.Close())
		}
		go p.follow(watch, before, view.Changed)
	}
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	go func() {
		defer close(p.over)
		select {
		case <-p.gone:
		case <-p.child.dead:
		}
	}()
	return p, nil
}

func (s *Service) startSigner() (*child, error) {
	c, err := s.start(RoleSigner)
	if err != nil {
		return nil, err
	}
	if err := c.send(loadOrder{}); err != nil {
		c.end()
		return nil, fmt.Errorf("token: cannot start the signer: %w", err)
	}
	return c, nil
}

func (p *Signer) begin(ctx context.Context) error {
	module := p.cert.module.Path
	order := signOrder{Module: module, Slot: p.cert.slot, Serial: p.cert.serial, Cert: certReport{DER: p.cert.X509.Raw, KeyID: p.cert.keyID}, Direct: p.cert.direct, Readers: p.resets}
	if err := p.child.send(order); err != nil {
		return childError(ctx, module, "open", err)
	}
	deadline, cancel := context.WithTimeout(ctx, p.s.cfg.Deadlines.Prepare)
	defer cancel()
	state, err := p.next(ctx, deadline, "open")
	if err != nil {
		return err
	}
	if state.Phase != phaseReady {
		return &ModuleError{module, ModuleFailed, "open", 0}
	}
	p.Tries, p.MinPIN, p.MaxPIN, p.Pad = p.settle(state), state.MinPIN, state.MaxPIN, state.Pad
	return nil
}

// next receives a state; failures that are no PIN's come out as errors. A card that went away explains any failure.
func (p *Signer) next(outer, deadline context.Context, call string) (signerState, error) {
	var state signerState
	err := p.child.receive(deadline, &state)
	if err != nil {
		err = childError(outer, p.cert.module.Path, call, err)
	} else if state.Phase == phaseFailed {
		if state.Failure == nil {
			state.Failure = &failure{Kind: failModule, Call: call}
		}
		if err = state.Failure.asPINError(p.settle(state)); err == nil {
			err = state.Failure.asError(p.cert.module.Path)
		}
	}
	return state, p.explain(err)
}

// explain tells a module's failure from a card that went away, which explains any of them.
func (p *Signer) explain(err error) error {
	var module *ModuleError
	if errors.As(err, &module) && p.removed() {
		return ErrCardRemoved
	}
	return err
}

// removed tells whether the card left. A module notices a pulled card before PC/SC says so, hence the short wait.
func (p *Signer) removed() bool {
	if !p.cert.inPCSC {
		return false
	}
	select {
	case <-p.gone:
		return true
	case <-time.After(noticeRemoval):
		return false
	}
}

// noticeRemoval is a little more than the longest poll of the PC/SC daemon (400 ms where a driver has no events).
const noticeRemoval = 600 * time.Millisecond

// Lost is closed when this signer cannot take a PIN any more: an event on its reader, or the end of its process.
func (p *Signer) Lost() <-chan struct{} { return p.over }

// Gone is closed when the reader had any event since Prepare; the signer is dead then.
func (p *Signer) Gone() <-chan struct{} { return p.gone }

// follow ends the signer at any event on its reader: a PIN typed for one card must not meet another.
func (p *Signer) follow(ctx context.Context, before Reader, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		view, err := p.s.watcher.look(ctx)
		if err != nil {
			return
		}
		if now, ok := view.Find(before.Name); !ok || now != before {
			close(p.gone)
			p.child.end()
			return
		}
		changed = view.Changed
	}
}

// Statement is what one PIN is to sign: PKCS#1 v1.5, PSS (Opts is *rsa.PSSOptions), or ECDSA as DER.
type Statement struct {
	Digests [][]byte // 1 to 20
	Opts    crypto.SignerOpts
}

// Signature is what became of one digest: Err is ErrCardRemoved, ErrKeyMissing or a *ModuleError where there is no signature.
type Signature struct {
	Bytes []byte
	Err   error
}

// Sign gives the PIN to the card, once, unless the tries have become fewer than the person was told, and has the digests signed.
// phase is told how far it is. The PIN is wiped when Sign returns. Each digest has its Signature. Errors, where nothing could
// be signed: *PINError (after wrong and length the signer takes another PIN), ErrCardRemoved, ErrCardChanged, ErrPadCancel, ErrPadTimeout,
// *ModuleError, the context's.
//
// A PIN counts as spent from the moment C_Login is entered: a module that dies or hangs there makes it a *PINError with
// reason unknown. Nothing is ever tried again by itself.
func (p *Signer) Sign(ctx context.Context, pin PIN, told Tries, what Statement, phase func(string)) ([]Signature, error) {
	defer pin.Wipe()
	_, pss := what.Opts.(*rsa.PSSOptions)
	if err := p.child.send(signRequest{Digests: what.Digests, Hash: uint(what.Opts.HashFunc()), PSS: pss, Pad: p.Pad, Told: told.State}); err != nil {
		return nil, p.lost(ctx, err)
	}
	if !p.Pad {
		if err := p.child.out.Write(pin.bytes()); err != nil {
			return nil, p.lost(ctx, err)
		}
		pin.Wipe()
	}
	limits := p.s.cfg.Deadlines
	login := limits.Login
	if p.Pad {
		login = time.Until(p.PadUntil)
	}
	if err := p.expect(ctx, limits.Prepare, phaseLogin); err != nil {
		return nil, err
	}
	phase(PhaseVerifying)
	if state, err := p.step(ctx, login, phaseSign); err != nil {
		if pin := (*PINError)(nil); state.Phase == "" || errors.As(err, &pin) && pin.Reason == PINUnknown { // the try may have been spent
			p.remember(p.known.spent())
		}
		return nil, err
	}
	p.s.tries.say(p.memoryKey(), Tries{})
	phase(PhaseSigning)
	return p.signatures(ctx, len(what.Digests))
}

// signatures takes them in one by one. The first failure is that of all that would have followed: a card that fails is not
// asked again and again.
func (p *Signer) signatures(ctx context.Context, n int) ([]Signature, error) {
	list := make([]Signature, 0, n)
	for len(list) < n {
		state, err := p.step(ctx, p.s.cfg.Deadlines.Sign, phaseSigned)
		switch {
		case err != nil:
		case state.Failure != nil && state.Failure.asPINError(Tries{}) != nil:
			said, _ := state.Failure.triesSaid()
			state.Tries, state.Left = said.State, said.Left
			p.settle(state)
			err = &PINError{PINUnknown, Tries{State: TriesUnknown}} // a key that wants the PIN each time took it differently
		case state.Failure != nil:
			err = p.explain(state.Failure.asError(p.cert.module.Path))
		case len(state.Signature) == 0:
			err = &ModuleError{p.cert.module.Path, ModuleFailed, "C_Sign", 0}
		default:
			list = append(list, Signature{Bytes: state.Signature})
			continue
		}
		if ctx.Err() != nil || len(list) == 0 {
			return nil, err
		}
		for len(list) < n {
			list = append(list, Signature{Err: err})
		}
	}
	return list, nil
}

// expect waits for the signer to reach a phase.
func (p *Signer) expect(ctx context.Context, limit time.Duration, phase string) error {
	_, err := p.step(ctx, limit, phase)
	return err
}

func (p *Signer) step(ctx context.Context, limit time.Duration, want string) (signerState, error) {
	deadline, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	call := "C_Sign"
	if want == phaseSign {
		call = "C_Login"
	}
	state, err := p.next(ctx, deadline, call)
	var module *ModuleError
	switch {
	case want == phaseSign && p.Pad && errors.As(err, &module) && module.Reason == ModuleTimeout:
		return state, ErrPadTimeout
	case want == phaseSign && errors.As(err, &module) && module.Code == 0:
		return state, &PINError{PINUnknown, Tries{State: TriesUnknown}}
	case err == nil && state.Phase != want:
		return state, &ModuleError{p.cert.module.Path, ModuleFailed, call, 0}
	}
	return state, err
}

// lost explains a signer that took nothing any more.
func (p *Signer) lost(ctx context.Context, err error) error {
	if p.removed() {
		return ErrCardRemoved
	}
	return childError(ctx, p.cert.module.Path, "C_Login", err)
}

// Close ends the signer, then has the card reset: a verified card stays verified while anyone keeps it powered, and any program
// could sign with it. It says ErrNotReset if that could not be done. Later calls do nothing.
func (p *Signer) Close() error {
	var err error
	p.once.Do(func() {
		p.stop()
		if len(p.resets) == 0 {
			go p.child.end() // nothing to reset: nobody need wait for the process's end
			return
		}
		p.child.end()
		for _, reader := range p.resets {
			err = errors.Join(err, p.s.reset(reader))
		}
	})
	return err
}
