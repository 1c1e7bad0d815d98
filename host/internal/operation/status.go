package operation

import (
	"context"
	"errors"
	"os"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// status tells any origin the versions; more only to a granted portal or to the extension's own page.
func status(ctx context.Context, room *Room, call *Call, p protocol.StatusParams) (any, error) {
	result := protocol.StatusResult{Host: protocol.StatusHost{Version: room.Version, Protocol: protocol.Version}, Operations: []string{}}
	if p.Origin == "" {
		result.Allowed = room.Policy.Err() == nil
		if !result.Allowed {
			result.Code = protocol.PolicyInvalid
		}
		result.Language, result.HelpDesk = room.Policy.Language(), room.contact()
		result.Policy = &protocol.StatusPolicy{Source: room.Policy.Source()}
		result.Modules = moduleList(room.Cards.Modules())
	} else {
		operations, pinFromPage, err := room.Policy.Operations(p.Origin)
		if err != nil {
			result.Code = protocol.OriginNotAllowed
			if errors.Is(err, policy.ErrInvalid) {
				result.Code = protocol.PolicyInvalid
			}
			return result, nil
		}
		result.Allowed, result.Operations, result.PINFromPage = true, operations, pinFromPage
		result.WebEID, result.HelpDesk = room.Policy.WebEID(p.Origin), room.Contact(p.Origin)
		if len(operations) == 0 || p.Grant {
			return result, nil
		}
	}
	if call.Watch != nil {
		call.Watch(ctx)
	}
	view, err := room.Cards.Look(ctx)
	if err != nil {
		return nil, err
	}
	result.Readers = ReaderList(view)
	if result.Code == "" {
		result.Code = serviceProblem(view)
	}
	if result.Code == "" && token.Installed(room.Cards.Modules()) == 0 {
		result.Code = protocol.NoModule
	}
	return result, nil
}

func moduleList(modules []token.Module) []protocol.Module {
	list := make([]protocol.Module, 0, len(modules))
	for _, m := range modules {
		state := "found"
		if _, err := os.Stat(m.Path); err != nil {
			state = "missing"
		}
		list = append(list, protocol.Module{Path: m.Path, State: state})
	}
	return list
}

// ReaderList says a view in the protocol's words.
func ReaderList(view token.View) []protocol.Reader {
	list := make([]protocol.Reader, 0, len(view.Readers))
	for _, r := range view.Readers {
		state := map[token.ReaderState]string{
			token.ReaderEmpty: "empty", token.ReaderPresent: "present", token.ReaderInUse: "inUse", token.ReaderMute: "mute",
		}[r.State]
		list = append(list, protocol.Reader{Name: r.Name, State: state})
	}
	return list
}

func serviceProblem(view token.View) protocol.Code {
	if view.Refused {
		return protocol.SessionInactive // PC/SC runs, but not for who is not at the computer
	}
	switch view.Service {
	case token.ServiceNotRunning:
		return protocol.PCSCNotRunning
	case token.ServiceMissing:
		return protocol.PCSCMissing
	}
	return ""
}
