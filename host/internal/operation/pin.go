package operation

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// signWith holds the reader's queue, prepares a signer, asks for PINs until the card signs. Whatever happens, the card is reset
// before the queue is released; a card that could not be reset takes the result with it.
func (l *signing) signWith(ctx context.Context, f found) (result any, err error) {
	l.call.Thumbprint = f.shown.ID
	what, err := l.purpose.statement(f)
	if err != nil {
		return nil, err
	}
	if len(what.Digests) == 0 {
		return l.purpose.result(f, nil)
	}
	release, err := l.hold(ctx, f)
	if err != nil {
		return nil, err
	}
	defer release()
	signer, err := l.room.Cards.Prepare(ctx, l.spare, f.card)
	if err != nil {
		if errors.Is(err, token.ErrCardRemoved) {
			err = token.ErrCardChanged // no PIN was asked yet, so it is only another card
		}
		return nil, l.changedCard(err)
	}
	defer func() {
		closed := make(chan error, 1)
		go func() { closed <- signer.Close() }() // a browser that reads no more must not hold up the reset
		l.call.Person.Progress("resetting")
		if reset := <-closed; reset != nil {
			l.call.Log.Error().Err(reset).Msg("card not reset")
			result, err = nil, reset
		}
	}()
	if l.only.padOnly && !signer.Pad {
		return nil, l.changedCard(token.ErrCardChanged) // the module said otherwise a moment ago: another reader, or a contradiction
	}
	p := pinDialog{signing: l, f: f, signer: signer, tries: signer.Tries, until: l.room.Now().Add(signerLife)}
	signatures, err := p.sign(ctx, what)
	if err != nil {
		return nil, l.changedCard(err)
	}
	return l.purpose.result(f, signatures)
}

// changedCard goes on by itself where no PIN was used: the person only exchanged the card.
func (l *signing) changedCard(err error) error {
	if errors.Is(err, token.ErrCardChanged) || errors.Is(err, errAgain) {
		if l.changes++; l.changes > maxChanges {
			return token.ErrCardChanged
		}
		if errors.Is(err, token.ErrCardChanged) {
			if l.contradictions++; l.contradictions > maxContradictions {
				return token.ErrCardChanged
			}
		}
		l.notice = protocol.NoticeCardChanged
		l.pagePIN.Wipe()
		return errAgain
	}
	return err
}

// maxChanges keeps a reader that never rests from making rounds for ever. Where no reader changed, a module contradicts itself:
// a real exchange makes one such round at most, a second one in a row is bad luck.
const (
	maxChanges        = 20
	maxContradictions = 3
)

// signerLife is how long one signer may wait for its person, over all its prompts.
const signerLife = 3 * time.Minute

// pinDialog asks for PINs until one opens the card.
type pinDialog struct {
	*signing
	f      found
	signer *token.Signer
	tries  token.Tries
	until  time.Time // the signer's end: a prepared signer keeps the card powered
	// confirmed: the person has accepted that the next wrong PIN locks the card
	confirmed bool
}

func (p *pinDialog) sign(ctx context.Context, what token.Statement) ([]token.Signature, error) {
	for {
		signatures, err := p.attempt(ctx, what)
		var wrong *token.PINError
		if !errors.As(err, &wrong) {
			return signatures, err
		}
		p.call.Log.Info().Str("reason", string(wrong.Reason)).Str("tries", string(wrong.Tries.State)).Msg("PIN refused")
		p.tries, p.confirmed = wrong.Tries, false
		switch wrong.Reason {
		case token.PINIsLocked:
			return nil, p.locked(ctx)
		case token.PINUnknown:
			return nil, wrong
		case token.PINLength:
			p.notice = protocol.NoticePINRefused // within the limits that the token told, or at a pad
		case token.PINWrong:
			p.notice = protocol.NoticeWrongPIN
		case token.PINTriesChanged:
			p.notice = protocol.NoticeTriesChanged
		}
	}
}

// attempt lets one PIN meet the card.
func (p *pinDialog) attempt(ctx context.Context, what token.Statement) ([]token.Signature, error) {
	switch p.tries.State {
	case token.TriesLocked:
		return nil, p.locked(ctx)
	case token.TriesLast:
		p.dropPagePIN()
		if err := p.confirmLast(ctx); err != nil {
			return nil, err
		}
	}
	if p.signer.Pad {
		return p.atPad(ctx, what)
	}
	pin, err := p.pin(ctx)
	if err != nil {
		return nil, err
	}
	return p.signer.Sign(ctx, pin, p.tries, what, p.call.Person.Progress)
}

