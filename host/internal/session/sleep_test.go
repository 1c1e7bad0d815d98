package session

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/protocol"
)

func TestASleepEndsWhatIsInFlight(t *testing.T) {
	for name, c := range map[string]struct {
		steps []time.Duration // between two looks
		want  protocol.Code
	}{
		"awake":             {[]time.Duration{time.Second, 9 * time.Second, time.Second}, ""},
		"slept":             {[]time.Duration{time.Second, 11 * time.Second}, protocol.ComputerSlept},
		"slept for a night": {[]time.Duration{8 * time.Hour}, protocol.ComputerSlept},
		"clock set back":    {[]time.Duration{-time.Hour, time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			times := make(chan time.Time, 1+len(c.steps))
			now := time.Now()
			times <- now
			look := make(chan time.Time)
			done := make(chan struct{})
			go func() {
				defer close(done)
				endAfterSleep(ctx, func() time.Time { return <-times }, look, cancel)
			}()
			for _, step := range c.steps {
				now = now.Add(step)
				times <- now
				look <- now
			}
			if c.want == "" {
				cancel(nil)
				<-done
				require.ErrorIs(t, context.Cause(ctx), context.Canceled)
				return
			}
			<-done
			require.ErrorIs(t, context.Cause(ctx), &protocol.Error{Code: c.want})
		})
	}
}
