package session

import (
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/cardbridge/cardbridge/host/internal/frame"
	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/protocol"
)

// audit leaves the one line of an operation that says who did what with which certificate, whatever the log's level. Open
// operations have none: they touch no card, and any page may ask without end.
func (s *session) audit(op operation.Operation, call *operation.Call, outcome string, elapsed time.Duration) {
	if op.Open || !s.cfg.Room.Policy.Audit() {
		return
	}
	always := call.Log.Level(zerolog.InfoLevel) // the level is for what helps to mend things
	event := always.Info().Bool("audit", true).Str("uid", s.cfg.User)
	if call.Thumbprint != "" {
		event = event.Str("thumbprint", call.Thumbprint)
	}
	event.Str("outcome", outcome).Dur("ms", elapsed).Msg("audit")
}

func (s *session) reply(log zerolog.Logger, id string, result any) {
	b, err := protocol.EncodeResult(id, result)
	if err != nil || len(b) > frame.Max {
		log.Error().Err(err).Int("bytes", len(b)).Msg("answer not encodable")
		s.failed(log, id, &protocol.Error{Code: protocol.Internal})
		return
	}
	_ = s.write(log, b)
}

// fail refuses what is no operation yet.
func (s *session) fail(id string, e *protocol.Error) { s.failed(s.cfg.Log, id, e) }

func (s *session) failed(log zerolog.Logger, id string, e *protocol.Error) {
	b, err := protocol.EncodeError(id, e)
	if err != nil {
		log.Error().Err(err).Msg("error not encodable")
		return
	}
	_ = s.write(log, b)
}

// write logs what could not be written: too large a message, or to a browser that does not read, which ends the connection.
func (s *session) write(log zerolog.Logger, b []byte) error {
	if len(b) > frame.Max {
		err := &frame.SizeError{Size: uint64(len(b))}
		log.Warn().Err(err).Msg("not written")
		return err
	}
	err := s.out.send(b, s.life.Done())
	if err != nil && !errors.Is(err, errPortClosed) {
		log.Warn().Err(err).Msg("not written")
		s.end(errPortClosed)
	}
	return err
}

// mostRefusals of one connection are logged in a minute: a page that no policy lists may ask without end, the log is for others too.
const mostRefusals = 60

// worthALine tells whether a failed operation is logged. Each is, but for the many refusals of who may ask nothing, or nothing now.
func (s *session) worthALine(code protocol.Code) bool {
	switch code {
	case protocol.OriginNotAllowed, protocol.OperationNotAllowed, protocol.SessionInactive:
	default:
		return true
	}
	return s.refusals.Sample(zerolog.InfoLevel)
}
