package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/agent"
	"github.com/cardbridge/cardbridge/host/internal/doctor"
	"github.com/cardbridge/cardbridge/host/internal/logs"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/session"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// runAgent is the OS service: it serves relays until ctx ends, or until nobody has come for a while where the service manager starts
// it again for the next one. Nothing is kept between two connections: each reads the policy, looks at the readers.
func runAgent(ctx context.Context, env settings, log zerolog.Logger) error {
	guardProcess(log)
	listener, activated, err := agent.Listen()
	if err != nil {
		return err
	}
	idle := time.Duration(0)
	if activated {
		idle = env.agentIdle
	}
	log.Info().Str("version", version).Bool("activated", activated).Msg("the agent listens")
	err = agent.Serve(ctx, listener, agent.Config{
		Version: version, Build: build, Log: log, Idle: idle,
		Open: func(peer agent.Peer, caller string, still func(context.Context) error) (agent.Session, error) {
			return openSession(env, log, peer, caller, still)
		},
	})
	log.Info().Err(err).Msg("the agent ends")
	return err
}

// agentSession is the session of one relay.
type agentSession struct {
	cards  *token.Service
	config session.Config
	// compared: relays say which readers they see, so that they find out by themselves whether the agent sees them
	compared bool
}

func openSession(env settings, log zerolog.Logger, peer agent.Peer, caller string, still func(context.Context) error) (*agentSession, error) {
	doc := policy.Load(policy.Path())
	config, err := cardsConfig(env, doc)
	if err != nil {
		return nil, err
	}
	config.SystemModules, config.Home = true, "" // a person's own modules are for the person's own process
	s := &agentSession{cards: token.New(config), compared: env.ownReaders}
	log = logs.AtLevel(log, doc.Log().Level).With().Str("version", version).Str("caller", caller).Logger()
	s.config = sessionConfig(log, peer.User, doc, s.cards)
	s.config.Still = func(ctx context.Context) error {
		err := still(ctx)
		if errors.Is(err, agent.ErrNotActive) {
			return &protocol.Error{Code: protocol.SessionInactive}
		}
		if err != nil {
			return fmt.Errorf("whether the person may still be served: %w", err)
		}
		return nil
	}
	return s, nil
}

func (s *agentSession) Readers(ctx context.Context) ([]string, error) {
	view, err := s.cards.Look(ctx)
	if err == nil && view.Service != token.ServiceRunning && !s.compared {
		err = agent.ErrNoPCSC
	}
	return readerNames(view), err
}

func (s *agentSession) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	return session.Run(ctx, in, out, s.config)
}

func (s *agentSession) Close() { s.cards.Close() }

// askAgent meets the agent as a relay does, for doctor.
func askAgent(ctx context.Context, env settings, cards *token.Service) doctor.AgentState {
	state := doctor.AgentState{Installed: agent.Installed(), Path: agent.Place(), Version: version}
	names, _ := ownReaders(ctx, env, cards) // doctor tells of readers by itself
	link, err := agent.Connect(ctx, version, "doctor", names)
	if link != nil {
		link.Close()
	}
	state.Err = err
	var other *agent.VersionError
	var refused *agent.RefusedError
	switch {
	case err == nil:
	case errors.As(err, &other):
		state.Version = other.Version
	case errors.Is(err, agent.ErrNone):
		state.Installed = false
	case errors.Is(err, agent.ErrImpostor):
		state.Problem = doctor.AgentImpostor
	case errors.As(err, &refused):
		state.Problem = map[agent.Refusal]doctor.AgentProblem{
			agent.RefusedSession: doctor.AgentRefused, agent.RefusedMany: doctor.AgentBusy, agent.RefusedPCSC: doctor.AgentNoPCSC}[refused.Why]
		if state.Problem == "" {
			state.Problem = doctor.AgentSilent
		}
	case errors.Is(err, agent.ErrReaders):
		state.Problem = doctor.AgentReaders
	default:
		state.Problem = doctor.AgentSilent
	}
	return state
}
