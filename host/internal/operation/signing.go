package operation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// wish is what a portal may say of the card.
type wish struct {
	certificate string   // one alone; "": any
	kinds       []string // empty: all
	language    string
}

// purpose is what a card is used for: what it signs, what becomes of the signatures.
type purpose interface {
	// documents are what the person is shown of what will be signed, whatever the certificate; none for a login.
	documents() []protocol.PromptDocument
	// statement is what that certificate's key is to sign. Without a digest it is enough that the certificate was chosen.
	statement(f found) (token.Statement, error)
	// result makes the answer, verifying what the module gave.
	result(f found, signatures []token.Signature) (any, error)
}

// signing is one use of a card's key on its way.
type signing struct {
	room      *Room
	call      *Call
	wish      wish
	purpose   purpose
	only      filter // what policy and portal allow
	pagePIN   token.PIN
	notice    string                    // what the next prompt tells has just happened
	documents []protocol.PromptDocument // for each prompt
	spare     *token.Spare              // the next signer
	changes   int                       // rounds that ended because the card changed
	// contradictions are those of them that no reader's event explains
	contradictions int
}

// useCard asks for a card, a certificate, a PIN, until the purpose has its result.
func useCard(ctx context.Context, room *Room, call *Call, w wish, purpose purpose) (any, error) {
	l := &signing{room: room, call: call, wish: w, purpose: purpose, only: filterOf(call, w.kinds), pagePIN: call.PIN, documents: purpose.documents()}
	l.spare = room.Cards.Spare()
	defer l.spare.Close()
	for {
		result, err := l.round(ctx)
		if !errors.Is(err, errAgain) {
			return result, err
		}
	}
}

// errAgain begins another round: the cards are not what they were.
var errAgain = errors.New("operation: the cards changed")

// round scans, has one certificate chosen, signs with it.
func (l *signing) round(ctx context.Context) (any, error) {
	l.call.Thumbprint = "" // of a round before: the card is another one now, perhaps
	l.call.Person.Progress("reading")
	inv, err := l.room.Cards.Scan(ctx, l.spare)
	if err != nil {
		return nil, err
	}
	for _, f := range inv.Failures {
		l.call.Log.Warn().Str("module", f.Path).Str("code", string(ModuleCode(f))).Msg("module not usable")
	}
	list := sortOut(inv, l.room.Now(), l.only)
	usable := slices.DeleteFunc(slices.Clone(list), func(f found) bool {
		return !f.shown.Usable || (l.wish.certificate != "" && f.shown.ID != l.wish.certificate)
	})
	switch len(usable) {
	case 0:
		return nil, l.waitForCard(ctx, inv, list)
	case 1:
		return l.signWith(ctx, usable[0])
	}
	l.dropPagePIN()
	chosen, err := l.choose(ctx, inv, list, usable)
	if err != nil {
		return nil, err
	}
	return l.signWith(ctx, chosen)
}

// waitForCard shows why no certificate can be used until that changes.
func (l *signing) waitForCard(ctx context.Context, inv token.Inventory, list []found) error {
	l.dropPagePIN() // typed with the cards that were there in mind
	prompt := l.prompt(protocol.StateWait)
	prompt.Reason = l.reason(inv, list)
	if prompt.Kinds = l.only.kinds; slices.Contains(prompt.Kinds, noKind) {
		prompt.Kinds = l.wish.kinds
	}
	if prompt.Reason == protocol.WrongIssuer {
		prompt.Issuers = l.only.issuers[:min(len(l.only.issuers), maxNamed)]
	}
	prompt.InstallURL = l.room.installURL(prompt.Reason)
	prompt.Certificates = shown(list)
	answer, err := l.askUntil(ctx, inv.View.Changed, prompt)
	if err != nil {
		return err
	}
	if answer.Action != protocol.ActionRetry {
		return declined(answer)
	}
	return errAgain
}

// reason picks what the person can act on best.
func (l *signing) reason(inv token.Inventory, list []found) protocol.Code {
	if len(list) > 0 {
		if l.namesAnother(list) {
			return protocol.OtherCertificate
		}
		return cmp.Or(barred(list), protocol.NoUsableCertificate)
	}
	all := problems(inv)
	if inv.Modules > 0 {
		// one module of several that is not installed is no reason while another may know the card
		all = slices.DeleteFunc(all, func(p protocol.Problem) bool { return p.Code == protocol.NoModule })
	}
	for _, code := range []protocol.Code{
		protocol.SessionInactive, protocol.PCSCMissing, protocol.PCSCNotRunning, protocol.NoModule, protocol.CardBusy, protocol.ModuleTimeout,
		protocol.ModuleInvalid, protocol.ModuleFailed, protocol.CardNotRecognised, protocol.NoReader, protocol.NoCard,
	} {
		if slices.ContainsFunc(all, func(p protocol.Problem) bool { return p.Code == code }) {
			return code
		}
	}
	return protocol.NoUsableCertificate // a card with no certificate on it
}

