package agent

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// The limits of connections: a person has one for each profile of each browser that uses a card at the moment.
const (
	mostPerUser = 16
	mostInAll   = 128
	// mostRefusals are logged in a minute.
	mostRefusals = 60
)

// Config is what an agent works with.
type Config struct {
	Version, Build string
	Log            zerolog.Logger
	// Idle is how long the agent waits for a connection while there is none; 0: for ever.
	Idle time.Duration
	// Open makes the session of one relay; Still says at each operation whether its person may still use the agent.
	Open func(peer Peer, caller string, still func(context.Context) error) (Session, error)
}

// server is one run of the agent.
type server struct {
	cfg      Config
	listener net.Listener
	idle     *time.Timer // nil: the agent stays
	// refusals go here: whoever knocks without end must not fill the system's log
	refusals zerolog.Logger

	mu      sync.Mutex
	perUser map[string]int
	all     int
	served  sync.WaitGroup
}

// Serve takes connections until ctx ends, or until there was none for Idle. It closes the listener, then waits until each session
// has ended: cards have been reset by then. A connection that came at the same moment is still served.
func Serve(ctx context.Context, listener net.Listener, cfg Config) error {
	s := &server{cfg: cfg, listener: listener, perUser: map[string]int{},
		refusals: cfg.Log.Sample(&zerolog.BurstSampler{Burst: mostRefusals, Period: time.Minute})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := context.AfterFunc(ctx, func() { listener.Close() })
	defer stopped()
	if cfg.Idle > 0 {
		s.idle = time.AfterFunc(cfg.Idle, s.endIfIdle)
		defer s.idle.Stop()
	}
	err := s.accept(ctx)
	s.served.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// acceptPause is how long accept rests after an error, descriptors having run out for instance.
const acceptPause = 100 * time.Millisecond

func (s *server) accept(ctx context.Context) error {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			s.cfg.Log.Warn().Err(err).Msg("connection not accepted")
			select {
			case <-ctx.Done():
				return net.ErrClosed
			case <-time.After(acceptPause):
			}
			continue
		}
		peer, err := PeerOf(conn)
		if err != nil || !s.enter(peer.User) {
			s.turnAway(conn, peer, err)
			continue
		}
		s.served.Go(func() {
			defer s.leave(peer.User)
			defer conn.Close()
			s.serve(ctx, conn, peer)
		})
	}
}

// turnAway refuses at once and reads nothing: whoever comes too often costs no goroutine. The few bytes fit any socket's buffer.
func (s *server) turnAway(conn net.Conn, peer Peer, err error) {
	why := RefusedMany
	if err != nil {
		why = RefusedTrouble
	}
	s.refusals.Warn().Err(err).Str("uid", peer.User).Str("refused", string(why)).Msg("relay refused")
	_ = conn.SetDeadline(time.Now().Add(acceptPause))
	_ = send(conn, welcome{Agent: wire, Version: s.cfg.Version, Build: s.cfg.Build, Readers: []string{}, Refused: why})
	conn.Close()
}

// enter counts a connection in, if there is room for it.
func (s *server) enter(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= mostInAll || s.perUser[user] >= mostPerUser {
		return false
	}
	s.all++
	s.perUser[user]++
	if s.idle != nil {
		s.idle.Stop()
	}
	return true
}

func (s *server) leave(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.perUser[user]--; s.perUser[user] == 0 {
		delete(s.perUser, user)
	}
	if s.all == 0 && s.idle != nil {
		s.idle.Reset(s.cfg.Idle)
	}
}

func (s *server) endIfIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == 0 {
		s.cfg.Log.Debug().Msg("nobody came: the agent ends")
		s.listener.Close()
	}
}

// serve meets a relay, then lets its session run.
func (s *server) serve(ctx context.Context, conn net.Conn, peer Peer) {
	log := s.cfg.Log.With().Str("uid", peer.User).Int("peer", peer.PID).Logger()
	_ = conn.SetReadDeadline(time.Now().Add(greetingTime))
	answer := welcome{Agent: wire, Version: s.cfg.Version, Build: s.cfg.Build, Readers: []string{}}
	session, refusal, err := s.greet(ctx, conn, peer, &answer)
	if refusal != "" {
		s.refusals.Warn().Err(err).Str("uid", peer.User).Int("peer", peer.PID).Str("refused", string(refusal)).Msg("relay refused")
		answer.Refused = refusal
		_ = conn.SetWriteDeadline(time.Now().Add(acceptPause))
		_ = send(conn, answer)
		return
	}
	defer session.Close()
	if err := send(conn, answer); err != nil {
		log.Info().Err(err).Msg("the relay has gone")
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if err := session.Run(ctx, conn, conn); err != nil && ctx.Err() == nil {
		log.Info().Err(err).Msg("the relay's connection broke")
	}
}

// greet reads the greeting, asks whether the person may be served, opens the session, notes its readers in the answer. With a
// refusal there is no session; err is why, if more is known.
func (s *server) greet(ctx context.Context, conn net.Conn, peer Peer, answer *welcome) (Session, Refusal, error) {
	hello, err := receive[greeting](frame.NewReader(conn), mostGreeting)
	if err != nil || hello.Relay != wire {
		return nil, RefusedGreeting, err
	}
	still := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, greetingTime) // logind may hang
		defer cancel()
		return admit(ctx, peer)
	}
	ctx, cancel := context.WithTimeout(ctx, greetingTime)
	defer cancel()
	if err := still(ctx); errors.Is(err, ErrNotActive) {
		return nil, RefusedSession, err
	} else if err != nil {
		return nil, RefusedTrouble, err
	}
	session, err := s.cfg.Open(peer, hello.Caller, still)
	if err != nil {
		return nil, RefusedTrouble, err
	}
	readers, err := session.Readers(ctx)
	if err == nil {
		answer.Readers = readers
		return session, "", nil
	}
	session.Close()
	if errors.Is(err, ErrNoPCSC) {
		return nil, RefusedPCSC, err
	}
	return nil, RefusedTrouble, err
}
