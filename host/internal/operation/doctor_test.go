package operation

import (
	"context"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/protocol"
)

func codeOf(t *testing.T, err error) protocol.Code {
	t.Helper()
	var known *protocol.Error
	require.ErrorAs(t, err, &known)
	return known.Code
}

func TestOneExaminationAtATime(t *testing.T) {
	op, ok := Find(protocol.MethodDoctor)
	require.True(t, ok)
	params, origin, err := op.Parse(nil)
	require.NoError(t, err)
	require.Empty(t, origin)
	begun, end := make(chan struct{}), make(chan struct{})
	room := &Room{Doctor: func(context.Context) (protocol.DoctorResult, error) {
		close(begun)
		<-end
		return protocol.DoctorResult{Level: "ok"}, nil
	}}
	first := make(chan any, 1)
	go func() {
		result, err := op.Do(context.Background(), room, &Call{}, params)
		if err != nil {
			result = err
		}
		first <- result
	}()
	<-begun
	_, err = op.Do(context.Background(), room, &Call{}, params)
	require.Equal(t, protocol.TooManyRequests, codeOf(t, err))
	close(end)
	require.Equal(t, protocol.DoctorResult{Level: "ok"}, <-first)
	room.Doctor = func(context.Context) (protocol.DoctorResult, error) { return protocol.DoctorResult{Level: "info"}, nil }
	again, err := op.Do(context.Background(), room, &Call{}, params)
	require.NoError(t, err)
	require.Equal(t, protocol.DoctorResult{Level: "info"}, again)
}

// A session that is not the person's own, as the OS service's, cannot look at the person's things.
func TestWhereNobodyExamines(t *testing.T) {
	op, _ := Find(protocol.MethodDoctor)
	_, err := op.Do(context.Background(), &Room{}, &Call{}, protocol.DoctorParams{})
	require.Equal(t, protocol.UnknownMethod, codeOf(t, err))
	_, _, err = op.Parse(jsontext.Value(`{"origin":"https://a.gov.tw"}`))
	require.Equal(t, protocol.InvalidParams, codeOf(t, err), "no portal may ask")
}
