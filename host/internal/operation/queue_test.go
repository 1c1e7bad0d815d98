package operation

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/protocol"
)

// slowPlace is never the first, and takes its time to say so.
type slowPlace struct {
	looking chan struct{}
	busy    atomic.Bool
}

func (p *slowPlace) First() (bool, error) {
	p.busy.Store(true)
	defer p.busy.Store(false)
	select {
	case p.looking <- struct{}{}:
	default:
	}
	time.Sleep(10 * time.Millisecond)
	return false, nil
}

// leaver cancels while the place is looked at.
type leaver struct{ looking chan struct{} }

func (l leaver) Ask(context.Context, protocol.PromptParams) (Answer, error) {
	<-l.looking
	return Answer{PromptResult: protocol.PromptResult{Action: protocol.ActionCancel}}, nil
}

func (leaver) Progress(string) {}

// Whoever waits no more looks at the queue no more: the place is given up next, and its number may soon be another's.
func TestNobodyLooksAtAPlaceThatWasLeft(t *testing.T) {
	place := &slowPlace{looking: make(chan struct{})}
	l := &signing{room: &Room{PromptSeconds: 60, Policy: &policy.Policy{}}, call: &Call{Person: leaver{place.looking}, Log: zerolog.Nop()}}
	err := l.inQueue(context.Background(), found{}, place)
	require.False(t, place.busy.Load())
	require.Equal(t, &protocol.Error{Code: protocol.UserCancelled}, err)
}