// atPad signs with the PIN typed at the reader, while the window says so. The window's cancel ends the signer, as does a window
// that could not be shown: nobody would know what the PIN is for.
func (p *pinDialog) atPad(ctx context.Context, what token.Statement) ([]token.Signature, error) {
	p.dropPagePIN()
	ctx, cancel := context.WithCancelCause(ctx)
	shown := make(chan struct{})
	prompt := p.show(protocol.StatePINPad)
	// the window and the host run out of time together
	prompt.TimeoutSeconds = max(1, min(prompt.TimeoutSeconds, int(p.signer.PadTime()/time.Second)))
	p.signer.PadUntil = time.Now().Add(time.Duration(prompt.TimeoutSeconds) * time.Second)
	var typed atomic.Bool
	go func() {
		defer close(shown)
		answer, err := p.askUntil(ctx, p.signer.Gone(), prompt)
		switch late := err != nil || answer.Action == protocol.ActionTimeout; {
		case late && typed.Load(), errors.Is(err, errAgain): // the PIN was in time; the signer tells of a card that left
		case err != nil:
			cancel(err)
		default:
			cancel(declined(answer))
		}
	}()
	signatures, err := p.signer.Sign(ctx, token.PIN{}, p.tries, what, func(phase string) {
		typed.Store(phase == token.PhaseSigning)
		p.call.Person.Progress(phase)
	})
	switch {
	case errors.Is(err, context.Canceled):
		err = context.Cause(ctx)
	case errors.Is(err, token.ErrPadCancel):
		err = &protocol.Error{Code: protocol.UserCancelled}
	case errors.Is(err, token.ErrPadTimeout):
		err = &protocol.Error{Code: protocol.UserTimeout}
	}
	cancel(nil)
	<-shown
	return signatures, err
}

// pin gets the next PIN: from the page if it may, else from the window.
func (p *pinDialog) pin(ctx context.Context) (token.PIN, error) {
	// full-width characters are a slip of the input method, which the window tells of while they are typed
	if p.pagePIN.Present() && p.pagePIN.ASCII() && p.length(p.pagePIN) == "" {
		pin := p.pagePIN
		p.pagePIN = token.PIN{}
		return pin, nil
	}
	p.dropPagePIN()
	for {
		answer, err := p.askUntil(ctx, p.signer.Lost(), p.show(protocol.StatePIN))
		if err != nil {
			return token.PIN{}, err
		}
		if answer.Action != protocol.ActionPIN || !answer.PIN.Present() {
			return token.PIN{}, declined(answer)
		}
		if p.notice = p.length(answer.PIN); p.notice == "" {
			return answer.PIN, nil
		}
		answer.PIN.Wipe() // never sent to the card
	}
}

// length compares with what the token said; "" fits.
func (p *pinDialog) length(pin token.PIN) string {
	switch {
	case pin.Len() < p.signer.MinPIN:
		return protocol.NoticePINTooShort
	case p.signer.MaxPIN > 0 && pin.Len() > p.signer.MaxPIN:
		return protocol.NoticePINTooLong
	}
	return ""
}

func (p *pinDialog) show(state string) protocol.PromptParams {
	prompt := p.prompt(state)
	prompt.Certificate, prompt.Reader = &p.f.shown, p.f.shown.Reader
	left := int(p.until.Sub(p.room.Now()) / time.Second)
	prompt.TimeoutSeconds = max(1, min(prompt.TimeoutSeconds, left))
	prompt.Tries = &protocol.Tries{State: string(p.tries.State), Left: p.tries.Left}
	if p.signer.MaxPIN > 0 && (state == protocol.StatePIN || state == protocol.StatePINPad) {
		prompt.PINLength = &protocol.PINLength{Min: p.signer.MinPIN, Max: p.signer.MaxPIN}
	}
	return prompt
}

func (p *pinDialog) confirmLast(ctx context.Context) error {
	if p.confirmed {
		return nil
	}
	answer, err := p.askUntil(ctx, p.signer.Lost(), p.show(protocol.StateLastTry))
	if err != nil {
		return err
	}
	if answer.Action != protocol.ActionConfirm {
		return declined(answer)
	}
	p.confirmed = true
	return nil
}

// locked shows where the card can be unlocked, then ends the operation.
func (p *pinDialog) locked(ctx context.Context) error {
	p.tries = token.Tries{State: token.TriesLocked}
	prompt := p.show(protocol.StateLocked)
	prompt.UnlockURL = p.room.Policy.UnlockURL(p.f.shown.Kind)
	if _, err := p.askUntil(ctx, nil, prompt); err != nil && ctx.Err() != nil {
		return err
	}
	return &protocol.Error{Code: protocol.PINLocked, Facts: protocol.Facts{UnlockURL: prompt.UnlockURL}}
}