// namesAnother: the page named a certificate, and there are only others that could have been used.
func (l *signing) namesAnother(list []found) bool {
	return l.wish.certificate != "" &&
		slices.ContainsFunc(list, func(f found) bool { return f.shown.Usable }) &&
		!slices.ContainsFunc(list, func(f found) bool { return f.shown.ID == l.wish.certificate })
}

func (l *signing) choose(ctx context.Context, inv token.Inventory, list, usable []found) (found, error) {
	prompt := l.prompt(protocol.StateChoose)
	prompt.Certificates = shown(list)
	answer, err := l.askUntil(ctx, inv.View.Changed, prompt)
	if err != nil {
		return found{}, err
	}
	for _, f := range usable {
		if answer.Action == protocol.ActionChoose && f.shown.ID == answer.Certificate {
			return f, nil
		}
	}
	if answer.Action == protocol.ActionChoose {
		return found{}, errAgain // one that cannot be used, or of another scan
	}
	return found{}, declined(answer)
}

// hold waits for the reader's queue, telling the person that another window has it.
func (l *signing) hold(ctx context.Context, f found) (release func(), err error) {
	place, err := l.room.Cards.Queue(f.card)
	if err != nil {
		return nil, err
	}
	first, err := place.First()
	if err == nil && !first {
		err = l.inQueue(ctx, f, place)
	}
	if err != nil {
		place.Leave()
		return nil, err
	}
	return place.Leave, nil
}

// inQueue shows that another window has the reader until the place is the first one.
func (l *signing) inQueue(ctx context.Context, f found, place interface{ First() (bool, error) }) error {
	l.dropPagePIN() // the card may be another one by the time it is our turn
	looking, cancel := context.WithCancel(ctx)
	turn, looked := make(chan struct{}), make(chan struct{})
	defer func() {
		cancel()
		<-looked // it must not look for a place that was left: the number may be another's by then
	}()
	go func() {
		defer close(looked)
		// the queue is the kernel's locks, whose waiting cannot be cancelled: hence asking again
		for looking.Err() == nil {
			if first, err := place.First(); first || err != nil {
				close(turn)
				return
			}
			time.Sleep(queueLook)
		}
	}()
	prompt := l.prompt(protocol.StateWait)
	prompt.Reason = protocol.WindowBusy
	prompt.Reader = f.shown.Reader
	for {
		answer, err := l.askUntil(ctx, turn, prompt)
		switch {
		case errors.Is(err, errAgain):
			_, err := place.First() // an error ended the waiting, or it is our turn
			return err
		case err != nil:
			return err
		case answer.Action != protocol.ActionRetry:
			return declined(answer)
		}
	}
}

// queueLook is how often the queue is looked at.
const queueLook = 50 * time.Millisecond

func (l *signing) prompt(state string) protocol.PromptParams {
	p := protocol.PromptParams{
		Operation: l.call.ID, State: state, Origin: l.call.Grant.Origin(), Language: cmp.Or(l.room.Policy.Language(), l.wish.language),
		Notice: l.notice, Reference: l.call.Reference, Documents: l.documents, TimeoutSeconds: l.room.PromptSeconds,
	}
	if state == protocol.StateWait || state == protocol.StateLocked {
		p.HelpDesk = l.room.contact()
	}
	if state == protocol.StateWait && l.notice == protocol.NoticePINDropped {
		p.Notice = "" // there is no field yet to type it again: kept until there is
		return p
	}
	l.notice = ""
	return p
}

// askUntil asks until changed is closed: then the prompt is out of date (errAgain).
func (l *signing) askUntil(ctx context.Context, changed <-chan struct{}, prompt protocol.PromptParams) (Answer, error) {
	// The help desk looks for the window's reference while the window is still open.
	l.call.Log.Info().Str("prompt", prompt.State).Str("reason", string(prompt.Reason)).Str("notice", prompt.Notice).Msg("asked")
	asking, cancel := context.WithTimeout(ctx, time.Duration(prompt.TimeoutSeconds+5)*time.Second)
	defer cancel()
	stop := make(chan struct{})
	outdated := make(chan bool, 1)
	go func() {
		select {
		case <-changed:
			outdated <- true
			cancel()
		case <-stop:
			outdated <- false
		}
	}()
	answer, err := l.call.Person.Ask(asking, prompt)
	close(stop)
	switch {
	case <-outdated && ctx.Err() == nil:
		answer.PIN.Wipe() // typed for what is no longer there
		return Answer{}, errAgain
	case ctx.Err() != nil:
		answer.PIN.Wipe()
		return Answer{}, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return Answer{}, &protocol.Error{Code: protocol.UserTimeout}
	}
	return answer, err
}

// declined turns an answer that ends the operation into its error.
func declined(a Answer) error {
	a.PIN.Wipe()
	if a.Action == protocol.ActionTimeout {
		return &protocol.Error{Code: protocol.UserTimeout}
	}
	return &protocol.Error{Code: protocol.UserCancelled}
}

func (l *signing) dropPagePIN() {
	if l.pagePIN.Present() {
		l.pagePIN.Wipe()
		l.notice = protocol.NoticePINDropped
	}
}
