package session

import (
	"context"
	"errors"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

// sentinels are the errors that carry no facts, in the order in which they are looked for: where two are joined, the graver.
var sentinels = []struct {
	err  error
	code protocol.Code
}{
	{token.ErrNotReset, protocol.CardNotReset},
	{token.ErrPINShape, protocol.InvalidParams},
	{policy.ErrOrigin, protocol.OriginNotAllowed},
	{policy.ErrOperation, protocol.OperationNotAllowed},
	{policy.ErrInvalid, protocol.PolicyInvalid},
	{token.ErrCardRemoved, protocol.CardRemoved},
	{token.ErrCardChanged, protocol.CardChanged},
	{token.ErrBusy, protocol.WindowBusy},
	{token.ErrKeyMissing, protocol.NoUsableCertificate},
	{token.ErrPadCancel, protocol.UserCancelled},
	{webeid.ErrNonceLength, protocol.NonceInvalid},
	{webeid.ErrNonceCharacter, protocol.NonceInvalid},
	{webeid.ErrOrigin, protocol.OriginInvalid},
	{webeid.ErrAlgorithm, protocol.AlgorithmUnsupported},
	{webeid.ErrKey, protocol.AlgorithmUnsupported},
	{errPortClosed, protocol.Cancelled},
	{errHostEnds, protocol.HostExited},
	{context.DeadlineExceeded, protocol.UserTimeout},
}

// mapError is the one place where an error of a room becomes one of the protocol: a code with facts, never text.
func mapError(err error) *protocol.Error {
	var known *protocol.Error
	var module *token.ModuleError
	var pin *token.PINError
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return &protocol.Error{Code: s.code}
		}
	}
	switch {
	case errors.As(err, &known):
		copied := *known
		return &copied
	case errors.As(err, &module):
		return &protocol.Error{Code: operation.ModuleCode(module), Facts: protocol.Facts{Module: module.Path}}
	case errors.As(err, &pin) && pin.Reason == token.PINUnknown:
		return &protocol.Error{Code: protocol.PINOutcomeUnknown}
	case errors.As(err, &pin) && pin.Reason == token.PINIsLocked:
		return &protocol.Error{Code: protocol.PINLocked}
	}
	return &protocol.Error{Code: protocol.Internal}
}

func codeOf(err error) protocol.Code { return mapError(err).Code }

// factsOfRefusal are what IT must add to the policy.
func factsOfRefusal(code protocol.Code, origin, method string) (string, string) {
	switch code {
	case protocol.OriginNotAllowed, protocol.PINFromPageNotAllowed:
		return origin, ""
	case protocol.OperationNotAllowed:
		return origin, method
	}
	return "", ""
}
