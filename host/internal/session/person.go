package session

import (
	"context"
	"strconv"

	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// person is who sits before the extension that asked; one for each request.
type person struct {
	s   *session
	id  string
	log zerolog.Logger // the operation's
}

// Ask implements operation.Person: one request on the same pipe, in the other direction.
func (p *person) Ask(ctx context.Context, prompt protocol.PromptParams) (operation.Answer, error) {
	if err := p.s.still(ctx); err != nil {
		return operation.Answer{}, err // a prompt shows whose card it is
	}
	answer := make(chan promptAnswer, 1)
	id := p.s.open(answer)
	defer p.s.close(id)
	b, err := protocol.EncodeRequest(id, protocol.MethodPrompt, prompt)
	if err == nil {
		err = p.s.write(p.log, b)
	}
	if err != nil {
		return operation.Answer{}, err // nobody will answer what was not shown
	}
	select {
	case a := <-answer:
		if err := p.s.still(ctx); err != nil {
			a.answer.PIN.Wipe()
			return operation.Answer{}, err
		}
		return a.answer, a.err
	case <-ctx.Done():
		return operation.Answer{}, ctx.Err()
	}
}

// Progress implements operation.Person.
func (p *person) Progress(state string) {
	b, err := protocol.EncodeNotification(protocol.MethodProgress, protocol.ProgressParams{Operation: p.id, State: state})
	if err == nil {
		_ = p.s.write(p.log, b)
	}
}

func (s *session) open(answer chan promptAnswer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	id := "h" + strconv.Itoa(s.nextID)
	s.prompts[id] = answer
	return id
}

// close makes later answers to this prompt answers to nothing. One that came in the same moment is wiped.
func (s *session) close(id string) {
	s.mu.Lock()
	answer := s.prompts[id]
	delete(s.prompts, id)
	s.mu.Unlock()
	select {
	case a := <-answer:
		a.answer.PIN.Wipe()
	default:
	}
}

// response hands an answer to the prompt that it belongs to. Without one it is dropped, with its PIN.
func (s *session) response(m protocol.Response, pin token.PIN) {
	var a promptAnswer
	switch {
	case m.Error != nil && m.Error.Code == protocol.PromptFailed:
		a.err = m.Error
	case m.Error != nil:
		a.err = &protocol.Error{Code: protocol.PromptFailed}
	default:
		result, err := protocol.DecodeParams[protocol.PromptResult](m.Result)
		if err != nil {
			a.err = &protocol.Error{Code: protocol.InvalidParams}
		}
		a.answer = operation.Answer{PromptResult: result, PIN: pin}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.prompts[m.ID]
	if open == nil || a.err != nil {
		pin.Wipe()
	}
	if open != nil {
		delete(s.prompts, m.ID) // one answer for one prompt
		open <- a               // has room for it
	}
}

// watchCards tells the extension of changes in the readers, from the first operation on that a portal or the extension's page
// was admitted to.
func (s *session) watchCards() {
	s.watching.Do(func() { s.running.Go(func() { s.reportCards(s.life) }) })
}

// watchCardsFrom begins before what the caller sees next, so that no change falls between that and the first notification.
func (s *session) watchCardsFrom(ctx context.Context) {
	s.watchCards()
	select {
	case <-s.looked:
	case <-ctx.Done():
	}
}

func (s *session) reportCards(ctx context.Context) {
	known := map[string]string{}
	for first := true; ; first = false {
		view, err := s.cfg.Room.Cards.Look(ctx)
		if first {
			close(s.looked)
		}
		if err != nil {
			return
		}
		now := map[string]string{}
		for _, r := range operation.ReaderList(view) {
			now[r.Name] = r.State
			if !first && known[r.Name] != r.State {
				s.notifyCard(r.Name, r.State)
			}
		}
		for name := range known {
			if _, still := now[name]; !still {
				s.notifyCard(name, "gone")
			}
		}
		known = now
		select {
		case <-view.Changed:
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) notifyCard(reader, state string) {
	if s.still(s.life) != nil {
		return // another person's card
	}
	if b, err := protocol.EncodeNotification(protocol.MethodCard, protocol.CardParams{Reader: reader, State: state}); err == nil {
		_ = s.write(s.cfg.Log, b)
	}
}
