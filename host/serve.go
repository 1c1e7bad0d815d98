package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/agent"
	"github.com/cardbridge/cardbridge/host/internal/logs"
	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/session"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// promptSeconds is how long a prepared signer may wait for a person.
const promptSeconds = 170

// serve is the native messaging host. Standard output is for frames alone: whatever else would print goes to standard error.
func serve(caller string) int {
	in, out := io.Reader(os.Stdin), os.Stdout
	os.Stdout = os.Stderr
	env := readSettings()
	doc := policy.Load(policy.Path())
	log, done := logs.Open(logs.Options{Level: doc.Log().Level, Folder: env.stateDir, MaxMegabytes: doc.Log().MaxMegabytes}, os.Stderr)
	defer done()
	guardProcess(log)
	log = log.With().Str("version", version).Str("caller", caller).Logger()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go stopAtSignal(ctx, stop)

	cards, err := newCards(env, doc)
	if err != nil {
		log.Error().Err(err).Msg("cannot start")
		return 1
	}
	link, in := toAgent(ctx, env, log, cards, caller, in)
	if link != nil {
		cards.Close() // the agent has its own
		return relay(ctx, log, link, in, out)
	}
	defer cards.Close()
	config := sessionConfig(log, user(), doc, cards)
	config.Room.Doctor = func(ctx context.Context) (protocol.DoctorResult, error) { // here alone: the agent does not see a person's things
		return examine(ctx, env, doc, cards).result(), nil
	}
	return ended(ctx, log, session.Run(ctx, in, out, config))
}

// sessionConfig is the same in the agent as here: there is one session code.
func sessionConfig(log zerolog.Logger, user string, doc *policy.Policy, cards *token.Service) session.Config {
	if err := doc.Err(); err != nil {
		log.Error().Err(err).Msg("policy not usable: nothing is permitted")
	}
	return session.Config{
		Room:  &operation.Room{Cards: cards, Policy: doc, Version: version, Now: time.Now, PromptSeconds: promptSeconds},
		Build: build,
		Log:   log,
		User:  user,
	}
}

// toAgent reaches the agent, if this person's session can use it; nil: the session runs here. rest is what is still to be read.
func toAgent(ctx context.Context, env settings, log zerolog.Logger, cards *token.Service, caller string, in io.Reader) (*agent.Link, io.Reader) {
	if env.remote != "" || !agent.Installed() {
		return nil, in // a session from elsewhere has readers of its own, or none
	}
	first, rest := agent.Peek(in)
	if wantsLocal(first) {
		return nil, rest
	}
	// our own look comes first: what is plugged in meanwhile, the agent sees too
	names, err := ownReaders(ctx, env, cards)
	var link *agent.Link
	if err == nil {
		link, err = agent.Connect(ctx, version, caller, names)
	}
	if err != nil {
		log.Warn().Err(err).Msg("the session runs without the agent")
		return nil, rest
	}
	return link, rest
}

// wantsLocal tells of a hello that asks for a session in this process.
func wantsLocal(first []byte) bool {
	message, err := protocol.Decode(slices.Clone(first)) // params share memory with the bytes
	if err != nil {
		return false
	}
	request, ok := message.(protocol.Request)
	if !ok || request.Method != protocol.MethodHello {
		return false
	}
	params, err := protocol.DecodeParams[protocol.HelloParams](request.Params)
	return err == nil && params.Local
}

// ownReaders are those that the agent must see as well, if it is to be used.
func ownReaders(ctx context.Context, env settings, cards *token.Service) ([]string, error) {
	if !env.ownReaders {
		return nil, nil
	}
	view, err := cards.Look(ctx)
	return readerNames(view), err
}

func readerNames(view token.View) []string {
	names := make([]string, 0, len(view.Readers))
	for _, r := range view.Readers {
		names = append(names, r.Name)
	}
	return names
}

// relay passes frames on until one side ends. A browser sees the agent's end as the host's.
func relay(ctx context.Context, log zerolog.Logger, link *agent.Link, in io.Reader, out io.Writer) int {
	defer link.Close()
	closed := context.AfterFunc(ctx, link.Close)
	defer closed()
	log.Debug().Msg("relaying to the agent")
	return ended(ctx, log, link.Relay(in, out))
}

// ended is the exit code of a connection.
func ended(ctx context.Context, log zerolog.Logger, err error) int {
	if err != nil && ctx.Err() == nil {
		log.Warn().Err(err).Msg("the connection broke")
		return 1
	}
	return 0
}

// guardProcess keeps what must not leave this process in it, and the process alive until cards are reset.
func guardProcess(log zerolog.Logger) {
	// without this a browser that died would end us at the next write, before the card is reset
	signal.Ignore(syscall.SIGPIPE)
	if err := errors.Join(token.ForbidCoreFiles(), token.ForbidInheritance()); err != nil {
		log.Warn().Err(err).Msg("core files or inherited descriptors are not forbidden")
	}
}

// stopAtSignal is a goroutine of its own because the first signal.Notify takes 0.15 ms, which the first answer need not wait for.
func stopAtSignal(ctx context.Context, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	select {
	case <-signals:
		stop()
	case <-ctx.Done():
	}
}

func newCards(env settings, doc *policy.Policy) (*token.Service, error) {
	config, err := cardsConfig(env, doc)
	if err != nil {
		return nil, err
	}
	return token.New(config), nil
}

func cardsConfig(env settings, doc *policy.Policy) (token.Config, error) {
	executable, err := os.Executable()
	if err != nil {
		return token.Config{}, fmt.Errorf("the path of this program: %w", err)
	}
	return token.Config{
		Executable: executable, ChildEnv: env.childEnv, Modules: doc.Modules(), Home: env.home,
		LockDir: env.lockDir, Deadlines: deadlines(doc.Deadlines()),
	}, nil
}

func deadlines(d policy.Deadlines) token.Deadlines {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return token.Deadlines{Scan: ms(d.Scan), Prepare: ms(d.Prepare), Login: ms(d.Login), Sign: ms(d.Sign), Reset: ms(d.Reset)}
}
