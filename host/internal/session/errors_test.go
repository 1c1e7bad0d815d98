package session

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

func TestEachErrorHasItsCode(t *testing.T) {
	for _, s := range sentinels {
		e := mapError(fmt.Errorf("around: %w", s.err))
		require.Equal(t, s.code, e.Code)
		_, err := protocol.EncodeError("1", e)
		require.NoError(t, err, "errors.json has a row for it")
	}
	for want, err := range map[protocol.Code]error{
		protocol.ModuleTimeout:     &token.ModuleError{Path: "/m.so", Reason: token.ModuleTimeout},
		protocol.ModuleFailed:      &token.ModuleError{Path: "/m.so", Reason: token.ModuleFailed},
		protocol.NoModule:          &token.ModuleError{Path: "/m.so", Reason: token.ModuleMissing},
		protocol.ModuleInvalid:     &token.ModuleError{Path: "/m.so", Reason: token.ModuleInvalid},
		protocol.PINOutcomeUnknown: &token.PINError{Reason: token.PINUnknown},
		protocol.PINLocked:         &token.PINError{Reason: token.PINIsLocked},
		protocol.Internal:          errors.New("anything else"),
	} {
		require.Equal(t, want, mapError(err).Code)
	}
	require.Equal(t, "/m.so", mapError(&token.ModuleError{Path: "/m.so"}).Facts.Module)
}

// A card that may still be open is worse than whatever else went wrong.
func TestTheGraverOfTwo(t *testing.T) {
	require.Equal(t, protocol.CardNotReset, mapError(errors.Join(token.ErrCardRemoved, token.ErrNotReset)).Code)
}

func TestAProtocolErrorIsCopied(t *testing.T) {
	shared := &protocol.Error{Code: protocol.Cancelled}
	mapError(shared).Operation = "mine"
	require.Empty(t, shared.Operation)
}

func TestFactsOfRefusal(t *testing.T) {
	for code, want := range map[protocol.Code][2]string{
		mapError(policy.ErrOrigin).Code:    {"https://a", ""},
		mapError(policy.ErrOperation).Code: {"https://a", "sign"},
		protocol.PINLocked:                 {"", ""},
	} {
		origin, operation := factsOfRefusal(code, "https://a", "sign")
		require.Equal(t, want, [2]string{origin, operation})
	}
}
